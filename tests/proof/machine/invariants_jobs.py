"""Of jobs and of dollars: each dollar that comes into a job leaves it by one road, once."""

from __future__ import annotations

from solders.pubkey import Pubkey

from client import addresses
from client.state import Auction, Grant, Job
from tests.proof.ledger import Tokens
from tests.proof.machine.invariants_books import Seen, at_most, equal, holds, invariant

ROADS: dict[str, tuple[set[int], set[int]]] = {
    "escrow.start_job": ({Job.OPEN}, {Job.RUNNING}),
    "escrow.release_job": ({Job.RUNNING}, {Job.OPEN}),
    "escrow.end_job": ({Job.RUNNING}, {Job.ENDED}),
    "escrow.dispute_job": ({Job.RUNNING}, {Job.DISPUTED}),
    "escrow.resolve_dispute": ({Job.DISPUTED}, {Job.RESOLVED}),
    "escrow.lapse_dispute": ({Job.DISPUTED}, {Job.RESOLVED}),
    "escrow.finish_job": ({Job.OPEN, Job.RUNNING, Job.ENDED, Job.RESOLVED}, {Job.SETTLED, Job.CANCELLED}),
}
"""From which states to which each instruction brings a job."""


def count_jobs(seen: Seen) -> None:
    """Adds to the books what events say of jobs, credit and the vaults of `burn`; before the invariants."""
    flows = seen.books.flows
    for call, event in seen.told:
        match call.name:
            case "escrow.open_job":
                flows["deposited", event.job] += event.deposit
                flows["credit", addresses.credit(event.user)] -= event.granted
            case "escrow.extend_job":
                flows["deposited", event.job] += event.deposit
            case "escrow.dispute_job":
                flows["bond", event.job] += event.bond
            case "escrow.resolve_dispute":
                equal(event.bond_node + event.bond_user, flows["bond", event.job], "the bond of", event.job)
                flows["bond", event.job] -= event.bond_node
            case "escrow.settle_job":
                fees = event.fee_affiliate + event.fee_burn + event.fee_incentives
                flows["paid", event.job] += event.dollars + event.burn + fees
                flows["burn",] += event.burn + event.fee_burn
                flows["incentives",] += event.fee_incentives
            case "escrow.finish_job":
                flows["refunded", event.job] += event.refund + event.credit
                flows["bond", event.job] -= event.bond
                flows["credit", call.accounts["credit"]] += event.credit
            case "burn.sell_io":
                flows["burn",] -= event.usd
            case "burn.grant_user":
                flows["credit", call.accounts["credit"]] += event.amount
                flows["incentives",] -= event.amount
            case "burn.grant_owner":
                flows["incentives",] -= event.amount


@invariant
def job_vaults_hold_what_jobs_say(seen: Seen) -> None:
    """A job's vault holds its deposit less what was settled, its bond, and what strangers put in."""
    for address, _, job in seen.changed(Job):
        if job and not job.is_finished:
            vault = addresses.job_vault(address)
            owed = job.deposit - job.settled_usd + job.bond + seen.books.flows["outside", vault]
            equal(seen.books.ledger.balance(vault), owed, "the vault of the job", address)


@invariant
def finished_jobs_have_no_vault(seen: Seen) -> None:
    """A job that is over holds nothing: its vault is closed, its bond gone, and it stays as it is."""
    for address, before, job in seen.changed(Job):
        if job and job.is_finished:
            holds(seen.books.get(Tokens, addresses.job_vault(address)) is None, f"{address} still has a vault")
            equal(job.bond, 0, "the bond of the job", address)
        if before and before.is_finished:
            equal(job, before, "the job", address, "that was over")


@invariant
def job_dollars_are_conserved(seen: Seen) -> None:
    """Deposits are dollars, fee, burn, refunds and what is held, for each job, by its events."""
    flows = seen.books.flows
    for address, _, job in seen.changed(Job):
        if job is None:
            raise AssertionError(f"the job {address} is gone")
        equal(flows["deposited", address], job.deposit, "deposited for", address)
        equal(flows["paid", address], job.settled_usd, "dollars, fees and burn of", address)
        equal(flows["bond", address], job.bond, "the bond of", address)
        left = job.deposit - job.settled_usd
        equal(flows["refunded", address], left if job.is_finished else 0, "refunded of", address)


