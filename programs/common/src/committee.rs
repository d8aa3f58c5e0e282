//! What a declared `oracle::Committee` says. Each program that declares the oracle has a type of its
//! own for it, so these are macros over its fields.

/// How many of the leading accounts signed, and whether a strict majority of the members in force
/// at `$now` is among them: see `quorum::strict_majority`.
#[macro_export]
macro_rules! quorum {
    ($committee:expr, $now:expr, $accounts:expr) => {{
        let (members, count) = $crate::change::in_force(
            (&$committee.members, $committee.count),
            (&$committee.next_members, $committee.next_count),
            $committee.next_members_at,
            $now,
        );
        $crate::quorum::strict_majority(members.get(..count as usize).unwrap_or(&[]), $accounts)
    }};
}

/// When a change proposed at `$now` takes effect, Unix seconds: see `change::takes_effect`.
#[macro_export]
macro_rules! takes_effect {
    ($committee:expr, $now:expr) => {
        $crate::change::takes_effect(
            $committee.genesis,
            $crate::change::in_force(
                $committee.parameters.delay_seconds,
                $committee.next_parameters.delay_seconds,
                $committee.next_parameters_at,
                $now,
            ),
            $now,
        )
    };
}
