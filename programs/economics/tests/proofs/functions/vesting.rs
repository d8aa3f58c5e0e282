//! Grants of any length, anywhere in time.

use economics::{vesting, ArithmeticError};
use proptest::prelude::*;

use crate::exact::{big, fit, floor};
use crate::inputs::{i64s, u32s, u64s};

prop_compose! {
    /// Any start, end, step and moment; half of them with a moment within, beside a step's end.
    fn grants()(start in i64s(), end in i64s(), step in u32s(), now in i64s())(
        now in prop_oneof![
            Just(now),
            prop::sample::select(vec![i64::MIN, i64::MAX]),
            (u32s(), -1i64..=1).prop_map(move |(steps, nudge)| {
                let elapsed = i64::from(steps).saturating_mul(i64::from(step));
                start.saturating_add(elapsed).saturating_add(nudge)
            }),
            (-2i64..=2).prop_map(move |nudge| end.saturating_add(nudge)),
        ],
        (start, end, step) in Just((start, end, step)),
    ) -> (i64, i64, u32, i64) {
        (start, end, step, now)
    }
}

proptest! {
    /// The exact part of whole steps, rounded down; nothing before the start, all from the end on.
    #[test]
    fn vested(total in u64s(), (start, end, step, now) in grants()) {
        let (duration, elapsed) = (big(end) - start, big(now) - start);
        let expected = if step == 0 {
            Err(ArithmeticError::ZeroStep)
        } else if end < start || duration > big(i64::MAX) {
            Err(ArithmeticError::Overflow)
        } else if now < start {
            Ok(0)
        } else if now >= end {
            Ok(total)
        } else {
            fit(floor(floor(elapsed, step) * step * total, duration))
        };
        prop_assert_eq!(vesting::vested(total, start, end, step, now), expected);
    }
}
