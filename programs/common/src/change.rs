//! Changes that wait: a parameter, a committee or an election is set beside the one in force and takes
//! its place at the start of an epoch, without anyone calling for it.

use economics::schedule;

/// When a change proposed `now` takes effect: the start of the first epoch that begins `delay_seconds`
/// from now or later. Unix seconds; `None` past `i64`.
pub fn takes_effect(genesis: i64, delay_seconds: u32, now: i64) -> Option<i64> {
    schedule::epoch_start_from(genesis, now.checked_add(delay_seconds.into())?)
}

/// What counts at `now`: `next` from `next_at` on, `current` before; `next_at` is zero where no
/// change was ever proposed.
pub fn in_force<T>(current: T, next: T, next_at: i64, now: i64) -> T {
    if next_at != 0 && now >= next_at {
        next
    } else {
        current
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_takes_effect_at_the_start_of_an_epoch_and_never_before_its_delay() {
        assert_eq!(takes_effect(1_000, 0, 1_000), Some(1_000));
        assert_eq!(takes_effect(1_000, 1, 1_000), Some(4_600));
        assert_eq!(takes_effect(1_000, 3_600, 1_001), Some(8_200));
        assert_eq!(takes_effect(1_000, 10, 0), Some(1_000));
        assert_eq!(takes_effect(0, 1, i64::MAX), None);
    }

    #[test]
    fn the_next_counts_from_its_second_on() {
        assert_eq!(in_force(1, 2, 0, i64::MAX), 1);
        assert_eq!(in_force(1, 2, 50, 49), 1);
        assert_eq!(in_force(1, 2, 50, 50), 2);
    }
}