@invariant
def settled_is_what_was_worked(seen: Seen) -> None:
    """Settled dollars are the rate times the settled seconds, rounded down, within the hours paid for."""
    for address, before, job in seen.changed(Job):
        if job:
            equal(job.settled_usd, job.rate_per_hour * job.settled_seconds // 3600, "settled dollars of", address)
            at_most(job.settled_seconds, job.hours * 3600, "settled seconds of", address)
            equal(job.deposit, job.rate_per_hour * job.hours, "the deposit of", address)
            at_most(job.granted, job.deposit, "granted dollars of", address)
            at_most(before.settled_seconds if before else 0, job.settled_seconds, "seconds settled before, of", address)


@invariant
def each_period_is_paid_once(seen: Seen) -> None:
    """A job's settlements are numbered without a gap, and each begins where the one before it ended."""
    reached: dict[Pubkey, tuple[int, int]] = {}
    for call, event in seen.told:
        if call.name == "escrow.settle_job":
            before = seen.step.before[event.job]
            assert before is None or isinstance(before, Job)
            at = reached.get(event.job) or ((before.period, before.settled_seconds) if before else (0, 0))
            equal((event.period, event.from_second), at, "period and first second of", event.job)
            holds(event.to_second > event.from_second, f"{event.job} was paid up to {event.to_second} again")
            reached[event.job] = event.period + 1, event.to_second
    for address, before, job in seen.changed(Job):
        if job:
            at = reached.get(address) or ((before.period, before.settled_seconds) if before else (0, 0))
            equal((job.period, job.settled_seconds), at, "period and settled seconds of", address)


@invariant
def jobs_go_the_allowed_roads(seen: Seen) -> None:
    """A job changes its state only as its instructions say."""
    for address, before, job in seen.changed(Job):
        states = {before.state if before else Job.OPEN}
        for call in seen.step.calls:
            if call.accounts.get("job") == address and call.name in ROADS:
                sources, targets = ROADS[call.name]
                holds(states <= sources, f"{call.name} on {address} in the state {states}")
                states = targets
        holds(job is not None and job.state in states, f"{address} is in the state {job and job.state}, not {states}")


@invariant
def credit_is_granted_spent_or_returned(seen: Seen) -> None:
    """A credit account holds what was granted, less what jobs spent, and what they gave back."""
    books = seen.books
    for address, _, tokens in seen.changed(Tokens):
        if tokens and tokens.owner == addresses.terms():
            owed = books.flows["credit", address] + books.flows["outside", address]
            equal(tokens.amount, owed, "the credit account", address)


@invariant
def burn_vault_is_its_flows(seen: Seen) -> None:
    """The burn vault holds what settlements left for it and strangers gave, less what bought IO."""
    _vault(seen, addresses.burn_vault(), "burn")


@invariant
def incentives_are_their_flows(seen: Seen) -> None:
    """The incentives vault holds its part of fees and what was given, less what was granted."""
    _vault(seen, addresses.incentives_vault(), "incentives")


def _vault(seen: Seen, vault: Pubkey, name: str) -> None:
    flows = seen.books.flows
    if vault in seen.step.after:
        equal(seen.books.ledger.balance(vault), flows[name,] + flows["outside", vault], "the vault", vault)


@invariant
def auction_counts_what_it_did(seen: Seen) -> None:
    """The auction's sums grow by what its events say: burned, paid and granted."""
    for _, before, after in seen.changed(Auction):
        if after and before:
            burned = paid = granted = 0
            for call, event in seen.told:
                if call.name == "burn.sell_io":
                    burned, paid = burned + event.io, paid + event.usd
                elif call.declared.program == "burn":
                    granted += event.amount
            found = [after.burned_io - before.burned_io, after.paid_usd - before.paid_usd]
            equal([*found, after.granted_usd - before.granted_usd], [burned, paid, granted], "the auction's sums")


@invariant
def grants_are_made_once(seen: Seen) -> None:
    """An actor is granted dollars once, and all grants are what the auction granted."""
    for address, before, after in seen.changed(Grant):
        if before and before != after:
            raise AssertionError(f"the grant {address} changed")
    if any(seen.changed(Grant)):
        auction = seen.books.get(Auction, addresses.auction())
        assert auction is not None
        equal(seen.books.sums["granted",], auction.granted_usd, "all grants")
