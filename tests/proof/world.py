"""The worlds and walks of `tests/programs`, on the pipe in the place of JSON-RPC."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar, cast

from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import accounts
from client.idl import SYSTEM_PROGRAM
from client.network import Parameters
from tests.programs.chain import Chain, Refused
from tests.programs.world import ADMIN, GENESIS, PAUSER, ROUTER, World, committee_of, found
from tests.proof.ledger import Ledger
from tests.proof.svm import DEPLOY, SOL, Account, Svm

T = TypeVar("T")


class PipeChain:
    """What a world and a walk need of a chain."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.svm = ledger.svm

    def send(self, instructions: Sequence[Instruction], *signers: Keypair) -> str:
        """Executes one transaction; who signs is in the instructions themselves. Raises `Refused`."""
        step = self.ledger.run(instructions)
        if step.refusal is not None:
            raise Refused(step.refusal, list(step.outcome.logs))
        return str(self.svm.sent)

    def warp(self, *, slots: int = 1, seconds: int = 0, timestamp: int | None = None) -> int:
        """Moves the clock (`seconds`, `timestamp`) or the slots; the new time, Unix seconds."""
        self.svm.warp(slots=slots, time=self.svm.time + seconds if timestamp is None else timestamp)
        return self.svm.time

    def now(self) -> int:
        """Unix seconds, as the programs read them."""
        return self.svm.time

    def airdrop(self, address: Pubkey, lamports: int) -> None:
        """Lamports for somebody."""
        self.svm.put(Account(address, lamports, SYSTEM_PROGRAM, b""))

    def account(self, kind: type[T], address: Pubkey) -> T:
        """A program's account, decoded."""
        return accounts.decode(kind, self.svm.get(address)[0].data)

    def exists(self, address: Pubkey) -> bool:
        """Whether there is an account."""
        return self.svm.get(address)[0].lamports > 0

    def balance(self, token_account: Pubkey) -> int:
        """Base units in a token account; zero where there is none."""
        return self.ledger.balance(token_account)


def world_on(
    svm: Svm,
    parameters: Parameters | None = None,
    *,
    deploy: Path = DEPLOY,
    members: int = 3,
    initialized: bool = True,
) -> World:
    """A network on a new chain, at the first second of epoch 1; see `tests.programs.world.found`."""
    keys = (ADMIN, ROUTER, PAUSER, *committee_of(members))
    svm.start(ADMIN.pubkey(), GENESIS, {key.pubkey(): 1_000 * SOL for key in keys}, deploy)
    return found(cast(Chain, PipeChain(Ledger(svm))), parameters, members=members, initialized=initialized)
