"""How quotes and jobs are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from client.amounts import IO, NANO_USD, USD, format_bp
from client.cli.output import duration, when

if TYPE_CHECKING:
    from solders.pubkey import Pubkey

    from client.actions.paying import DollarQuote
    from client.reads import JobQuote
    from client.state import Job


def quote_json(quote: JobQuote) -> dict[str, Any]:
    return {
        "class": quote.hardware_class,
        "processors": quote.processors,
        "hours": quote.hours,
        "price_nano_usd_per_processor_hour": quote.price_nano_usd,
        "reputation": quote.reputation,
        "benefit": _benefit(quote.benefit),
        "discount_bp": quote.discount_bp,
        "rate_per_hour_usd_units": quote.rate_per_hour,
        "deposit_usd_units": quote.deposit,
        "price_valid_until": quote.valid_until,
        "chain_time": quote.now,
        "price_is_fresh": quote.is_fresh,
    }


def quote_facts(quote: JobQuote) -> list[tuple[str, object]]:
    fresh = f"until {when(quote.valid_until)}" if quote.is_fresh else f"stale since {when(quote.valid_until)}"
    return [
        ("work", f"{quote.hours} h x {quote.processors} x {quote.hardware_class}"),
        ("price", f"{NANO_USD.show(quote.price_nano_usd)} per processor-hour ({fresh})"),
        ("benefit", f"{_benefit_text(quote.benefit, quote.discount_bp)} for a reputation of {quote.reputation:,}"),
        ("per hour", USD.show(quote.rate_per_hour)),
        ("to be paid", USD.show(quote.deposit)),
    ]


def sold_json(quote: DollarQuote) -> dict[str, Any]:
    return {
        "needed_usd_units": quote.usd,
        "io_units": quote.io,
        "io_units_at_most": quote.io_max,
        "vault_usd_units": quote.auction.vault_usd,
        "price_nano_usd_per_io": quote.auction.price_nano_usd,
        "premium_bp": quote.auction.premium_bp,
    }


def sold_facts(quote: DollarQuote) -> list[tuple[str, object]]:
    worth = f"{NANO_USD.show(quote.auction.price_nano_usd)} per IO and {format_bp(quote.auction.premium_bp)}"
    return [("sold and burned", f"up to {IO.show(quote.io_max)} for {USD.show(quote.usd)} ({worth})")]


def job_json(at: Pubkey, job: Job) -> dict[str, Any]:
    return {
        "job": str(at),
        "state": job.state_name,
        "user": str(job.user),
        "node": str(job.node) if job.has_node else None,
        "class": job.class_,
        "id": job.id,
        "processors": job.processors,
        "hours": job.hours,
        "rate_per_hour_usd_units": job.rate_per_hour,
        "price_nano_usd_per_processor_hour": job.price_nano_usd,
        "benefit": _benefit(job.benefit),
        "discount_bp": job.discount_bp,
        "deposit_usd_units": job.deposit,
        "granted_usd_units": job.granted,
        "settled_usd_units": job.settled_usd,
        "bond_usd_units": job.bond,
        "affiliate_usd": str(job.affiliate_usd) if job.has_affiliate else None,
        "opened_at": job.opened_at,
        "started_at": job.started_at or None,
        "reported_at": job.reported_at or None,
        "disputed_at": job.disputed_at or None,
        "ends_at": job.end if job.has_node else None,
        "assignments": job.assignments,
        "worked_seconds": job.worked_seconds,
        "settled_seconds": job.settled_seconds,
        "settlements": job.period,
        "digest": job.digest.hex(),
    }


def job_facts(at: Pubkey, job: Job) -> list[tuple[str, object]]:
    granted = f", {USD.show(job.granted)} of it granted" if job.granted else ""
    nodes = f" (node {job.assignments} of this job)" if job.assignments > 1 else ""
    shown: list[tuple[str, object]] = [
        ("job", at),
        ("state", job.state_name),
        ("user", job.user),
        ("node", f"{job.node}{nodes}" if job.has_node else "none yet" if job.assignments == 0 else "waits for another"),
        ("work", f"{job.hours} h x {job.processors} x {job.class_}"),
        ("per hour", USD.show(job.rate_per_hour)),
        ("benefit", _benefit_text(job.benefit, job.discount_bp)),
        ("paid in", f"{USD.show(job.deposit)}{granted}"),
        ("settled", f"{USD.show(job.settled_usd)} for {duration(job.settled_seconds)}"),
        ("worked", duration(job.worked_seconds)),
        ("opened", when(job.opened_at)),
        ("started", when(job.started_at)),
    ]
    if job.state == job.RUNNING:
        shown.append(("ends", when(job.end)))
    if job.disputed_at:
        shown.append(("disputed", when(job.disputed_at)))
    if job.bond:
        shown.append(("bond held", USD.show(job.bond)))
    return shown


def _benefit(benefit: int) -> str:
    from client.state import Job

    return Job.BENEFITS.get(benefit, str(benefit))


def _benefit_text(benefit: int, discount_bp: int) -> str:
    if _benefit(benefit) == "discount":
        return f"a discount of {format_bp(discount_bp)}"
    return f"locked IO: bonus coupons of {format_bp(discount_bp)} of what is paid"
