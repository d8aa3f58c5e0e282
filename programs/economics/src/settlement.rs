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
    /// The part of the fee that is burned, basis points of the fee; the rest is for incentives.
    pub fee_burn_bp: u16,
    /// The part of its pay that the node takes in dollars, basis points of the net; 3,000 to 9,000.
    pub dollar_share_bp: u16,
    /// The coupon bonus at the least dollar share, basis points of the base coupons.
    pub max_bonus_bp: u16,
}

/// One settlement, divided; `gross == dollars + burn + fee_burn + fee_incentives`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// `fee_burn + fee_incentives`, USD base units.
    pub fee: u64,
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
/// chose), the burned part of the fee rounds down; each remainder is the residual of the same sum. The bonus rounds
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
    let fee_burn = bps_floor(fee, input.fee_burn_bp)?;
    let net = input.gross.saturating_sub(fee);
    let dollars = bps_floor(net, share_bp)?;
    let burn = net.saturating_sub(dollars);
    // At most 10,000 * 6,000: fits, and makes the bonus at most the base.
    let below_max_bp = u64::from(MAX_DOLLAR_SHARE_BP.saturating_sub(share_bp));
    let bonus_rate = u64::from(input.max_bonus_bp).saturating_mul(below_max_bp);
    Ok(Settlement {
        fee,
        fee_burn,
        fee_incentives: fee.saturating_sub(fee_burn),
        net,
        dollars,
        burn,
        coupons_base: burn,
        coupons_bonus: mul_div_floor(burn, bonus_rate, BONUS_DIVISOR)?,
    })
}
