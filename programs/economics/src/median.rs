//! What a committee's submissions amount to.

use core::mem::swap;

/// The lower median of `values` (of an even number, the lower of the two in the middle); `None` if there are none.
///
/// Lower, so that it is always a value that a member submitted. Leaves `values` sorted. An insertion sort: the best for
/// the 16 members a committee can have, quadratic beyond.
pub fn lower_median(values: &mut [u64]) -> Option<u64> {
    for end in 0..values.len() {
        if let Some(prefix) = values.get_mut(..=end) {
            sink_last(prefix);
        }
    }
    values.get(values.len().saturating_sub(1) / 2).copied()
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
