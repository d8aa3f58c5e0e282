"""What is ordered: a spec and the hours it may take, quoted, confirmed and opened."""

from __future__ import annotations

import secrets
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from client import actions, reads
from client.amounts import NANO_USD, USD
from client.errors import IonetError
from client.reads import JobQuote
from machines.jobs.spec import Limits, Service, Spec
from machines.renting.inputs import Input
from machines.renting.interrupts import Interrupts
from machines.renting.kept import Kept, keep
from machines.renting.telling import Teller

if TYPE_CHECKING:
    from solana.rpc.async_api import AsyncClient
    from solders.keypair import Keypair
    from solders.pubkey import Pubkey

    from client.actions.jobs import Opened


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants to rent."""

    hardware_class: str
    processors: int
    hours: int
    max_usd: int | None
    """USD base units; None: whatever the quote says."""
    benefit: int
    credit: int | None
    pay_in_io: bool
    user_id: int | None
    spec: Spec
    inputs: list[Input]
    token: str | None
    output: Path | None
    """Folder for what the job leaves; None: one by the job's address, here."""


def spec_of(
    command: list[str],
    *,
    image: str | None,
    environment: dict[str, str],
    inputs: list[Input],
    limits: Limits,
    service: Service | None,
) -> tuple[Spec, str | None]:
    """The spec, and the token that opens its service. Raises `NotAJob`, which is told before anything is paid."""
    token = secrets.token_urlsafe(32) if service else None
    spec = Spec(
        command=command,
        image=image,
        environment=environment,
        inputs=[one.file for one in inputs],
        limits=limits,
        service=service,
        token_sha256=sha256(token.encode()).hexdigest() if token else None,
    )
    return spec, token


async def open_order(
    client: AsyncClient, key: Keypair, order: Order, tell: Teller, interrupts: Interrupts, *, asks: bool
) -> tuple[Opened, Kept]:
    """Shows the quote, asks if there is somebody to ask, opens the job, and writes down what it takes to go on.

    Until the job is opened a signal ends this, and nothing was paid.
    """
    user, quote = await interrupts.unless(_quoted(client, key, order, tell))
    tell.note(said(quote))
    if asks and sys.stdin.isatty() and sys.stderr.isatty():
        tell.quiet()
        if not await interrupts.unless(interrupts.confirm("Open it?")):
            raise IonetError("nothing was opened, and nothing paid")
    interrupts.check()
    tell.step("opening the job")
    # Not cancelled by a signal: whether it was paid for would be unknown.
    made = await actions.open_job(
        client,
        key,
        user=user,
        hardware_class=order.hardware_class,
        processors=order.processors,
        hours=order.hours,
        max_deposit=quote.deposit if order.max_usd is None else order.max_usd,
        benefit=order.benefit,
        credit=order.credit,
        pay_in_io=order.pay_in_io,
    )
    kept = Kept(
        job=str(made.job),
        spec=order.spec,
        sources={one.file.sha256: str(one.source) for one in order.inputs},
        output=str((order.output or Path(f"ionet-{made.job}")).absolute()),
        token=order.token,
    )
    interrupts.last_words = f"job {made.job} is left as it is: `ionet job show {made.job}`"
    tell.note(f"job {made.job} is open; {USD.show(made.quote.deposit)} are in its vault")
    try:
        keep(kept)
    except IonetError as failed:
        tell.note(f"{failed}. This run goes on; another could not")
    return made, kept


async def _quoted(client: AsyncClient, key: Keypair, order: Order, tell: Teller) -> tuple[Pubkey, JobQuote]:
    tell.step("asking for the price")
    user, _ = await reads.user_of(client, key.pubkey(), order.user_id)
    quote = await reads.quote_job(client, order.hardware_class, order.processors, order.hours, user, order.benefit)
    return user, quote


def said(quote: JobQuote) -> str:
    """A quote as a sentence."""
    return (
        f"{quote.hours} h x {quote.processors} x {quote.hardware_class}: {USD.show(quote.deposit)} to be paid in, "
        f"{USD.show(quote.rate_per_hour)} an hour ({NANO_USD.show(quote.price_nano_usd)} per processor-hour); seconds "
        "not worked are refunded"
    )
