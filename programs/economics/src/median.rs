//! What a committee's submissions amount to.

use core::mem::swap;

/// The lower median of `values` (of an even number, the lower of the two in the middle); `None` if there are none.
///
/// Lower, so that it is always a value that a member submitted. Leaves `values` sorted.
pub fn lower_median(values: &mut [u64]) -> Option<u64> {
    sort(values);
    values.get(values.len().saturating_sub(1) / 2).copied()
}

/// Sorts by insertion: the best for the 16 members a committee can have, quadratic beyond.
pub fn sort(values: &mut [u64]) {
    for end in 0..values.len() {
        if let Some(prefix) = values.get_mut(..=end) {
            sink_last(prefix);
        }
    }
}

/// Moves the last value left to its place among the others, which are sorted.
fn sink_last(values: &mut [u64]) {
    let Some((mut right, sorted)) = values.split_last_mut() else {
        return;
    };
    for left in sorted.iter_mut().rev() {
        if *left <= *right {
            break;
        }
        swap(left, right);
        right = left;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    proptest! {
        /// A minority of liars cannot move it outside what the honest majority said.
        #[test]
        fn minority_cannot_move_it_out(
            honest in prop::collection::vec(1_000..=2_000u64, 9),
            lies in prop::collection::vec(any::<u64>(), 0..=7),
        ) {
            let mut values: Vec<u64> = honest.iter().chain(&lies).copied().collect();
            let median = lower_median(&mut values).unwrap();
            prop_assert!((1_000..=2_000).contains(&median));
        }
    }

    /// None of nothing; the lower of two.
    #[test]
    fn small_committees() {
        assert_eq!(lower_median(&mut []), None);
        assert_eq!(lower_median(&mut [7]), Some(7));
        assert_eq!(lower_median(&mut [9, 7]), Some(7));
        assert_eq!(lower_median(&mut [9, 7, 8]), Some(8));
    }
}
