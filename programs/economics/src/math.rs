//! Integer helpers shared by the modules; nothing here knows what it counts.

use crate::ArithmeticError;

/// The exact product of two `u64`.
pub(crate) const fn wide_mul(a: u64, b: u64) -> u128 {
    // Cannot wrap: (2^64 - 1)^2 < 2^128.
    (a as u128).wrapping_mul(b as u128)
}

/// `floor(a * b / divisor)`. A product that fits in 64 bits is divided in 64 bits, which is cheap on chain.
///
/// Errors: `Overflow` if the result exceeds `u64` or `divisor` is zero.
pub(crate) fn mul_div_floor(a: u64, b: u64, divisor: u64) -> Result<u64, ArithmeticError> {
    if let Some(product) = a.checked_mul(b) {
        return product
            .checked_div(divisor)
            .ok_or(ArithmeticError::Overflow);
    }
    wide_mul(a, b)
        .checked_div(u128::from(divisor))
        .map_or(Err(ArithmeticError::Overflow), narrow)
}

/// `value` as a `u64`. Errors: `Overflow` if it does not fit.
pub(crate) fn narrow(value: u128) -> Result<u64, ArithmeticError> {
    u64::try_from(value).map_err(|_| ArithmeticError::Overflow)
}
