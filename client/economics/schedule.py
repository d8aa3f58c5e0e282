"""How much IO has been emitted after each hour, and when each hour is."""

from typing import Final

from client.economics.ranges import signed, unsigned
from client.economics.units import IO, SECONDS_PER_HOUR

GENESIS_SUPPLY: Final = 500_000_000 * IO
"""IO that exists at genesis, base units."""
EMISSION_CAP: Final = 300_000_000 * IO
"""IO that is ever emitted, base units."""
LAST_EPOCH: Final = 175_319
"""The last epoch that emits."""

_D_DIGITS: Final = 138_869_523_959_793
_D_SCALE: Final = 10**19
_E1_TIMES_8760: Final = GENESIS_SUPPLY * 8 // 100
_ENDLESS_EMISSION_Q9: Final = (_E1_TIMES_8760 * _D_SCALE << 9) // (8_760 * _D_DIGITS)


def _powers_q64() -> tuple[int, ...]:
    """`q^(2^k)` for k from 0 to 17, Q0.64, each rounded up, from 256 fraction bits.

    None of them ends within 64 bits, so rounding up is the floor and one.
    """
    power, powers = ((_D_SCALE - _D_DIGITS) << 256) // _D_SCALE, []
    for _ in range(18):
        powers.append((power >> 192) + 1)
        power = power * power >> 256
    return tuple(powers)


_POWERS_Q64: Final = _powers_q64()


def cumulative(t: int) -> int:
    """IO emitted by the end of epoch `t` (u32), base units.

    `M(t) = E1 · (1 − q^t) / (1 − q)`, rounded down, with `E1 = 500,000,000 IO · 0.08 / 8760` and
    `q = 1 − 0.0000138869523959793` (the published emission); 0 for `t == 0`, the cap from the last
    epoch on.
    """
    unsigned(32, t=t)
    if t >= LAST_EPOCH:
        return EMISSION_CAP
    power = 1 << 64
    for bit, factor in enumerate(_POWERS_Q64):
        if t >> bit & 1:
            power = -(-power * factor >> 64)
    return min(_ENDLESS_EMISSION_Q9 * ((1 << 64) - power) >> 73, EMISSION_CAP)


def emission(from_exclusive: int, to_inclusive: int) -> int:
    """IO emitted in the epochs after `from_exclusive` up to `to_inclusive` (u32), base units; 0 if none."""
    return max(cumulative(to_inclusive) - cumulative(from_exclusive), 0)


def epoch_at(genesis: int, now: int) -> int | None:
    """The epoch (from 1) that runs at `now`, both Unix seconds; None before genesis or past u32."""
    signed(64, genesis=genesis, now=now)
    t = (now - genesis) // SECONDS_PER_HOUR + 1
    return t if 1 <= t < 1 << 32 else None


def epoch_start(genesis: int, t: int) -> int | None:
    """The first second of epoch `t`, Unix seconds: `genesis + (t − 1) · 3600`; None at 0 or past i64."""
    signed(64, genesis=genesis)
    unsigned(32, t=t)
    start = genesis + (t - 1) * SECONDS_PER_HOUR
    return start if t > 0 and start < 1 << 63 else None


def epoch_end(genesis: int, t: int) -> int | None:
    """The first second after epoch `t`, Unix seconds; None for `t == 0` or past i64."""
    start = epoch_start(genesis, t)
    return None if start is None or start + SECONDS_PER_HOUR >= 1 << 63 else start + SECONDS_PER_HOUR


def epoch_start_from(genesis: int, at: int) -> int | None:
    """The first start of an epoch at or after `at`, `genesis` before it, Unix seconds (i64); None past i64."""
    signed(64, genesis=genesis, at=at)
    hours = -(-max(at - genesis, 0) // SECONDS_PER_HOUR)
    start = genesis + hours * SECONDS_PER_HOUR
    return start if start < 1 << 63 else None
