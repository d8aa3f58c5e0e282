"""The table of methods: name, how many arguments, what answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..chain import Chain
from ..errors import invalid_params, min_context_slot
from ..ledger import Commitment
from ..params import commitment, debug, unsigned

API_VERSION = "4.2.2"
"""The Agave release whose answers these methods give."""

Handler = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Method:
    """One RPC method. The handler takes the chain and all arguments, absent optional ones as None."""

    handler: Handler
    required: int
    total: int

    def call(self, chain: Chain, arguments: Any) -> Any:
        """Check the number of arguments and answer."""
        by_name = isinstance(arguments, dict)
        if self.total == 0 and (arguments or by_name):
            shown = debug(arguments).removeprefix("Object ") if by_name else ", ".join(map(debug, arguments))
            data = f"Map({shown})" if by_name else f"Array([{shown}])"
            raise invalid_params("Invalid parameters: No parameters were expected", data)
        if by_name:
            raise invalid_params("`params` should be an array")
        if len(arguments) > self.total:
            raise invalid_params(
                f"Invalid parameters: Expected from {self.required} to {self.total} parameters.",
                f'"Got: {len(arguments)}"',
            )
        if len(arguments) < self.required:
            raise invalid_params(f"`params` should have at least {self.required} argument(s)")
        return self.handler(chain, *arguments, *[None] * (self.total - len(arguments)))


METHODS: dict[str, Method] = {}


def method(name: str, required: int = 0, optional: int = 0) -> Callable[[Handler], Handler]:
    """Put a handler into the table."""

    def register(handler: Handler) -> Handler:
        METHODS[name] = Method(handler, required, required + optional)
        return handler

    return register


def read_context(chain: Chain, options: dict[str, Any]) -> tuple[Commitment, int]:
    """The commitment asked for and its slot; refused when that slot is below `minContextSlot`."""
    level = commitment(options)
    slot = chain.ledger.slot_of(level)
    minimum = options.get("minContextSlot")
    if minimum is not None and slot < unsigned(minimum):
        raise min_context_slot(slot)
    return level, slot


def with_context(slot: int, value: Any) -> dict[str, Any]:
    """An answer with the slot at which it holds."""
    return {"context": {"apiVersion": API_VERSION, "slot": slot}, "value": value}
