"""`ionet job logs`, `outputs`"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from client.cli.job.group import JobAddress
from client.cli.options import AsJson, KeypairFile, Settings, Url, address, settings, single
from client.cli.output import emit, note
from client.errors import IonetError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from solders.pubkey import Pubkey

    from machines.jobs.spec import Result
    from machines.renting.bounds import Bounds
    from machines.renting.chain import Reported
    from machines.renting.going import Going
    from machines.renting.machine import Machine, Seen
    from machines.renting.terminal import Sink

T = TypeVar("T")

logs_app, outputs_app = single(), single()


@logs_app.command()
def logs(
    ctx: typer.Context,
    job: JobAddress,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Wait for more until the job ends; deliver it if it was not yet.")
    ] = False,
    start: Annotated[int, typer.Option("--from", help="First byte that is wanted.", metavar="N", min=0)] = 0,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Show what your job has written to stdout and stderr. With --json, the log goes to stderr."""
    from machines.renting.bounds import Bounds
    from machines.renting.outcome import Outcome
    from machines.renting.terminal import Sink

    chosen, at = settings(ctx, url, keypair, as_json), address(job)
    sink = Sink(sys.stderr if chosen.as_json else sys.stdout)
    outcome = Outcome(at)

    async def followed(going: Going) -> None:
        outcome.result = await going.attend(going.result, may_be_over=True)
        outcome.log_is_whole = going.log.end(outcome.result)
        await _say_if_it_costs(going)

    async def shown(going: Going) -> None:
        async def work(machine: Machine) -> None:
            seen = await _seen(going, machine)
            outcome.result = seen.result
            await going.log.show(machine.log)

        await going.attend(work, may_be_over=True)

    bounds = Bounds() if follow else Bounds(node=0, away=20)
    going = _go_on(chosen, at, sink, bounds, followed if follow else shown, start=start, may_deliver=follow)
    if going.place is not None:
        outcome.node, outcome.endpoint = going.place.node, going.endpoint
    for line in outcome.lines():
        note(line)
    if chosen.as_json:
        emit({**outcome.json(), "log_end": going.log.at})


@outputs_app.command()
def outputs(
    ctx: typer.Context,
    job: JobAddress,
    output: Annotated[
        Path | None, typer.Option(help="Folder for them. Default: as `run` was told, or ./ionet-JOB.", metavar="DIR")
    ] = None,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Fetch what your job left in /work/out, once it has ended: checked, and over nothing that is there.

    The job goes on until you end it: `ionet job cancel` pays its node and refunds the rest.
    """
    from machines.renting.bounds import Bounds
    from machines.renting.outcome import Outcome
    from machines.renting.outputs import Fetching
    from machines.renting.terminal import Sink

    chosen, at = settings(ctx, url, keypair, as_json), address(job)
    outcome = Outcome(at)

    async def work(going: Going) -> None:
        folder = (output or Path(going.kept.output)).absolute()
        fetching = Fetching(going, folder)

        async def fetched(machine: Machine) -> Result:
            seen = await _seen(going, machine)
            if seen.result is None:
                raise NotYet(f"job {at} is {seen.state}: its outputs are there once it has ended")
            outcome.result, outcome.left_out = seen.result, seen.harmless_left_out
            await fetching.fetch(machine, seen.result)
            return seen.result

        result = await going.attend(fetched, may_be_over=True)
        outcome.folder = folder if result.outputs else None
        outcome.reported = await _reported(going, result)
        await _say_if_it_costs(going)

    going = _go_on(chosen, at, Sink(sys.stderr), Bounds(node=0, away=20), work, may_deliver=False)
    if going.place is not None:
        outcome.node, outcome.endpoint = going.place.node, going.endpoint
    for line in outcome.lines():
        note(line)
    if outcome.reported == "differs":
        note("what the node reported on the chain is not this result: `ionet job dispute` has the committee decide")
    if chosen.as_json:
        emit(outcome.json())


class NotYet(IonetError):
    """A job that has not ended."""


def _go_on(
    chosen: Settings,
    job: Pubkey,
    sink: Sink,
    bounds: Bounds,
    work: Callable[[Going], Awaitable[None]],
    *,
    may_deliver: bool,
    start: int = 0,
) -> Going:
    """Does the work with a job that was opened before."""
    from machines.renting.chain import OnChain, connected
    from machines.renting.going import Going
    from machines.renting.kept import recall_or_guess
    from machines.renting.telling import Teller

    key, kept = chosen.keypair(), recall_or_guess(job)

    async def going_on() -> Going:
        with Teller() as tell:
            async with connected(chosen.url) as client:
                chain = OnChain(client, key, job, bounds, tell)
                await chain.require_own()
                going = Going(chain, kept, sink, log_start=start, may_deliver=may_deliver)
                try:
                    await work(going)
                finally:
                    sink.end()
                return going

    return asyncio.run(going_on())


async def _seen(going: Going, machine: Machine) -> Seen:
    """How the job is at its node, which has to know it."""
    seen = await machine.look()
    if seen is None or seen.state == "new":
        raise NotYet(
            f"node {machine.node} has not begun job {going.chain.address}: `ionet job logs {going.chain.address} "
            "--follow` delivers it, where it was opened"
        )
    if seen.result is not None:
        going.require_ours(seen.result, machine)
    return seen


async def _say_if_it_costs(going: Going) -> None:
    """A job goes on until its hours are over, though its command has ended."""
    from client.state import Job

    at = going.chain.address
    if (await going.chain.read()).state == Job.RUNNING:
        going.chain.tell.note(
            f"the command has ended, and the job has not: `ionet job cancel {at}` pays its node and refunds the rest, "
            f"`ionet job outputs {at}` fetches what it left"
        )


async def _reported(going: Going, result: Result) -> Reported:
    """What the chain says of a result now, without waiting for more."""
    from machines.jobs.spec import digest
    from machines.renting.chain import NO_DIGEST

    said = (await going.chain.read()).digest
    if said == digest(result):
        return "confirmed"
    return "missing" if said in (NO_DIGEST, digest(going.kept.spec)) else "differs"
