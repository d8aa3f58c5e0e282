"""Of who may do what: owners sign for what is theirs, slashes go their road, each node is measured once."""

from __future__ import annotations

from collections.abc import Iterator

from solders.pubkey import Pubkey

from client import addresses
from client.state import Actor, Agent, Challenge, Delegation, Feed, Job, Slash, Terms
from tests.proof.ledger import Call
from tests.proof.machine.invariants_books import Seen, equal, holds, invariant


def _rightful(seen: Seen, call: Call) -> Iterator[Pubkey]:
    """Of whom one must have signed a call; nobody where anyone may send it."""
    at = call.accounts

    def was(name: str) -> object:
        return seen.step.before.get(at[name]) or seen.books.ledger.accounts.get(at[name])

    match call.name:
        case "staking.delegate" | "staking.undelegate" | "staking.close_delegation":
            if isinstance(found := was("delegation"), Delegation):
                yield found.owner
        case "staking.elect" | "staking.withdraw_collateral" | "staking.appeal_slash" | "staking.name_agent":
            if isinstance(found := was("actor"), Actor):
                yield found.authority
        case "staking.announce_agent":
            if isinstance(found := was("agent"), Agent):
                yield found.key
        case "escrow.open_job":
            if isinstance(found := was("user"), Actor):
                yield found.authority
        case "escrow.extend_job" | "escrow.end_job" | "escrow.dispute_job":
            if isinstance(found := was("job"), Job):
                yield found.authority
        case "escrow.start_job":
            if isinstance(found := was("terms"), Terms):
                yield found.parameters_at(seen.step.time).router
        case "escrow.report_job":
            if isinstance(found := was("node"), Actor):
                yield found.authority
            agent = seen.books.ledger.accounts.get(addresses.agent(at["node"]))
            if isinstance(agent, Agent):
                yield agent.key
        case "oracle.record_challenges":
            if isinstance(found := was("challenge"), Challenge):
                yield found.verifier


@invariant
def owners_sign_for_what_is_theirs(seen: Seen) -> None:
    """Stake, actors, jobs and reports are moved by the signature of whose they are."""
    for call in seen.step.calls:
        rightful = set(_rightful(seen, call))
        signed = {meta.pubkey for meta in call.instruction.accounts if meta.is_signer}
        # Another call of the transaction may have made it, or named another agent: then who it was is not known.
        if rightful and len(seen.step.calls) == 1:
            holds(bool(rightful & signed), f"{call.name} was not signed by {rightful}")


@invariant
def prices_are_of_what_is_bought(seen: Seen) -> None:
    """A job costs what its class costs, and IO is bought at the price of IO."""
    for call in seen.step.calls:
        feed = seen.books.get(Feed, call.accounts["feed"]) if "feed" in call.accounts else None
        if feed and call.name == "burn.sell_io":
            equal(feed.symbol, "IO", "the price of the sale is that of")
        elif feed and call.name in ("escrow.open_job", "escrow.extend_job"):
            job = seen.books.get(Job, call.accounts["job"])
            holds(job is not None and job.class_ == feed.symbol != "IO", f"{call.name} at the price of {feed.symbol}")


@invariant
def slashes_go_the_allowed_roads(seen: Seen) -> None:
    """A slash waits for an appeal, the appeal for its decision, once; it is over when it is due, not before."""
    now, calls = seen.step.time, [call.name for call in seen.step.calls if call.name.startswith("staking.")]
    if len(calls) != 1:
        return
    for address, before, after in seen.changed(Slash):
        was, state = before.state if before else None, after.state if after else None
        over = before is not None and now >= before.deadline
        match calls[0]:
            case "staking.propose_slash":
                fine = (was, state) == (None, Slash.PROPOSED)
            case "staking.appeal_slash":
                fine = (was, state) == (Slash.PROPOSED, Slash.APPEALED) and not over
            case "staking.decide_appeal":
                fine = was == Slash.APPEALED and state in (Slash.UPHELD, Slash.DISMISSED) and not over
            case "staking.execute_slash":
                fine = after is None and (was == Slash.UPHELD or (was == Slash.PROPOSED and over))
            case "staking.dismiss_slash":
                fine = after is None and (was == Slash.DISMISSED or (was == Slash.APPEALED and over))
            case _:
                fine = before == after
        holds(fine, f"{calls[0]} brought {address} from {was} to {state} at {now}, over: {over}")


@invariant
def nodes_are_measured_once(seen: Seen) -> None:
    """A challenge records each node once."""
    for call in seen.calls("oracle.record_challenges"):
        for measurement in call.arguments["measurements"]:
            what = ("measured", call.accounts["challenge"], measurement.node)
            holds(what not in seen.books.once, "a second time:", *what)
            seen.books.once.add(what)
