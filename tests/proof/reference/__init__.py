"""The economy in exact fractions, beside the chain: `start(world)` is an observer of a ledger; see `differential`."""

from tests.proof.reference.differential import start

__all__ = ["start"]
