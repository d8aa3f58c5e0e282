//! Where the dollars of worked seconds go, and the coupons they leave.

use crate::math::mul_div_floor;
use crate::split::bps_floor;
use crate::{ArithmeticError, BPS, SECONDS_PER_HOUR};

/// The least part of its pay that a node takes in dollars, basis points.
pub const MIN_DOLLAR_SHARE_BP: u16 = 3_000;
/// The greatest part of its pay that a node takes in dollars, basis points; above it there would be nothing to burn.
pub const MAX_DOLLAR_SHARE_BP: u16 = 9_000;
/// What the bonus of one settlement is divided by: basis points of `max_bonus_bp`, and the width of the share's range.
const BONUS_DIVISOR: u64 = BPS * (MAX_DOLLAR_SHARE_BP - MIN_DOLLAR_SHARE_BP) as u64;

/// The pay of one settlement and the rates that divide it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettleInput {
    /// Pay for the seconds worked since the last settlement, USD base units.
    pub gross: u64,
    /// The network's fee, basis points of `gross`.
    pub fee_bp: u16,
    /// The part of the fee of whoever brought the user in, basis points of the fee; 0 where nobody did.
    pub affiliate_bp: u16,
    /// The part of the rest of the fee that is burned, basis points; what then remains is for incentives.
    pub fee_burn_bp: u16,
    /// The part of its pay that the node takes in dollars, basis points of the net; 3,000 to 9,000.
    pub dollar_share_bp: u16,
    /// The coupon bonus at the least dollar share, basis points of the base coupons.
    pub max_bonus_bp: u16,
}

/// One settlement, divided; `gross == dollars + burn + fee_affiliate + fee_burn + fee_incentives`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// `fee_affiliate + fee_burn + fee_incentives`, USD base units.
    pub fee: u64,
    /// The part of the fee for whoever brought the user in, USD base units.
    pub fee_affiliate: u64,
    /// The part of the fee for the burn vault, USD base units.
    pub fee_burn: u64,
    /// The part of the fee for the incentives vault, USD base units: the residual of the fee.
    pub fee_incentives: u64,
    /// `dollars + burn`, USD base units.
    pub net: u64,
    /// To the node, USD base units.
    pub dollars: u64,
    /// To the burn vault, besides `fee_burn`, USD base units: the residual of the net.
    pub burn: u64,
    /// Coupons that pay liquid IO: what the node did not take, USD base units.
    pub coupons_base: u64,
    /// Coupons that pay locked IO, USD base units.
    pub coupons_bonus: u64,
}

/// What `seconds` of work earn in all, USD base units, at `rate_per_hour` (USD base units).
///
/// Cumulative: a settlement pays the difference of two values, so that its rhythm changes nothing. Rounds down: the
/// customer pays for no fraction that was not worked. Errors: `Overflow` if the result exceeds `u64`.
pub fn earned(rate_per_hour: u64, seconds: u64) -> Result<u64, ArithmeticError> {
    mul_div_floor(rate_per_hour, seconds, SECONDS_PER_HOUR)
}

/// Divides the pay of one settlement.
///
/// The fee rounds down (never above its published rate), the node's dollars round down (never above the share it
/// chose), the affiliate's part of the fee and the burned part of the rest round down; each remainder is the residual of the same sum. The bonus rounds
/// down: coupons are never more than the dollars and the rate give.
///
/// Errors: `DollarShareOutOfRange`; `ShareAboveWhole` if one of the other rates is above 10,000; `Overflow` is
/// out of reach.
pub fn settle(input: SettleInput) -> Result<Settlement, ArithmeticError> {
    let share_bp = input.dollar_share_bp;
    if !(MIN_DOLLAR_SHARE_BP..=MAX_DOLLAR_SHARE_BP).contains(&share_bp) {
        return Err(ArithmeticError::DollarShareOutOfRange);
    }
    if u64::from(input.max_bonus_bp) > BPS {
        return Err(ArithmeticError::ShareAboveWhole);
    }
    let fee = bps_floor(input.gross, input.fee_bp)?;
    let fee_affiliate = bps_floor(fee, input.affiliate_bp)?;
    let fee_rest = fee.saturating_sub(fee_affiliate);
    let fee_burn = bps_floor(fee_rest, input.fee_burn_bp)?;
    let net = input.gross.saturating_sub(fee);
    let dollars = bps_floor(net, share_bp)?;
    let burn = net.saturating_sub(dollars);
    // At most 10,000 * 6,000: fits, and makes the bonus at most the base.
    let below_max_bp = u64::from(MAX_DOLLAR_SHARE_BP.saturating_sub(share_bp));
    let bonus_rate = u64::from(input.max_bonus_bp).saturating_mul(below_max_bp);
    Ok(Settlement {
        fee,
        fee_affiliate,
        fee_burn,
        fee_incentives: fee_rest.saturating_sub(fee_burn),
        net,
        dollars,
        burn,
        coupons_base: burn,
        coupons_bonus: mul_div_floor(burn, bonus_rate, BONUS_DIVISOR)?,
    })
}

