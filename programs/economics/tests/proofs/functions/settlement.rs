//! Pay, its parts and its coupons, at any rate.

use economics::settlement::{self, SettleInput, Settlement};
use economics::ArithmeticError;
use proptest::prelude::*;

use crate::exact::{big, fit, floor, near, share};
use crate::inputs::{dollar_shares, rates, u64s};

/// The published order of shares, in whole numbers; each remainder is what the share left.
fn expected(input: SettleInput) -> Result<Settlement, ArithmeticError> {
    if !(3_000..=9_000).contains(&input.dollar_share_bp) {
        return Err(ArithmeticError::DollarShareOutOfRange);
    }
    let fee = share(input.gross, input.fee_bp)?;
    let fee_affiliate = share(fee, input.affiliate_bp)?;
    let fee_burn = share(fee - fee_affiliate, input.fee_burn_bp)?;
    share(0, input.max_bonus_bp)?;
    let net = input.gross - fee;
    let dollars = share(net, input.dollar_share_bp)?;
    let bonus_rate = big(input.max_bonus_bp) * (9_000 - input.dollar_share_bp);
    Ok(Settlement {
        fee,
        fee_affiliate,
        fee_burn,
        fee_incentives: fee - fee_affiliate - fee_burn,
        net,
        dollars,
        burn: net - dollars,
        coupons_base: net - dollars,
        coupons_bonus: fit(floor(bonus_rate * (net - dollars), 60_000_000))?,
    })
}

proptest! {
    /// The exact quotient, rounded down, or refused: beside the greatest pay that fits, too.
    #[test]
    fn earned(rate in u64s(), seconds in u64s(), nudge in -2i64..=2) {
        for rate in [rate, near(floor(big(u64::MAX) * 3_600, seconds.max(1)), nudge)] {
            prop_assert_eq!(settlement::earned(rate, seconds), fit(floor(big(rate) * seconds, 3_600)));
        }
    }

    /// As published, and every base unit of the gross in exactly one place.
    #[test]
    fn settle(
        gross in u64s(), rates in (rates(), rates(), rates(), rates()), dollar_share_bp in dollar_shares(),
    ) {
        let (fee_bp, affiliate_bp, fee_burn_bp, max_bonus_bp) = rates;
        let input = SettleInput { gross, fee_bp, affiliate_bp, fee_burn_bp, dollar_share_bp, max_bonus_bp };
        let actual = settlement::settle(input);
        prop_assert_eq!(actual, expected(input));
        if let Ok(s) = actual {
            let parts = [s.dollars, s.burn, s.fee_affiliate, s.fee_burn, s.fee_incentives];
            prop_assert_eq!(parts.map(big).iter().sum::<num_bigint::BigInt>(), big(gross));
            prop_assert!(s.coupons_bonus <= s.coupons_base && s.coupons_base <= gross);
        }
    }

    /// The discount on what was paid, rounded down.
    #[test]
    fn user_coupons(gross in u64s(), discount_bp in rates()) {
        prop_assert_eq!(settlement::user_coupons(gross, discount_bp), share(gross, discount_bp));
    }

    /// The bond in proportion to the seconds kept, rounded down; all of it at most, nothing of nothing.
    #[test]
    fn dispute_bond(bond in u64s(), claimed in u64s(), accepted in u64s(), nudge in -2i64..=2) {
        for accepted in [accepted, accepted % claimed.max(1), near(big(claimed), nudge)] {
            let exact = floor(big(bond) * accepted.min(claimed), claimed.max(1));
            prop_assert_eq!(big(settlement::dispute_bond(bond, claimed, accepted)), exact);
        }
    }
}
