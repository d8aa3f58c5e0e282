"""The ranges of Rust's types, and what is said of a value outside of them."""

from typing import Literal

from client.economics.units import BPS

Reason = Literal["Overflow", "ShareAboveWhole", "DollarShareOutOfRange", "AmountAboveValue", "ZeroStep"]


class ArithmeticRefused(ValueError):
    """A value that the chain refuses: `<name> = <value>: <reason>`.

    `reason` is the name of the Rust error: `Overflow` (does not fit in its type), `ShareAboveWhole`
    (shares above 10,000 basis points), `DollarShareOutOfRange` (outside 3,000 to 9,000 basis points),
    `AmountAboveValue` (more than the position that it leaves is worth) or `ZeroStep` (a step of no time).
    """

    def __init__(self, reason: Reason, name: str, value: object) -> None:
        super().__init__(f"{name} = {value!r}: {reason}")
        self.reason = reason


def unsigned(bits: int, **values: int) -> None:
    """Refuses values that an unsigned integer of `bits` cannot hold."""
    for name, value in values.items():
        # A bool or a float would pass the comparison; neither is an amount.
        if type(value) is not int or value >> bits:
            raise ArithmeticRefused("Overflow", name, value)


def signed(bits: int, **values: int) -> None:
    """Refuses values that a signed integer of `bits` cannot hold."""
    half = 1 << (bits - 1)
    for name, value in values.items():
        if type(value) is not int or not -half <= value < half:
            raise ArithmeticRefused("Overflow", name, value)


def u64(name: str, value: int) -> int:
    """`value`, if a u64 can hold it."""
    unsigned(64, **{name: value})
    return value


def whole_at_most(name: str, bp: int) -> None:
    """Refuses a share above 10,000 basis points."""
    if bp > BPS:
        raise ArithmeticRefused("ShareAboveWhole", name, bp)
