"""Instructions of `escrow`: jobs and their dollars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from client import addresses
from client.idl import as_argument, build, program_id, signing
from client.state import EscrowParameters, Job


@dataclass(frozen=True, slots=True)
class Draw:
    """What the router drew a node by."""

    seed: bytes
    """32 bytes, as the digest."""
    candidates_digest: bytes
    as_of_slot: int
    """The slot whose state the candidates were read from."""
    total_weight: int
    ticket: int
    """Below the total weight."""
    candidates: int


BY_HAND = Draw(seed=bytes(32), candidates_digest=bytes(32), as_of_slot=0, total_weight=0, ticket=0, candidates=0)
"""The draw of a node that was not drawn."""


def initialize(*, admin: Pubkey, usd_mint: Pubkey, parameters: EscrowParameters) -> Instruction:
    """Sets the terms of every job. Signed by `admin`, the program's upgrade authority, which pays.

    Derived: terms, program data.
    """
    accounts = {
        "admin": admin,
        "terms": addresses.terms(),
        "usd_mint": usd_mint,
        "program_data": addresses.program_data("escrow"),
    }
    return build("escrow", "initialize", accounts, {"parameters": as_argument(parameters)})


def set_parameters(*, admin: Pubkey, parameters: EscrowParameters) -> Instruction:
    """Changes the parameters, from an epoch's start after the delay on. Signed by the admin.

    Derived: committee, terms.
    """
    accounts = {"admin": admin, "committee": addresses.committee(), "terms": addresses.terms()}
    return build("escrow", "set_parameters", accounts, {"parameters": as_argument(parameters)})


def open_credit(*, payer: Pubkey, user: Pubkey, usd_mint: Pubkey) -> Instruction:
    """Opens the account of what the actor `user` is granted. Signed by `payer`, which may be anyone.

    Derived: committee, terms, credit.
    """
    accounts = {
        "payer": payer,
        "committee": addresses.committee(),
        "user": user,
        "terms": addresses.terms(),
        "usd_mint": usd_mint,
        "credit": addresses.credit(user),
    }
    return build("escrow", "open_credit", accounts)


def open_job(
    *,
    authority: Pubkey,
    user: Pubkey,
    id: int,
    hardware_class: str,
    processors: int,
    hours: int,
    max_deposit: int,
    usd_mint: Pubkey,
    source: Pubkey,
    benefit: int = Job.DISCOUNT,
    from_credit: int = 0,
) -> Instruction:
    """Opens job `id` of the actor `user` and pays for it from `source`, a token account of dollars.

    `max_deposit`: the most it may cost, USD base units; up to `from_credit` of it comes from the user's credit.
    `benefit`: `Job.DISCOUNT` or `LOCKED_IO`. Signed by the user's authority, which pays the rent.
    Derived: committee, earner, feed, terms, job, vault, credit.
    """
    job = addresses.job(user, id)
    accounts = {
        "authority": authority,
        "committee": addresses.committee(),
        "user": user,
        "earner": addresses.earner(user),
        "feed": addresses.feed(hardware_class),
        "terms": addresses.terms(),
        "job": job,
        "usd_mint": usd_mint,
        "vault": addresses.job_vault(job),
        "source": source,
        "credit": addresses.credit(user) if from_credit else None,
    }
    args = {
        "id": id,
        "processors": processors,
        "hours": hours,
        "max_deposit": max_deposit,
        "benefit": benefit,
        "from_credit": from_credit,
    }
    return build("escrow", "open_job", accounts, args)


def extend_job(
    *, authority: Pubkey, job: Pubkey, hardware_class: str, hours: int, max_deposit: int, source: Pubkey
) -> Instruction:
    """Adds hours to a job of this class at its own rate, paid from `source`, a token account of dollars.

    `max_deposit`: the most they may cost, USD base units. Signed by the user's authority.
    Derived: committee, feed, terms, vault.
    """
    accounts = {
        "authority": authority,
        "committee": addresses.committee(),
        "feed": addresses.feed(hardware_class),
        "terms": addresses.terms(),
        "job": job,
        "vault": addresses.job_vault(job),
        "source": source,
    }
    return build("escrow", "extend_job", accounts, {"hours": hours, "max_deposit": max_deposit})


def start_job(*, router: Pubkey, job: Pubkey, node: Pubkey, draw: Draw = BY_HAND) -> Instruction:
    """Assigns a node's actor to an open job, starts its clock and records the draw. Signed by the router.

    Derived: committee, terms.
    """
    accounts = {
        "router": router,
        "committee": addresses.committee(),
        "terms": addresses.terms(),
        "job": job,
        "node": node,
    }
    as_lists = {name: list(value) if isinstance(value, bytes) else value for name, value in asdict(draw).items()}
    return build("escrow", "start_job", accounts, {"draw": as_lists})


def report_job(*, by: Pubkey, node: Pubkey, job: Pubkey, digest: bytes, as_agent: bool = False) -> Instruction:
    """The node says that it has worked until now; `digest`: 32 bytes over what it did.

    Signed by `by`: the node's authority, or `as_agent` its agent. Derived: agent.
    """
    accounts = {"by": by, "node": node, "job": job, "agent": addresses.agent(node) if as_agent else None}
    return build("escrow", "report_job", accounts, {"digest": list(digest)})


def release_job(*, by: Pubkey, job: Pubkey, node: Pubkey, as_agent: bool = False) -> Instruction:
    """Takes the node's actor off a running job, which waits for another. Signed by `by`: anyone once the node is
    silent, the node's authority or, `as_agent`, its agent at any time. Derived: terms, agent.
    """
    accounts = {
        "by": by,
        "terms": addresses.terms(),
        "job": job,
        "node": node,
        "agent": addresses.agent(node) if as_agent else None,
    }
    return build("escrow", "release_job", accounts)


def end_job(*, authority: Pubkey, job: Pubkey) -> Instruction:
    """Stops a running job: what was worked is to be paid, the rest to be refunded. Signed by the user's authority.

    Derived: terms.
    """
    accounts = {"authority": authority, "terms": addresses.terms(), "job": job}
    return build("escrow", "end_job", accounts)


def dispute_job(*, authority: Pubkey, job: Pubkey, source: Pubkey, evidence: bytes) -> Instruction:
    """Stops a running job and disputes what is reported and not paid; locks the bond from `source`, dollars.

    `evidence`: SHA-256, 32 bytes. Signed by the user's authority. Derived: terms, vault.
    """
    accounts = {
        "authority": authority,
        "terms": addresses.terms(),
        "job": job,
        "vault": addresses.job_vault(job),
        "source": source,
    }
    return build("escrow", "dispute_job", accounts, {"evidence": list(evidence)})


def resolve_dispute(
    *, signers: Sequence[Pubkey], job: Pubkey, node: Pubkey, node_usd: Pubkey, accepted_seconds: int
) -> Instruction:
    """Decides that the job's node is paid up to `accepted_seconds` of the job, and divides the bond.

    `node_usd`: any dollar account of the node's authority. Signed by `signers`, a strict majority of the committee.
    Derived: committee, terms, vault.
    """
    accounts = {
        "committee": addresses.committee(),
        "terms": addresses.terms(),
        "job": job,
        "vault": addresses.job_vault(job),
        "node": node,
        "node_usd": node_usd,
    }
    return build("escrow", "resolve_dispute", accounts, {"accepted_seconds": accepted_seconds}, signing(signers))


def lapse_dispute(*, job: Pubkey) -> Instruction:
    """Ends a dispute that was not decided in time: what was reported counts. Anyone may. Derived: terms."""
    return build("escrow", "lapse_dispute", {"terms": addresses.terms(), "job": job})


def settle_job(
    *,
    job: Pubkey,
    node: Pubkey,
    node_usd: Pubkey,
    coupon_epoch: int,
    affiliate_usd: Pubkey | None = None,
    user: Pubkey | None = None,
    user_coupon_epoch: int = 0,
) -> Instruction:
    """Pays for the seconds worked since the last settlement. Anyone may.

    `node_usd`: any dollar account of the node's authority; `coupon_epoch`: see the emission module, of the node, and
    `user_coupon_epoch` of the user. `affiliate_usd`: the job's, where it has one. `user`: the job's, where it takes
    locked IO. Derived: terms, vault, burn vault, incentives vault, emission, earners, rates.
    """
    accounts = {
        "terms": addresses.terms(),
        "job": job,
        "vault": addresses.job_vault(job),
        "node": node,
        "node_usd": node_usd,
        "burn_vault": addresses.burn_vault(),
        "incentives": addresses.incentives_vault(),
        "affiliate_usd": affiliate_usd,
        "emission": addresses.emission(),
        "earner": addresses.earner(node),
        "rates": addresses.rates(coupon_epoch),
        "user_earner": addresses.earner(user) if user else None,
        "user_rates": addresses.rates(user_coupon_epoch) if user else None,
        "emission_event_authority": addresses.event_authority("emission"),
        "emission_program": program_id("emission"),
    }
    return build("escrow", "settle_job", accounts)


def finish_job(
    *, caller: Pubkey, job: Pubkey, authority: Pubkey, user_usd: Pubkey, credit: Pubkey | None = None
) -> Instruction:
    """Closes a job and refunds what was not worked to `user_usd`, a dollar account of the job's `authority`.

    `credit`: its user's, where granted dollars were not spent. Signed by `caller`: that authority while nobody works
    on it, anyone once its hours are over, it was ended, or a dispute was resolved. Derived: vault, terms.
    """
    accounts = {
        "caller": caller,
        "job": job,
        "vault": addresses.job_vault(job),
        "terms": addresses.terms(),
        "user_usd": user_usd,
        "credit": credit,
        "authority": authority,
    }
    return build("escrow", "finish_job", accounts)
