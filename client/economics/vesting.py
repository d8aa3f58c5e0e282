"""Locked amounts that become free in equal steps, as short as a second."""

from client.economics.ranges import ArithmeticRefused, signed, unsigned


def vested(total: int, start: int, end: int, step_seconds: int, now: int) -> int:
    """What of `total` (u64) is free at `now`, rounded down; times are Unix seconds (i64).

    Whole steps of `step_seconds` (u32) count: 1 is linear by the second, a month makes tranches; at `end` all is free.
    Raises `ZeroStep`, or `Overflow` if `end` is before `start`.
    """
    unsigned(64, total=total)
    unsigned(32, step_seconds=step_seconds)
    signed(64, start=start, end=end, now=now)
    if step_seconds == 0:
        raise ArithmeticRefused("ZeroStep", "step_seconds", step_seconds)
    duration = end - start
    if not 0 <= duration < 1 << 63:
        raise ArithmeticRefused("Overflow", "end - start", duration)
    if now < start:
        return 0
    elapsed = now - start
    return total if elapsed >= duration else total * (elapsed - elapsed % step_seconds) // duration
