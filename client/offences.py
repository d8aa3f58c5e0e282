"""What an actor can be slashed for: the twin of `Slash::OFFENCES_BP`. A test holds them together."""

OFFENCES: dict[int, tuple[str, int]] = {
    1: ("unresponsive", 100),
    2: ("abandoned-job", 500),
    3: ("false-hardware", 2_000),
    4: ("false-results", 5_000),
    5: ("fraud", 10_000),
}
"""Name, and what is lost in basis points, of each offence."""
