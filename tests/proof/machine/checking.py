"""What both test files do."""

from tests.proof.layout import declared
from tests.proof.machine.economy import economy_on
from tests.proof.machine.machine import Found, search

STEPS = 10_000
ONLY_INSIDE = {"emission.credit_coupons"}
"""Sent by another program alone: no key signs for it."""
ONCE = {f"{program}.initialize" for program in ("oracle", "staking", "emission", "burn", "escrow")}
"""Accepted before the machine begins, and never again."""


def check_from(seed: int) -> None:
    """So many steps of the seeds from `seed` on: the same each time, so that a change alone can fail them."""
    with economy_on() as economy:
        try:
            for statistics in search(economy, STEPS, seed):
                print(f"{statistics.steps} steps, {statistics.examples} histories")
        except Found as found:
            raise AssertionError(
                f"from seed {seed} on, the machine found what this script replays:\n\n{found}"
            ) from None
        statistics = economy.statistics
        tried = {name for name, _ in statistics.refused} | set(statistics.accepted)
        for name in sorted(one.name for one in declared().values()):
            assert name in tried, f"no rule of tests/proof/machine sends {name}: write one"
            never = name in ONLY_INSIDE | ONCE
            accepted = statistics.accepted[name]
            refusals = {error: count for (refused, error), count in statistics.refused.items() if refused == name}
            assert never or accepted, f"{name} was never accepted: its rule is dead, or it is. Refused: {refusals}"
            assert not (never and accepted), f"{name} was accepted {accepted} times"
