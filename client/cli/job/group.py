"""What the commands of `ionet job` share."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from client.cli.job.shown import job_facts, job_json
from client.cli.options import Settings, address, group
from client.cli.output import emit, facts
from client.cli.plugins import Joined

if TYPE_CHECKING:
    from solana.rpc.async_api import AsyncClient
    from solders.keypair import Keypair

    from client.sending import Sent
    from client.state import Job


class Jobs(Joined):
    """What is done with jobs; `run` and what follows it come from the room that speaks with machines."""

    ENTRY_POINTS = "ionet.job.commands"


app = group("Jobs: rent processors by the hour, extend and cancel, report work, settle, dispute.", Jobs)

JobAddress = Annotated[str, typer.Argument(help="The job's address.", metavar="JOB")]


def act(chosen: Settings, doing: str, job: str, done: str, action: Any) -> None:
    """Does what one command does: a key, one transaction, then the job as it is."""
    from client import reads

    at, key = address(job), chosen.keypair()

    async def work(client: AsyncClient, key: Keypair = key) -> tuple[Sent, Job]:
        sent = await action(client, key, at)
        return sent, await reads.job(client, at)

    sent, found = chosen.run(doing, work)
    if chosen.as_json:
        emit({**job_json(at, found), "signature": str(sent.signature)})
    else:
        facts(done, [*job_facts(at, found), ("transaction", sent.signature)])


def hash_of(text: str, what: str) -> bytes:
    """32 bytes in hex, for the command line."""
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    if len(raw) != 32:
        raise typer.BadParameter(f"{text!r} is no {what}: give 32 bytes in hex (64 digits)")
    return raw


def hash_of_file(file: Path) -> bytes:
    """SHA-256 of a file."""
    return sha256(file.read_bytes()).digest()
