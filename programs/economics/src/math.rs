//! Integer helpers shared by the modules; nothing here knows what it counts.

use crate::ArithmeticError;

/// The exact product of two `u64`, by halves: the target has no wide product, and its library's takes four times this.
pub(crate) const fn wide_mul(a: u64, b: u64) -> u128 {
    const HALF: u64 = u32::MAX as u64;
    let (a1, a0, b1, b0) = (a >> 32, a & HALF, b >> 32, b & HALF);
    // Products of halves are at most (2^32 - 1)^2, which leaves room for two more halves: nothing wraps.
    let low = a0.wrapping_mul(b0);
    let left = a1.wrapping_mul(b0).wrapping_add(low >> 32);
    let right = a0.wrapping_mul(b1).wrapping_add(left & HALF);
    let high = a1
        .wrapping_mul(b1)
        .wrapping_add(left >> 32)
        .wrapping_add(right >> 32);
    (high as u128) << 64 | (right << 32 | low & HALF) as u128
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

/// `ceil(dividend / divisor)` in one division (`u128::div_ceil` takes two, dear on chain); 0 if `divisor` is 0. The
/// dividend is below 2^127 and the divisor as well, so that their sum fits.
pub(crate) fn div_ceil(dividend: u128, divisor: u128) -> u128 {
    dividend
        .saturating_add(divisor.saturating_sub(1))
        .checked_div(divisor)
        .unwrap_or(0)
}

/// `value` as a `u64`. Errors: `Overflow` if it does not fit.
pub(crate) fn narrow(value: u128) -> Result<u64, ArithmeticError> {
    u64::try_from(value).map_err(|_| ArithmeticError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigUint;
    use proptest::prelude::*;

    proptest! {
        /// The product of every pair is the language's own, at the ends of both halves too.
        #[test]
        fn wide_products_are_exact(a in any::<u64>(), b in any::<u64>(), s in (0..64u32, 0..64u32)) {
            for (a, b) in [(a >> s.0, b >> s.1), (!(a >> s.0), b >> s.1), (!(a >> s.0), !(b >> s.1))] {
                prop_assert_eq!(wide_mul(a, b), u128::from(a) * u128::from(b));
            }
        }

        /// The floor of the exact quotient, or a refusal when that does not fit, on either side of 64 bits.
        #[test]
        fn mul_div_is_the_exact_floor(a in any::<u64>(), b in any::<u64>(), s in 0..64u32, d in 1..=u64::MAX) {
            let b = b >> s;
            let exact = BigUint::from(a) * b / d;
            match mul_div_floor(a, b, d) {
                Ok(actual) => prop_assert_eq!(exact, BigUint::from(actual)),
                Err(_) => prop_assert!(exact > BigUint::from(u64::MAX)),
            }
        }

        /// One division rounds up like two.
        #[test]
        fn div_ceil_is_the_exact_ceiling(a in 0..1u128 << 127, b in 1..1u128 << 127, shifts in (0..127u32, 0..127u32)) {
            let (a, b) = (a >> shifts.0, (b >> shifts.1).max(1));
            prop_assert_eq!(div_ceil(a, b), a.div_ceil(b));
        }
    }

    /// Division by zero is refused, in both widths; a ceiling of it is 0.
    #[test]
    fn zero_divisor_is_refused() {
        assert_eq!(mul_div_floor(1, 1, 0), Err(ArithmeticError::Overflow));
        assert_eq!(
            mul_div_floor(u64::MAX, 2, 0),
            Err(ArithmeticError::Overflow)
        );
        assert_eq!(div_ceil(1, 0), 0);
    }
}
