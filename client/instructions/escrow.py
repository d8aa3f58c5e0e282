"""Instructions of `escrow`: jobs and their dollars."""

from __future__ import annotations

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from client import addresses
from client.idl import as_argument, build, program_id
from client.state import EscrowParameters


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
) -> Instruction:
    """Opens job `id` of the actor `user` and pays for it from `source`, a token account of dollars.

    `max_deposit`: the most it may cost, USD base units. Signed by the user's authority, which pays the rent.
    Derived: committee, earner, feed, terms, job, vault.
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
    }
    args = {"id": id, "processors": processors, "hours": hours, "max_deposit": max_deposit}
    return build("escrow", "open_job", accounts, args)


def start_job(*, router: Pubkey, job: Pubkey, node: Pubkey) -> Instruction:
    """Assigns a node's actor to an open job and starts its clock. Signed by the router.

    Derived: committee, terms.
    """
    accounts = {
        "router": router,
        "committee": addresses.committee(),
        "terms": addresses.terms(),
        "job": job,
        "node": node,
    }
    return build("escrow", "start_job", accounts)


def report_job(*, authority: Pubkey, node: Pubkey, job: Pubkey, digest: bytes) -> Instruction:
    """The node says that it has worked until now; `digest`: 32 bytes over what it did.

    Signed by the node's authority.
    """
    accounts = {"authority": authority, "node": node, "job": job}
    return build("escrow", "report_job", accounts, {"digest": list(digest)})


def settle_job(*, job: Pubkey, node: Pubkey, node_usd: Pubkey, coupon_epoch: int) -> Instruction:
    """Pays for the seconds worked since the last settlement. Anyone may.

    `node_usd`: any dollar account of the node's authority; `coupon_epoch`: see the emission module.
    Derived: terms, vault, burn vault, incentives vault, emission, earner, rates.
    """
    accounts = {
        "terms": addresses.terms(),
        "job": job,
        "vault": addresses.job_vault(job),
        "node": node,
        "node_usd": node_usd,
        "burn_vault": addresses.burn_vault(),
        "incentives": addresses.incentives_vault(),
        "emission": addresses.emission(),
        "earner": addresses.earner(node),
        "rates": addresses.rates(coupon_epoch),
        "emission_event_authority": addresses.event_authority("emission"),
        "emission_program": program_id("emission"),
    }
    return build("escrow", "settle_job", accounts)


def finish_job(*, caller: Pubkey, job: Pubkey, authority: Pubkey, user_usd: Pubkey) -> Instruction:
    """Ends a job and refunds what was not worked to `user_usd`, a dollar account of the job's `authority`.

    Signed by `caller`: that authority at any time, anyone once the hours are over. Derived: vault, terms.
    """
    accounts = {
        "caller": caller,
        "job": job,
        "vault": addresses.job_vault(job),
        "terms": addresses.terms(),
        "user_usd": user_usd,
        "authority": authority,
    }
    return build("escrow", "finish_job", accounts)
