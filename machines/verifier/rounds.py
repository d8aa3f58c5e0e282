"""One challenge on the chain: commit, draw, reveal and record. Each step is written down before it is taken, so that a
kill loses nothing and repeats nothing.

The secret stays in the verifier's folder until it is recorded. A round in which nodes were asked already and that was
not measured to its end is given up: its seed is known to those who were asked.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal

import msgspec
from solana.rpc.async_api import AsyncClient
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import accounts, addresses, economics, files, reads
from client.errors import IonetError, Refused
from client.instructions import oracle
from client.instructions.oracle import Measurement
from client.rpc import chain_time
from client.sending import DEFAULT, SendOptions, send
from client.state import Challenge
from machines.proofs import seeds

_NOT_DRAWN: Final = bytes(32)
_DRAW_TRIES: Final = 60
_DRAW_SECONDS: Final = 0.5
_MAX_ROUND: Final = 2**16


_FOR_GOOD: Final = {"NotAMember", "SecretMismatch", "OutcomeInvalid"}
"""With which the oracle refuses a record that it would refuse at every later try, too."""


class NeverRecorded(IonetError):
    """A round that was measured, and that the chain will never take."""


class Row(msgspec.Struct, frozen=True):
    """A measurement, as it is kept."""

    node: str
    bandwidth: int
    memory: int
    clock: int
    compute: int
    latency: int
    outcome: int


class Round(msgspec.Struct, frozen=True):
    """How far a round is."""

    verifier: str
    epoch: int
    number: int
    secret: str
    """32 bytes in hex."""
    opened_at: int
    """The chain's time before the commitment, Unix seconds,"""
    latest: int
    """and the last at which the challenge may begin: kept, so that who starts again does not draw another time."""
    stage: Literal["drafted", "committed", "measuring", "measured"]
    rows: tuple[Row, ...] = ()

    @property
    def address(self) -> Pubkey:
        """Of the challenge's account."""
        return addresses.challenge(Pubkey.from_string(self.verifier), self.epoch, self.number)


class Rounds:
    """The rounds of one verifier, one after the other."""

    def __init__(self, client: AsyncClient, key: Keypair, folder: Path, options: SendOptions = DEFAULT) -> None:
        self.client = client
        self.key = key
        self.options = options
        self._file = folder / f"round-{key.pubkey()}.json"

    def unfinished(self) -> Round | None:
        """What a process before this one left."""
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=Round)
        except FileNotFoundError:
            return None
        except msgspec.MsgspecError as damaged:
            raise IonetError(f"{self._file} is damaged ({damaged}): delete it; its round is lost") from None

    async def commit(self, window_seconds: int = 1) -> Round:
        """Binds this verifier to a secret that nobody knows; the challenge is to begin within so many seconds.

        Raises `Refused` where it is no member.
        """
        genesis, now = (await reads.committee(self.client)).genesis, await chain_time(self.client)
        epoch = economics.epoch_at(genesis, now)
        if epoch is None:
            raise IonetError("epoch 1 has not begun: challenges belong to an epoch")
        drafted = Round(
            verifier=str(self.key.pubkey()),
            epoch=epoch,
            number=await self._free_number(epoch),
            secret=secrets.token_hex(32),
            opened_at=now,
            latest=now + window_seconds,
            stage="drafted",
        )
        self._keep(drafted)
        return await self.finish_commit(drafted)

    async def finish_commit(self, drafted: Round) -> Round:
        """Sends the commitment of a draft, unless it is on the chain."""
        if await accounts.fetch(self.client, Challenge, drafted.address) is None:
            instruction = oracle.commit_challenge(
                verifier=self.key.pubkey(),
                epoch=drafted.epoch,
                round=drafted.number,
                commitment=sha256(bytes.fromhex(drafted.secret)).digest(),
            )
            await send(self.client, [instruction], [self.key], self.options)
        return self._keep(msgspec.structs.replace(drafted, stage="committed"))

    async def draw(self, committed: Round) -> bytes:
        """The challenge's seed, 32 bytes: of the secret and of the first block after the commitment."""
        for _ in range(_DRAW_TRIES):
            found = await reads.require(self.client, Challenge, committed.address, "challenge")
            if found.slot_hash != _NOT_DRAWN:
                return seeds.challenge_seed(bytes.fromhex(committed.secret), found.slot_hash)
            try:
                drawing = oracle.draw_challenge(challenge=committed.address)
                await send(self.client, [drawing], [self.key], self.options)
            except Refused as refused:
                if refused.name == "SlotHashGone":
                    self.give_up()
                    raise
                if refused.name not in ("TooEarly", "AlreadyDrawn"):
                    raise
                await asyncio.sleep(_DRAW_SECONDS)
        raise IonetError(f"no block follows the commitment {committed.address}: does the chain stand still?")

    def begin(self, committed: Round) -> Round:
        """From here on nodes are asked, and learn of the seed what they are asked."""
        return self._keep(msgspec.structs.replace(committed, stage="measuring"))

    def measured(self, measuring: Round, measurements: Sequence[Measurement]) -> Round:
        """Keeps what was measured until it is recorded."""
        ordered = sorted(measurements, key=lambda one: bytes(one.node))
        rows = tuple(Row(str(m.node), m.bandwidth, m.memory, m.clock, m.compute, m.latency, m.outcome) for m in ordered)
        return self._keep(msgspec.structs.replace(measuring, stage="measured", rows=rows))

    async def record(self, measured: Round) -> int:
        """Reveals the secret and records, in batches, what is not recorded yet; how many rows.

        Raises `NeverRecorded`, and forgets the round, where no other try can mend what the chain has against it.
        """
        found = await reads.require(self.client, Challenge, measured.address, "challenge")
        rows = [row for row in measured.rows if bytes(Pubkey.from_string(row.node)) > bytes(found.last_node)]
        for start in range(0, len(rows), oracle.MAX_MEASUREMENTS):
            batch = [
                Measurement(**{**msgspec.structs.asdict(row), "node": Pubkey.from_string(row.node)})
                for row in rows[start : start + oracle.MAX_MEASUREMENTS]
            ]
            recording = oracle.record_challenges(
                verifier=self.key.pubkey(),
                challenge=measured.address,
                secret=bytes.fromhex(measured.secret),
                measurements=batch,
            )
            try:
                await send(self.client, [recording], [self.key], self.options)
            except Refused as refused:
                if refused.program != "oracle" or refused.name not in _FOR_GOOD:
                    raise
                self.give_up()
                raise NeverRecorded(
                    f"{len(rows) - start} measurements of round {measured.number} of epoch {measured.epoch} are given "
                    f"up, for the chain will never take them: {refused}"
                ) from None
        self.give_up()
        return len(rows)

    def give_up(self) -> None:
        """Forgets the round: it is recorded, or never will be."""
        self._file.unlink(missing_ok=True)

    async def _free_number(self, epoch: int) -> int:
        verifier = self.key.pubkey()
        for number in range(_MAX_ROUND):
            if await accounts.fetch(self.client, Challenge, addresses.challenge(verifier, epoch, number)) is None:
                return number
        raise IonetError(f"{verifier} has used all {_MAX_ROUND} rounds of epoch {epoch}")

    def _keep(self, round: Round) -> Round:
        files.replace(self._file, msgspec.json.encode(round))
        return round