/// Coupons of a user who takes locked IO in place of a discount, USD base units: the discount on what was paid.
///
/// `gross` in USD base units. Rounds down: coupons are never more than the dollars that the user did not save.
/// Errors: `ShareAboveWhole` if `discount_bp` is above 10,000.
pub fn user_coupons(gross: u64, discount_bp: u16) -> Result<u64, ArithmeticError> {
    bps_floor(gross, discount_bp)
}

/// The node's part of a dispute's `bond` (any unit): what it kept of the seconds in dispute.
///
/// `claimed_seconds` are those in dispute (of none the part is 0), `accepted_seconds` those that the node is paid for
/// after all, at most the former. Rounds down: against the node, so that the user's part, the residual, is never less
/// than its rate.
pub fn dispute_bond(bond: u64, claimed_seconds: u64, accepted_seconds: u64) -> u64 {
    let accepted = accepted_seconds.min(claimed_seconds);
    // A quotient of at most `bond` fits: only a divisor of 0 is refused.
    mul_div_floor(bond, accepted, claimed_seconds).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    prop_compose! {
        fn inputs()(
            gross in any::<u64>(),
            shift in 0..64u32,
            fee_bp in 0..=10_000u16,
            affiliate_bp in 0..=10_000u16,
            fee_burn_bp in 0..=10_000u16,
            dollar_share_bp in MIN_DOLLAR_SHARE_BP..=MAX_DOLLAR_SHARE_BP,
            max_bonus_bp in 0..=10_000u16,
        ) -> SettleInput {
            SettleInput { gross: gross >> shift, fee_bp, affiliate_bp, fee_burn_bp, dollar_share_bp, max_bonus_bp }
        }
    }

    proptest! {
        /// A node that takes fewer dollars never gets fewer coupons.
        #[test]
        fn coupons_fall_with_the_share(input in inputs(), other in MIN_DOLLAR_SHARE_BP..=MAX_DOLLAR_SHARE_BP) {
            let (low, high) = (input.dollar_share_bp.min(other), input.dollar_share_bp.max(other));
            let at = |dollar_share_bp| settle(SettleInput { dollar_share_bp, ..input }).unwrap();
            prop_assert!(at(low).coupons_base >= at(high).coupons_base);
            prop_assert!(at(low).coupons_bonus >= at(high).coupons_bonus);
        }
    }

    /// Of a bond of 100, the node that kept a third of the seconds gets 33; nobody's seconds, nothing.
    #[test]
    fn dispute_bond_by_example() {
        assert_eq!(dispute_bond(100, 3_600, 1_200), 33);
        assert_eq!(dispute_bond(100, 3_600, 0), 0);
        assert_eq!(dispute_bond(100, 3_600, 3_601), 100);
        assert_eq!(dispute_bond(100, 0, 0), 0);
    }

    /// One hour at 2.50 dollars, 5% fee, a tenth of it for the affiliate and half of the rest burned, 30% in dollars: the greatest bonus.
    #[test]
    fn settlement_by_example() {
        let gross = earned(2_500_000, 3_600).unwrap();
        let settlement = settle(SettleInput {
            gross,
            fee_bp: 500,
            affiliate_bp: 1_000,
            fee_burn_bp: 5_000,
            dollar_share_bp: 3_000,
            max_bonus_bp: 5_000,
        });
        assert_eq!(
            settlement,
            Ok(Settlement {
                fee: 125_000,
                fee_affiliate: 12_500,
                fee_burn: 56_250,
                fee_incentives: 56_250,
                net: 2_375_000,
                dollars: 712_500,
                burn: 1_662_500,
                coupons_base: 1_662_500,
                coupons_bonus: 831_250,
            })
        );
    }

    /// At a 90% dollar share there is no bonus.
    #[test]
    fn greatest_share_has_no_bonus() {
        let settlement = settle(SettleInput {
            gross: u64::MAX,
            fee_bp: 0,
            affiliate_bp: 0,
            fee_burn_bp: 0,
            dollar_share_bp: 9_000,
            max_bonus_bp: 10_000,
        });
        assert_eq!(settlement.unwrap().coupons_bonus, 0);
    }
}
