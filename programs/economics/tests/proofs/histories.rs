//! Whole lives: whatever the order and the sizes, what is paid and what is left is what came in, to the last fraction.

use economics::auction::{premium_bp, sale, waited_after, SaleInput};
use economics::settlement::{dispute_bond, earned, settle, SettleInput};
use economics::{accumulator, quote, schedule, split, vesting};
use num_bigint::BigUint;
use proptest::prelude::*;

use crate::inputs::{rates, u64s};

proptest! {
    /// A job settled at any moments and in any disputes never costs more than its deposit, which ends in exactly as
    /// many places as it should; and as much in all, whatever the moments were.
    #[test]
    fn a_job_costs_what_it_worked(
        rate in u64s(), hours in 1..10_000u32, steps in prop::collection::vec(0..20_000u64, 0..60),
        bps in (0..=10_000u16, 0..=10_000u16, 0..=10_000u16, 3_000..=9_000u16, 0..=10_000u16),
    ) {
        let (fee_bp, affiliate_bp, fee_burn_bp, dollar_share_bp, max_bonus_bp) = bps;
        let rate = rate >> 14;
        let deposit = quote::deposit(rate, hours).unwrap();
        let (mut worked, mut vault, mut parts) = (0u64, deposit, 0u64);
        for step in steps {
            let now = (worked + step).min(u64::from(hours) * 3_600);
            let gross = earned(rate, now).unwrap() - earned(rate, worked).unwrap();
            let s = settle(SettleInput { gross, fee_bp, affiliate_bp, fee_burn_bp, dollar_share_bp, max_bonus_bp });
            let s = s.unwrap();
            vault = vault.checked_sub(gross).expect("the deposit covers what was worked");
            parts += s.dollars + s.burn + s.fee_affiliate + s.fee_burn + s.fee_incentives;
            worked = now;
        }
        prop_assert_eq!(parts + vault, deposit);
        prop_assert_eq!(parts, earned(rate, worked).unwrap());
        prop_assert_eq!(earned(rate, u64::from(hours) * 3_600), Ok(deposit));
    }

    /// A bond divides between two, each part of the seconds rounded against the node, in any number of disputes.
    #[test]
    fn a_bond_divides_in_two(bond in u64s(), claimed in u64s(), parts in prop::collection::vec(u64s(), 1..9)) {
        let (mut left, mut node) = (claimed, BigUint::ZERO);
        for part in parts {
            let part = part.min(left);
            node += dispute_bond(bond, claimed, part);
            left -= part;
        }
        prop_assert!(node <= BigUint::from(dispute_bond(bond, claimed, claimed - left)));
        prop_assert!(node <= BigUint::from(bond));
    }

    /// A grant claimed at any moments pays what is free by the last of them, and at its end all of it.
    #[test]
    fn a_grant_pays_its_total(
        total in u64s(), start in -1i64 << 61..1i64 << 61, length in 0..1i64 << 61, step in 1..=u32::MAX,
        moments in prop::collection::vec(u64s(), 0..40),
    ) {
        let at = |now| vesting::vested(total, start, start + length, step, now).unwrap();
        let mut moments: Vec<i64> = moments.iter().map(|bits| start.saturating_add((bits >> 2) as i64)).collect();
        moments.sort_unstable();
        let mut paid = 0;
        for now in moments {
            let free = at(now);
            paid += free.checked_sub(paid).expect("what is free never falls");
            let exact = BigUint::from(total) * now.abs_diff(start).min(length as u64);
            prop_assert!(BigUint::from(paid) * length.max(1) as u64 <= exact || now >= start + length);
        }
        paid += at(start + length) - paid;
        prop_assert_eq!(paid, total);
        prop_assert_eq!(at(start - 1), if length == 0 || total > 0 { 0 } else { total });
    }

    /// A vault that is filled and sold from at any moments pays no more than it was given, for no less than fair
    /// value at the premium's end; and no sale, of dust or of all, makes the next one dearer than waiting would.
    #[test]
    fn an_auction_pays_fair_value_at_most(
        price in u64s(), start_bp in -10_000..500i16, rise_bp in 0..1_000i16, ramp in 0..100_000u32,
        steps in prop::collection::vec((u64s(), u64s(), 0..5_000u64), 1..60),
    ) {
        let end_bp = start_bp + rise_bp;
        let divisor = BigUint::from(economics::IO) * 1_000u32 * 10_000u32;
        let best = BigUint::from(price) * (10_000 + i32::from(end_bp)).max(0) as u32;
        let (mut vault, mut filled, mut paid, mut burned) = (0u64, 0u64, BigUint::ZERO, BigUint::ZERO);
        let mut waited = 0u64;
        for (fill, io_max, seconds) in steps {
            let fill = fill >> 8;
            (vault, filled, waited) = (vault + fill, filled + fill, waited + seconds);
            let premium = premium_bp(waited, start_bp, end_bp, ramp);
            let sold = sale(SaleInput { io_max, vault_usd: vault, price_nano_usd_per_io: price, premium_bp: premium });
            let after = waited_after(waited, ramp, sold.usd, vault);
            prop_assert!(after <= waited && premium_bp(after, start_bp, end_bp, ramp) <= premium);
            prop_assert!(sold.usd > 0 || after == waited.min(u64::from(ramp)));
            prop_assert!(sold.usd < vault || sold.usd == 0 || after == 0);
            vault = vault.checked_sub(sold.usd).expect("the vault has what it pays");
            waited = after;
            paid += sold.usd;
            burned += sold.io;
        }
        prop_assert_eq!(BigUint::from(vault) + &paid, BigUint::from(filled));
        prop_assert!(paid * divisor <= burned * best);
    }
}

