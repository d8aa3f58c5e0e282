"""A walk in which every instruction is a transaction of its own, and seen before it is sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from solders.instruction import Instruction
from solders.keypair import Keypair

from tests.programs.walk import walk
from tests.programs.world import World
from tests.proof.ledger import Ledger
from tests.proof.world import PipeChain

See = Callable[[Ledger, Sequence[Instruction]], object]


def tour(world: World, see: See, *, further: Callable[[World], object] = lambda world: None) -> None:
    """Walks through every instruction; `world`: not initialised, of `world_on`. `further`: where it goes then."""
    chain = world.chain
    assert isinstance(chain, PipeChain)

    def send(instructions: Sequence[Instruction], *signers: Keypair) -> str:
        for instruction in instructions:
            see(chain.ledger, [instruction])
            PipeChain.send(chain, [instruction], *signers)
        return ""

    chain.send = send  # so that the world's short words go through it
    walk(world, lambda instruction: see(chain.ledger, [instruction]))
    further(world)
