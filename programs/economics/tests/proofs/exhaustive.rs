//! Domains that are small enough to be tried whole.

use economics::schedule::{
    cumulative, emission, epoch_at, epoch_end, epoch_start, EMISSION_CAP, LAST_EPOCH,
};
use economics::settlement::{settle, SettleInput};
use economics::split::{bps_ceil, bps_floor, claim, epoch_halves, halves_across, ClaimInput};
use economics::ArithmeticError::{DollarShareOutOfRange, ShareAboveWhole};

/// Both sides of each boundary of a share: of 64 bits, of a whole, of the sum that can be emitted.
const AMOUNTS: [u64; 12] = [
    0,
    1,
    2,
    9_999,
    10_000,
    10_001,
    u32::MAX as u64,
    EMISSION_CAP,
    1 << 63,
    u64::MAX / 10_000 * 10_000 - 1,
    u64::MAX / 10_000 * 10_000,
    u64::MAX,
];

/// Every epoch: it emits something, less than the one before; it lasts an hour; a range is the difference of two sums,
/// and the last one ends on the cap, to the base unit.
#[test]
fn every_epoch() {
    let genesis = 1_700_000_000;
    let (mut sum, mut before, mut halved) = (0, u64::MAX, 0);
    for t in 1..=LAST_EPOCH {
        let (total, emitted) = (cumulative(t), emission(t - 1, t));
        sum += emitted;
        assert_eq!((sum, emission(0, t)), (total, total), "epoch {t}");
        assert!(0 < emitted && emitted < before, "epoch {t}");
        assert_eq!(emission(t, LAST_EPOCH), EMISSION_CAP - total, "epoch {t}");
        before = emitted;

        let (start, end) = (
            epoch_start(genesis, t).unwrap(),
            epoch_end(genesis, t).unwrap(),
        );
        assert_eq!(end - start, 3_600, "epoch {t}");
        let moments =
            [start - 1, start, end - 1, end].map(|moment| epoch_at(genesis, moment).unwrap_or(0));
        assert_eq!(moments, [t - 1, t, t, t + 1]);

        // One epoch at a time, each at a share of its own: the halves of all of them are the cap, too.
        let bp = (t % 10_001) as u16;
        let halves = halves_across(t - 1, t, 10_000 - bp, t, bp).unwrap();
        assert_eq!(Ok(halves), epoch_halves(emitted, bp));
        halved += halves.availability + halves.compute;
    }
    assert_eq!((sum, halved), (EMISSION_CAP, EMISSION_CAP));
}

/// Every rate there is of amounts at each boundary: the exact quotient rounded both ways, or refused.
#[test]
fn every_rate() {
    for bp in 0..=u16::MAX {
        for amount in AMOUNTS {
            let (floor, ceil) = (bps_floor(amount, bp), bps_ceil(amount, bp));
            if bp > 10_000 {
                assert_eq!((floor, ceil), (Err(ShareAboveWhole), Err(ShareAboveWhole)));
                continue;
            }
            let exact = u128::from(amount) * u128::from(bp);
            assert_eq!(u128::from(floor.unwrap()), exact / 10_000);
            assert_eq!(u128::from(ceil.unwrap()), exact.div_ceil(10_000));
        }
    }
}

/// Every pair of rates on the edge of a whole: to the whole the shares add up, beyond it they are refused.
#[test]
fn every_pair_of_rates_about_a_whole() {
    for commission_bp in 0..=10_000 {
        for accrued in AMOUNTS {
            let split = |affiliate_bp| {
                claim(ClaimInput {
                    accrued,
                    commission_bp,
                    affiliate_bp,
                })
            };
            let all = split(10_000 - commission_bp).unwrap();
            assert_eq!(
                all.stakers
                    .checked_add(all.affiliate)
                    .and_then(|sum| sum.checked_add(all.owner)),
                Some(accrued)
            );
            assert!(all.owner <= 1, "what is left is what two floors left");
            assert_eq!(split(10_001 - commission_bp), Err(ShareAboveWhole));
        }
    }
}

/// Every dollar share there is: refused outside its range; within, dollars rise with it and coupons fall, and none
/// gives a bonus above the greatest.
#[test]
fn every_dollar_share() {
    for gross in AMOUNTS {
        let (mut dollars, mut coupons) = (0, (u64::MAX, u64::MAX));
        for dollar_share_bp in 0..=u16::MAX {
            let settled = settle(SettleInput {
                gross,
                fee_bp: 500,
                affiliate_bp: 1_000,
                fee_burn_bp: 5_000,
                dollar_share_bp,
                max_bonus_bp: 5_000,
            });
            if !(3_000..=9_000).contains(&dollar_share_bp) {
                assert_eq!(settled, Err(DollarShareOutOfRange));
                continue;
            }
            let s = settled.unwrap();
            let parts = [
                s.dollars,
                s.burn,
                s.fee_affiliate,
                s.fee_burn,
                s.fee_incentives,
            ];
            assert_eq!(
                parts.map(u128::from).iter().sum::<u128>(),
                u128::from(gross)
            );
            assert!(
                dollars <= s.dollars && s.coupons_base <= coupons.0 && s.coupons_bonus <= coupons.1
            );
            assert!(s.coupons_bonus <= s.coupons_base / 2);
            (dollars, coupons) = (s.dollars, (s.coupons_base, s.coupons_bonus));
        }
    }
}