/// Who takes part in the network: an earner of one half, and a position of its delegation pool.
#[derive(Clone, Default)]
struct Earner {
    units: u64,
    snapshot_q64: u128,
    accrued_q64: u128,
    pool_carry_q64: u128,
    pool_accrued_q64: u128,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 4, ..ProptestConfig::default() })]

    /// From the schedule to the last claim, over any epochs, shares, units, claims and pools: all that was emitted is
    /// paid, accrued or carried, to the 2^-64th of a base unit, and never a base unit more is paid.
    #[test]
    fn what_is_emitted_is_what_is_paid_and_owed(
        first in 0..schedule::LAST_EPOCH,
        steps in prop::collection::vec((0..5_000u32, rates(), 0..4usize, u64s(), any::<bool>()), 1..80),
        rates in (0..=5_000u16, 0..=5_000u16), stakes in prop::collection::vec(u64s(), 4),
    ) {
        let mut earners = vec![Earner::default(); 4];
        let (mut epoch, mut accumulator_q64, mut carry_q64) = (first, 0u128, 0u128);
        let (mut compute, mut paid) = (0u64, 0u128);
        for (epochs, bp, who, units, claims) in steps {
            // Some epochs end: their availability half is divided among units.
            let bp = bp.min(10_000);
            let halves = split::halves_across(epoch, epoch + epochs, bp, epoch + epochs / 2, 10_000 - bp).unwrap();
            epoch += epochs;
            compute += halves.compute;
            let total = earners.iter().map(|earner| earner.units).sum();
            let input = accumulator::DistributeInput { amount: halves.availability, carry_q64, total };
            let divided = accumulator::distribute(input).unwrap();
            accumulator_q64 += divided.per_unit_q64;
            carry_q64 = divided.carry_q64;
            // One earner accrues, may claim, and goes on with other units.
            let earner = &mut earners[who];
            let delta = accumulator_q64 - earner.snapshot_q64;
            earner.accrued_q64 = accumulator::accrue(earner.accrued_q64, earner.units, delta).unwrap();
            (earner.snapshot_q64, earner.units) = (accumulator_q64, units >> 3);
            if claims {
                let (accrued, kept) = accumulator::whole(earner.accrued_q64);
                earner.accrued_q64 = kept;
                let input = split::ClaimInput { accrued, commission_bp: rates.0, affiliate_bp: rates.1 };
                let shares = split::claim(input).unwrap();
                paid += u128::from(shares.affiliate) + u128::from(shares.owner);
                // The stakers' part goes by shares of the earner's pool, of which one delegator holds all.
                let input = accumulator::DistributeInput {
                    amount: shares.stakers, carry_q64: earner.pool_carry_q64, total: stakes[who],
                };
                let divided = accumulator::distribute(input).unwrap();
                earner.pool_carry_q64 = divided.carry_q64;
                let accrued = accumulator::accrue(earner.pool_accrued_q64, stakes[who], divided.per_unit_q64).unwrap();
                let (now, kept) = accumulator::whole(accrued);
                earner.pool_accrued_q64 = kept;
                paid += u128::from(now);
            }
        }
        let mut owed_q64 = carry_q64;
        for earner in &earners {
            let delta = accumulator_q64 - earner.snapshot_q64;
            owed_q64 += accumulator::accrue(earner.accrued_q64, earner.units, delta).unwrap();
            owed_q64 += earner.pool_carry_q64 + earner.pool_accrued_q64;
        }
        let emitted = schedule::emission(first, epoch);
        prop_assert_eq!((paid << 64) + owed_q64, u128::from(emitted - compute) << 64);
        prop_assert!(paid <= u128::from(emitted - compute));
    }
}
