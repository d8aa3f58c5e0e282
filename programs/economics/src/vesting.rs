//! Locked amounts that become free in equal parts every second.

use crate::ArithmeticError;

/// What of `total` is free at `now`: nothing before `start`, all of it from `end` on, linear between. Rounds down:
/// nothing is paid early. All times are Unix seconds; the result has the unit of `total`.
///
/// Errors: `Overflow` if `end` is before `start`.
pub fn vested(total: u64, start: i64, end: i64, now: i64) -> Result<u64, ArithmeticError> {
    let duration = end
        .checked_sub(start)
        .and_then(|seconds| u64::try_from(seconds).ok())
        .ok_or(ArithmeticError::Overflow)?;
    let Ok(elapsed) = u64::try_from(now.saturating_sub(start)) else {
        return Ok(0);
    };
    if elapsed >= duration {
        return Ok(total);
    }
    // elapsed < duration, so the quotient is below `total` and the divisor is not zero.
    u128::from(total)
        .checked_mul(u128::from(elapsed))
        .and_then(|product| product.checked_div(u128::from(duration)))
        .and_then(|quotient| u64::try_from(quotient).ok())
        .ok_or(ArithmeticError::Overflow)
}

#[cfg(test)]
mod tests {
    use {super::*, proptest::prelude::*};

    #[test]
    fn the_ends_are_exact() {
        assert_eq!(vested(100, 1_000, 2_000, 0), Ok(0));
        assert_eq!(vested(100, 1_000, 2_000, 1_000), Ok(0));
        assert_eq!(vested(100, 1_000, 2_000, 1_019), Ok(1));
        assert_eq!(vested(100, 1_000, 2_000, 2_000), Ok(100));
        assert_eq!(vested(7, 5, 5, 4), Ok(0));
        assert_eq!(vested(7, 5, 5, 5), Ok(7));
        assert_eq!(vested(7, 6, 5, 5), Err(ArithmeticError::Overflow));
    }

    proptest! {
        #[test]
        fn it_never_falls_and_never_exceeds_the_total(
            total: u64, start in -1i64 << 40..1i64 << 40, length in 0i64..1i64 << 40,
            a in -1i64 << 41..1i64 << 41, step in 0i64..1i64 << 40,
        ) {
            let earlier = vested(total, start, start + length, a).unwrap();
            let later = vested(total, start, start + length, a + step).unwrap();
            prop_assert!(earlier <= later && later <= total);
        }
    }
}
