//! Whole numbers without bounds, and where they return to bounded ones.

use economics::ArithmeticError;
use num_bigint::BigInt;

/// `value` without bounds.
pub fn big(value: impl Into<BigInt>) -> BigInt {
    value.into()
}

/// The greatest whole number at or below `dividend / divisor`; the divisor is above 0.
pub fn floor(dividend: BigInt, divisor: impl Into<BigInt>) -> BigInt {
    let divisor = divisor.into();
    let rest = ((&dividend % &divisor) + &divisor) % &divisor;
    (dividend - rest) / divisor
}

/// The least whole number at or above `dividend / divisor`; the divisor is above 0.
pub fn ceil(dividend: BigInt, divisor: impl Into<BigInt>) -> BigInt {
    -floor(-dividend, divisor)
}

/// `exact` in its type, or the refusal that every function promises where it does not fit.
pub fn fit<T: TryFrom<BigInt>>(exact: BigInt) -> Result<T, ArithmeticError> {
    T::try_from(exact).map_err(|_| ArithmeticError::Overflow)
}

/// `amount * bp / 10,000`, rounded down, or the refusal of a rate above a whole.
pub fn share(amount: u64, bp: u16) -> Result<u64, ArithmeticError> {
    match bp {
        0..=10_000 => fit(floor(big(amount) * bp, 10_000)),
        _ => Err(ArithmeticError::ShareAboveWhole),
    }
}

/// The nearest `u64` to `exact` and `nudge`: inputs on both sides of the place where something changes.
pub fn near(exact: BigInt, nudge: i64) -> u64 {
    let nudged = (exact + nudge).clamp(big(0), big(u64::MAX));
    u64::try_from(nudged).unwrap()
}

/// The least multiple of `unit` that leaves a rest of 1 when divided by `divisor`, as a multiple: what a ceiling that
/// adds too little gets wrong. 0 where there is none.
pub fn rest_of_one(unit: BigInt, divisor: impl Into<BigInt>) -> u64 {
    let divisor = divisor.into();
    let inverse = if divisor > big(0) {
        unit.modinv(&divisor)
    } else {
        None
    };
    near(inverse.unwrap_or_default(), 0)
}
