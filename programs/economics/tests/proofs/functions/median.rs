//! Sorting and its middle, of committees larger than there are, with equal values among them.

use economics::median;
use proptest::prelude::*;

use crate::inputs::u64s;

fn values() -> impl Strategy<Value = Vec<u64>> {
    prop_oneof![
        prop::collection::vec(u64s(), 0..40),
        prop::collection::vec(0..4u64, 0..40)
    ]
}

proptest! {
    /// The lower of the two in the middle; none of none.
    #[test]
    fn lower_median(mut values in values()) {
        let mut sorted = values.clone();
        sorted.sort_unstable();
        let expected = sorted.get(sorted.len().saturating_sub(1) / 2).copied();
        prop_assert_eq!(median::lower_median(&mut values), expected);
        prop_assert_eq!(values, sorted);
    }

    /// As the library sorts.
    #[test]
    fn sort(mut values in values()) {
        let mut sorted = values.clone();
        sorted.sort_unstable();
        median::sort(&mut values);
        prop_assert_eq!(values, sorted);
    }
}
