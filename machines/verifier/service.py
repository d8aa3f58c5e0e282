"""The verifier while it runs: rounds of challenges at random times, a few in every hour."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
from solana.rpc.async_api import AsyncClient
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import economics, files, reads
from client.economics import SECONDS_PER_HOUR
from client.errors import IonetError
from client.logs import logger
from client.rpc import FAILURES, chain_time, reason
from client.sending import DEFAULT, SendOptions
from machines.verifier import measuring, plan, targets
from machines.verifier.plan import Limits
from machines.verifier.results import Outcome
from machines.verifier.rounds import NeverRecorded, Round, Rounds

LOOK_SECONDS: Final = 2.0
"""At most, between two looks at the chain's clock."""
RESERVE_SECONDS: Final = 600
"""Of each window, at its end: for measuring and recording before the window is over."""

log = logger("verifier")


@dataclass
class Verifier:
    """One verifier, a member of the committee."""

    client: AsyncClient
    key: Keypair = field(repr=False)
    folder: Path
    limits: Limits
    rounds_per_hour: int = 2
    group: int = 4
    """Nodes that are challenged at the same time, where nothing else says that they belong together."""
    options: SendOptions = DEFAULT
    _rounds: Rounds = field(init=False)

    def __post_init__(self) -> None:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as failed:
            raise IonetError(f"the verifier's folder {self.folder} cannot be used: {failed.strerror}") from None
        self._rounds = Rounds(self.client, self.key, self.folder, self.options)

    async def run(self, rounds: int | None = None) -> None:
        """One round in each window of each hour; so many, or until it is cancelled. What fails is tried at the next."""
        done, last = 0, -1
        while rounds is None or done < rounds:
            try:
                window = await self._window()
                if window.number == last or window.latest <= window.now:
                    await asyncio.sleep(LOOK_SECONDS)
                    continue
                await self.round(window)
                last = window.number
                done += 1
            except (*FAILURES, OSError) as failed:
                if rounds is not None:
                    raise
                log.warning("round failed", reason=reason(failed))
                await asyncio.sleep(LOOK_SECONDS)

    async def round(self, window: Window) -> list[Outcome]:
        """Commits, waits for the drawn time, measures, records; goes on with what a process before it left."""
        found = self._rounds.unfinished()
        if found is not None and found.stage == "measured":
            try:
                rows = await self._rounds.record(found)
                log.info("recorded", epoch=found.epoch, round=found.number, rows=rows, resumed=True)
            except NeverRecorded as refused:
                log.warning("round given up", epoch=found.epoch, round=found.number, reason=str(refused))
            found = None
        if found is not None and (found.stage == "measuring" or found.epoch != window.epoch):
            log.warning("round given up", epoch=found.epoch, round=found.number, stage=found.stage)
            self._rounds.give_up()
            found = None
        committed = await self._committed(found, window)
        seed = await self._rounds.draw(committed)
        begins = committed.opened_at + plan.wait_seconds(seed, committed.latest - committed.opened_at)
        said = {"epoch": committed.epoch, "round": committed.number, "challenge": str(committed.address)}
        log.info("committed", **said, begins_at=begins)
        await self._wait_until(begins)
        groups = plan.groups(seed, await targets.find(self.client), self.group)
        measuring_ = self._rounds.begin(committed)
        log.info("measuring", epoch=committed.epoch, round=committed.number, nodes=sum(map(len, groups)))
        outcomes = await measuring.measure(self.key, seed, groups, self.limits, _tell)
        measured = self._rounds.measured(measuring_, [one.measurement() for one in outcomes])
        self._keep(committed, outcomes)
        rows = await self._rounds.record(measured)
        log.info("recorded", epoch=committed.epoch, round=committed.number, rows=rows)
        return outcomes

    async def _committed(self, found: Round | None, window: Window) -> Round:
        if found is None:
            return await self._rounds.commit(window.latest - window.now)
        return await self._rounds.finish_commit(found) if found.stage == "drafted" else found

    async def _window(self) -> Window:
        """The window that runs, by the chain's clock."""
        genesis, now = (await reads.committee(self.client)).genesis, await chain_time(self.client)
        epoch = economics.epoch_at(genesis, now)
        if epoch is None:
            raise IonetError("epoch 1 has not begun: challenges belong to an epoch")
        seconds = SECONDS_PER_HOUR // self.rounds_per_hour
        place = min((now - genesis) % SECONDS_PER_HOUR // seconds, self.rounds_per_hour - 1)
        end = genesis + (epoch - 1) * SECONDS_PER_HOUR + (place + 1) * seconds
        reserve = min(RESERVE_SECONDS, seconds // 2)
        return Window(epoch, epoch * self.rounds_per_hour + place, now, end - reserve)

    async def _wait_until(self, time: int) -> None:
        """By the chain's clock, which may stand, or jump."""
        while (left := time - await chain_time(self.client)) > 0:  # noqa: ASYNC110 - the chain has no event for it
            await asyncio.sleep(min(LOOK_SECONDS, left))

    def _keep(self, round: Round, outcomes: list[Outcome]) -> None:
        """What was measured, with its uncertainty, which the chain has no place for."""
        file = self.folder / f"results-{round.epoch}-{round.number}.json"
        shown = {"epoch": round.epoch, "round": round.number, "nodes": [one.as_json() for one in outcomes]}
        files.replace(file, msgspec.json.format(msgspec.json.encode(shown), indent=2))


@dataclass(frozen=True, slots=True)
class Window:
    """A part of an hour, in which one round is to be."""

    epoch: int
    number: int
    """Counts windows from the first hour on."""
    now: int
    """The chain's time, Unix seconds."""
    latest: int
    """At which a round may begin."""


def _tell(outcome: Outcome) -> None:
    log.info("measured", **outcome.as_json())


async def measure_once(client: AsyncClient, key: Keypair, node: Pubkey, limits: Limits, seed: bytes) -> Outcome:
    """Measures one node now, and records nothing: what its owner would see on the chain."""
    found = [target for target in await targets.find(client) if target.node == node]
    if not found:
        raise IonetError(
            f"the node {node} cannot be challenged: it has too little collateral, no announced agent, or no processor "
            "that is not rented; see `ionet node show`"
        )
    (outcome,) = await measuring.measure(key, seed, [found], limits)
    return outcome
