//! Locked amounts that become free in equal steps, as short as a second.

use crate::ArithmeticError;

/// What of `total` is free at `now`: nothing before `start`, all of it from `end` on, in proportion to the
/// time between, of which only whole steps of `step_seconds` count: 1 is linear by the second, a month makes tranches.
///
/// Both the steps and the amount round down: nothing is paid early. Where the last step is cut short, `end` counts.
/// Times are Unix seconds; the result has the unit of `total`.
/// Errors: `ZeroStep` if `step_seconds` is 0; `Overflow` if `end` is before `start`, or over 2^63 - 1 seconds after it.
pub fn vested(
    total: u64,
    start: i64,
    end: i64,
    step_seconds: u32,
    now: i64,
) -> Result<u64, ArithmeticError> {
    if step_seconds == 0 {
        return Err(ArithmeticError::ZeroStep);
    }
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
    let within_step = elapsed.checked_rem(u64::from(step_seconds)).unwrap_or(0);
    let elapsed = elapsed.saturating_sub(within_step);
    // elapsed < duration, so the quotient is below `total` and the divisor is not zero.
    u128::from(total)
        .checked_mul(u128::from(elapsed))
        .and_then(|product| product.checked_div(u128::from(duration)))
        .and_then(|quotient| u64::try_from(quotient).ok())
        .ok_or(ArithmeticError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A twelfth of a year of 8,760 hours.
    const MONTH: i64 = 2_628_000;

    #[test]
    fn the_ends_are_exact() {
        assert_eq!(vested(100, 1_000, 2_000, 1, 0), Ok(0));
        assert_eq!(vested(100, 1_000, 2_000, 1, 1_000), Ok(0));
        assert_eq!(vested(100, 1_000, 2_000, 1, 1_019), Ok(1));
        assert_eq!(vested(100, 1_000, 2_000, 1, 2_000), Ok(100));
        assert_eq!(vested(7, 5, 5, 1, 4), Ok(0));
        assert_eq!(vested(7, 5, 5, 1, 5), Ok(7));
        assert_eq!(vested(7, 6, 5, 1, 5), Err(ArithmeticError::Overflow));
    }

    /// 24 monthly tranches from month 13 on: nothing for a year, then a 24th at the end of each month.
    #[test]
    fn monthly_tranches() {
        let free = |month: i64, second: i64| {
            vested(
                2_400,
                12 * MONTH,
                36 * MONTH,
                MONTH as u32,
                month * MONTH + second,
            )
        };
        assert_eq!(free(12, 0), Ok(0));
        assert_eq!(free(13, -1), Ok(0));
        for tranche in 1..=24u64 {
            let month = 12 + tranche as i64;
            assert_eq!(free(month, -1), Ok((tranche - 1) * 100));
            assert_eq!(free(month, 0), Ok(tranche * 100));
        }
    }

    /// A step that does not divide the time, or exceeds it: all is free at the end, and not before.
    #[test]
    fn steps_that_do_not_fit() {
        assert_eq!(vested(100, 0, 100, 30, 89), Ok(60));
        assert_eq!(vested(100, 0, 100, 30, 99), Ok(90));
        assert_eq!(vested(100, 0, 100, 30, 100), Ok(100));
        assert_eq!(vested(100, 0, 100, u32::MAX, 99), Ok(0));
        assert_eq!(vested(100, 0, 100, u32::MAX, 100), Ok(100));
        assert_eq!(vested(100, 0, 100, 0, 100), Err(ArithmeticError::ZeroStep));
    }

    proptest! {
        #[test]
        fn it_never_falls_and_never_exceeds_the_total(
            total: u64, start in -1i64 << 40..1i64 << 40, length in 0i64..1i64 << 40, step in 1..=u32::MAX,
            shift in 0..32u32, a in -1i64 << 41..1i64 << 41, later in 0i64..1i64 << 40,
        ) {
            let step = (step >> shift).max(1);
            let earlier = vested(total, start, start + length, step, a).unwrap();
            let later = vested(total, start, start + length, step, a + later).unwrap();
            prop_assert!(earlier <= later && later <= total);
        }

        /// A step only delays: what is free is what would be by the second at the last whole step.
        #[test]
        fn a_step_waits_for_its_end(
            total: u64, start in -1i64 << 40..1i64 << 40, length in 1i64..1i64 << 40, step: u32, shift in 0..32u32,
            part: u64,
        ) {
            let step = (step >> shift).max(1);
            let elapsed = (part % length as u64) as i64;
            let stepped = vested(total, start, start + length, step, start + elapsed);
            let whole_steps = elapsed - elapsed % i64::from(step);
            prop_assert_eq!(stepped, vested(total, start, start + length, 1, start + whole_steps));
        }
    }
}
