"""A job that is opened here: what is done with it, and what becomes of it where that is interrupted or fails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from client.cli.output import when
from client.errors import IonetError, Unreachable
from client.state import Job
from machines.jobs.spec import digest
from machines.renting.bounds import Bounds
from machines.renting.chain import NoNode, OnChain, connected, paid
from machines.renting.going import Going, NodeGone, NotReady, NotTaken
from machines.renting.inputs import InputRefused
from machines.renting.interrupts import Interrupted, Interrupts
from machines.renting.machine import Machine
from machines.renting.opening import Order, open_order
from machines.renting.outcome import Outcome
from machines.renting.outputs import Fetching
from machines.renting.telling import Teller
from machines.renting.terminal import Sink

if TYPE_CHECKING:
    from solders.keypair import Keypair

Work = Callable[[Going, Outcome], Awaitable[bool]]
"""What is done with an open job; whether it is to be settled then."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a job that is opened here ends."""

    asks: bool = True
    """Whether somebody at the terminal confirms the quote."""
    keeps: bool = False
    """The job is not ended with its command."""
    cancels_on_interrupt: bool = False
    """Where there is nobody to ask."""


async def rent(
    url: str, key: Keypair, order: Order, work: Work, wishes: Wishes, bounds: Bounds, sink: Sink, tell: Teller
) -> Outcome:
    """Opens a job and does the work. What goes wrong before it is open is raised, and after that is in the outcome."""
    with Interrupts() as interrupts, tell:
        async with connected(url) as client:
            made, kept = await open_order(client, key, order, tell, interrupts, asks=wishes.asks)
            chain = OnChain(client, key, made.job, bounds, tell)
            going, outcome = Going(chain, kept, sink), Outcome(made.job)
            try:
                settles = await interrupts.unless(_filled(work, going, outcome))
                if settles and wishes.keeps:
                    await _leave(chain, outcome)
                elif settles:
                    tell.step("settling the job")
                    outcome.paid = await chain.settle()
            except Interrupted:
                outcome.error = "interrupted"
                await _interrupted(chain, outcome, interrupts, wishes)
            except IonetError as failed:
                outcome.error = str(failed)
                await _failed(failed, going, outcome)
            except Exception:
                tell.note(interrupts.last_words)
                raise
            return outcome


async def collected(going: Going, outcome: Outcome, folder: Path) -> bool:
    """Brings a job to its end, and everything that it leaves here; whether it is to be settled."""
    chain, fetching = going.chain, Fetching(going, folder)

    async def work(machine: Machine) -> Job:
        outcome.result = await going.result(machine)
        before = await chain.read()
        await fetching.fetch(machine, outcome.result)
        return before

    before = await going.attend(work)
    assert outcome.result is not None
    outcome.folder = folder if outcome.result.outputs else None
    outcome.log_is_whole = going.log.end(outcome.result)
    outcome.reported = await chain.reported(outcome.result, before, going.kept.spec)
    if outcome.reported == "differs":
        # To end it now would accept what its node reported.
        raise IonetError(
            f"the node gave a result with the digest {digest(outcome.result).hex()}, and reported another on the "
            f"chain, {(await chain.read()).digest.hex()}"
        )
    return True


@dataclass
class Deployed:
    """A service, once it is healthy."""

    token: str | None = None
    certificate: bytes = b""
    is_healthy: bool = False

    async def work(self, going: Going, outcome: Outcome) -> bool:
        """Brings a job to where its service answers, and leaves it running."""

        async def ready(machine: Machine) -> None:
            outcome.result, self.certificate = await going.ready(machine), machine.certificate

        await going.attend(ready)
        self.token = going.kept.token
        if outcome.result is not None:
            going.log.end(outcome.result)
            raise NotReady("the command ended before its service was healthy: its log may say why")
        self.is_healthy = True
        return False

    def json(self) -> dict[str, object]:
        """Beside what is said of the job."""
        return {
            "is_healthy": self.is_healthy,
            "token": self.token,
            "certificate_sha256": self.certificate.hex() or None,
        }

    def facts(self, outcome: Outcome) -> list[tuple[str, object]]:
        """How it is called, for people."""
        job = outcome.job
        return [
            ("job", job),
            ("node", outcome.node),
            ("call it", f"ionet job call {job} /"),
            ("for any tool", f"ionet job forward {job}"),
            ("from elsewhere", f"https://{outcome.endpoint}/v1/jobs/{job}/http/"),
            ("with the header", f"Authorization: Bearer {self.token}"),
            ("certificate", f"{self.certificate.hex()} (SHA-256; self-signed, so compare it)"),
            ("its log", f"ionet job logs {job} --follow"),
            ("end it", f"ionet job cancel {job}"),
        ]


async def _filled(work: Work, going: Going, outcome: Outcome) -> bool:
    """Does the work; the outcome says where, however it ends."""
    try:
        return await work(going, outcome)
    finally:
        going.sink.end()
        if going.place is not None:
            outcome.node, outcome.endpoint = going.place.node, going.endpoint
        if going.seen is not None:
            outcome.left_out = going.seen.harmless_left_out


async def _interrupted(chain: OnChain, outcome: Outcome, interrupts: Interrupts, wishes: Wishes) -> None:
    chain.tell.quiet()
    cancels = wishes.cancels_on_interrupt
    if interrupts.can_ask:
        cancels = await interrupts.confirm("\nCancel the job and take the refund?")
    await _end_or_leave(chain, outcome, ends=cancels)


async def _failed(failed: IonetError, going: Going, outcome: Outcome) -> None:
    """Ends a job of which nothing can come; leaves one whose work may be worth something, or is to be disputed."""
    chain = going.chain
    if isinstance(failed, Unreachable):
        chain.tell.note(f"job {chain.address} goes on as it was: `ionet job logs {chain.address} --follow`")
        return
    is_vain = isinstance(failed, (NoNode, NotTaken, NotReady, InputRefused))
    is_vain = is_vain or (isinstance(failed, NodeGone) and not going.is_started)
    await _end_or_leave(chain, outcome, ends=is_vain)


async def _end_or_leave(chain: OnChain, outcome: Outcome, *, ends: bool) -> None:
    """Whatever more goes wrong is added to the error."""
    try:
        if ends:
            chain.tell.step("cancelling the job")
            outcome.paid = await chain.settle()
        else:
            await _leave(chain, outcome)
    except IonetError as again:
        outcome.error = f"{outcome.error}; then: {again}. `ionet job show {chain.address}` says how the job is"


async def _leave(chain: OnChain, outcome: Outcome) -> None:
    """Says what a job that is left does, and what can be done with it."""
    job, name = await chain.read(), chain.address
    if job.is_finished:
        outcome.paid = paid(job)
        return
    until = f" until {when(job.end)}" if job.state == Job.RUNNING else ""
    chain.tell.note(
        f"job {name} is left {job.state_name}, and costs what its node works{until}. `ionet job logs {name} --follow` "
        f"goes on with it, `ionet job outputs {name}` fetches what it left, `ionet job cancel {name}` pays its node "
        f"and takes the refund, `ionet job dispute {name} --evidence FILE` asks the committee first"
    )
