"""What may be wrong with a call and is accepted nevertheless, each with the reason why nobody gains by it.

`*` stands for any instruction or any detail. A row of which a part is no longer needed fails the test, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from client.idl import PROGRAMS
from tests.programs.test_governance_pause import EVERYWHERE, GOES_ON

Where = tuple[str, str, str]
"""Instruction, account, kind of mutation."""


@dataclass(frozen=True)
class Row:
    """Some acceptances with one reason."""

    reason: str
    places: Sequence[str]
    """Instruction and account, as `escrow.finish_job (job open*: user_usd`."""
    kinds: Sequence[str]
    """Of mutations: each is accepted at each of the places."""
    details: Sequence[str] = ("*",)
    """Each is seen at each place and kind."""

    def parts(self) -> Iterator[tuple[str, str, str, str]]:
        """Instruction, account, kind, detail: each is needed."""
        for place in self.places:
            instruction, account = place.split(": ")
            for kind in self.kinds:
                for detail in self.details:
                    yield instruction, account, kind, detail


_PAID_OUT = (
    *("escrow.settle_job*: node_usd", "escrow.finish_job*: user_usd", "escrow.resolve_dispute*: node_usd"),
    *(
        "staking.claim_rewards*: destination",
        "staking.withdraw_ticket*: destination",
        "staking.dismiss_slash*: destination",
    ),
    *("burn.grant_owner*: owner_usd", "emission.claim*: owner_io", "emission.claim*: affiliate_io"),
    *("emission.lock_bonus*: affiliate_io", "emission.withdraw_vested*: destination"),
)
_PAID_FROM = (
    *("escrow.open_job*: source", "escrow.extend_job*: source", "escrow.dispute_job*: source"),
    *("staking.deposit_collateral*: source", "staking.delegate*: source", "staking.appeal_slash*: source"),
    *("emission.lock_io*: source", "burn.sell_io*: seller_io"),
)
_ANYONE_PAYS = (
    *("emission.open_rates*: payer", "emission.create_earner*: payer", "emission.lock_bonus*: payer"),
    *("staking.open_pool*: payer", "staking.open_delegation*: payer", "staking.propose_slash*: proposer"),
    *("escrow.open_credit*: payer", "burn.grant_user*: payer", "burn.grant_owner*: payer"),
)
_BY_COMMITTEE = (
    *("emission.finalize_scores*: remaining", "staking.propose_slash*: remaining", "staking.decide_appeal*: remaining"),
    *("escrow.resolve_dispute*: remaining", "burn.grant_user*: remaining", "burn.grant_owner*: remaining"),
)
_MEMBER = "oracle.submit_price's member"

ALLOWED = (
    Row("arguments are read from the front, and what stands after them by nobody", ["*: data"], ["extended"]),
    Row(
        "no instruction reads more than its own accounts, but scores and signatures; a stranger's counts for nothing",
        ["*: remaining"],
        ["added"],
    ),
    Row("the members' order means nothing", _BY_COMMITTEE, ["reordered"]),
    Row(
        "any majority will do, here the third member in the place of another",
        [*_BY_COMMITTEE, "emission.post_scores*: remaining"],
        ["another signs"],
        [_MEMBER],
    ),
    Row("each member submits its own price", ["oracle.submit_price*: member"], ["another signs"], [_MEMBER]),
    Row("who pays the rent gets nothing for it but the account", _ANYONE_PAYS, ["* signs"]),
    Row(
        "a job that is over: whoever calls, the refund and the rent are its user's",
        [f"escrow.finish_job (job {state}*: caller" for state in ("ended", "resolved", "running")],
        ["* signs"],
    ),
    Row(
        "as above: the caller finishes another user's job in the place of this one's",
        ["escrow.finish_job*: job and vault and user_usd and authority"],
        ["family"],
        ["job ended", "job resolved", "job running"],
    ),
    Row("all was worked off, and nothing is left to refund", ["escrow.finish_job (job running*: user_usd"], ["frozen"]),
    Row(
        "anyone takes a job from a node that is silent",
        ["escrow.release_job (job running, no agent): by"],
        ["anyone signs"],
    ),
    Row(
        "the router was made admin by then, and the admin pauses, too",
        ["oracle.set_paused*: by"],
        ["another signs"],
        ["escrow.start_job's router"],
    ),
    Row(
        "any account of the right mint and of who is paid; who has a delegate there has chosen it, and who may close it"
        " gets nothing but its rent, while it is empty",
        _PAID_OUT,
        ["elsewhere", "delegated", "closable"],
    ),
    Row(
        "any account of the right mint that the signer may spend",
        _PAID_FROM,
        ["elsewhere", "delegated", "closable"],
    ),
    Row(
        "who sells says where the dollars go",
        ["burn.sell_io*: seller_usd"],
        ["elsewhere", "delegated", "closable", "other owner", "sibling"],
    ),
    Row(
        "who may replace the programs chooses the mints, once",
        [
            "burn.initialize*: io_mint",
            "burn.initialize*: usd_mint",
            "escrow.initialize*: usd_mint",
            "staking.initialize*: io_mint",
        ],
        ["elsewhere", "fake mint"],
    ),
    Row("as above; emission must be able to mint it", ["emission.initialize*: io_mint"], ["elsewhere"]),
    Row("the user says what it rents", ["escrow.open_job*: feed"], ["sibling"]),
    Row(
        "the router says which open job gets which node, of one class",
        ["escrow.start_job (job open): job"],
        ["sibling"],
        ["job open"],
    ),
    Row("as above", ["escrow.start_job (job open): node"], ["sibling"]),
    Row(
        "each member has a price in each feed, and says of which it speaks", ["oracle.submit_price: feed"], ["sibling"]
    ),
    Row("anyone may add to anyone's collateral", ["staking.deposit_collateral: actor"], ["sibling"]),
    Row("as above, from its own account", ["staking.deposit_collateral: depositor and source"], ["family"]),
    Row("anyone may lapse a dispute whose time is over", ["escrow.lapse_dispute*: job"], ["sibling"], ["job disputed"]),
    Row(
        "anyone may execute a slash whose time to appeal is over; its bond is burned and its rent its proposer's",
        ["staking.execute_slash (slash proposed): slash"],
        ["sibling"],
        ["slash proposed of the proposer"],
    ),
    Row(
        "the committee says which appeal it decides",
        ["staking.decide_appeal (slash appealed): slash"],
        ["sibling"],
        ["slash appealed"],
    ),
    Row(
        "a user says which of its jobs it ends",
        ["escrow.end_job (job running): job"],
        ["sibling"],
        ["job running of the authority"],
    ),
    Row(
        "anyone calls for any vesting of one beneficiary, who gets what is free",
        ["emission.withdraw_vested: vesting"],
        ["sibling"],
        ["another Vesting of the beneficiary"],
    ),
    Row("the committee says whose scores they are", ["emission.post_scores: remaining"], ["sibling"]),
    Row("as above", ["emission.post_scores: remaining and remaining"], ["family"]),
    Row(
        "an earner with several rows: the last one stands, and the sum of points counts it once",
        ["emission.post_scores: remaining"],
        ["repeated"],
        # The first two are signatures.
        [f"one for the {place}." for place in (3, 4, 5)],
    ),
    Row(
        "escrow's terms alone sign, and settle_job checks whose it is",
        ["emission.credit_coupons*: earner"],
        ["sibling"],
    ),
    Row(
        "what signs is known by its address; its bytes are not read",
        ["emission.credit_coupons*: coupon_authority"],
        ["discriminator"],
    ),
    Row(
        "an earner without coupons of a closed epoch needs no page of rates",
        [
            *("escrow.settle_job*: rates", "escrow.settle_job (job running): user_rates"),
            *("emission.credit_coupons*: rates", "emission.lock_bonus: rates"),
        ],
        ["sibling"],
    ),
    Row(
        "nobody reads the user's page where no user earns",
        ["escrow.settle_job *no user_earner*: user_rates", "emission.credit_coupons *no user_earner*: user_rates"],
        ["given"],
    ),
    Row(
        "who gets an earner, or a pool, pays nothing and gets nothing that it could not have for itself",
        ["emission.create_earner: actor and earner", "staking.open_pool: actor and rewards"],
        ["family"],
    ),
    Row(
        "anyone locks another's bonus: all of it stays that one's",
        ["emission.lock_bonus: actor and earner and vesting and affiliate_io and rewards"],
        ["family"],
    ),
    Row("who sells from its own account", ["burn.sell_io: seller and seller_io"], ["family"]),
    Row(
        "an optional account is left out, so the program is among the accounts already, and more is not asked",
        [
            f"{name}*: program"
            for name in (
                "emission.credit_coupons",
                "escrow.finish_job",
                "escrow.open_job",
                "escrow.release_job",
                "escrow.settle_job",
            )
        ],
        ["other program"],
    ),
    Row(
        "a pause stops what lets money in and what makes facts, not exits, defences and offices",
        [f"{program}.{name}*: committee" for program in PROGRAMS for name in sorted(GOES_ON[program])],
        ["paused"],
        ["its own program", "all programs"],
    ),
    Row(
        "offices and beginnings go on under a pause",
        # The oracle's own beginning makes the committee, which is paused by nobody then.
        [
            f"{program}.{name}*: committee"
            for program in PROGRAMS
            for name in sorted(EVERYWHERE)
            if (program, name) != ("oracle", "initialize")
        ],
        ["paused"],
    ),
)


@dataclass
class Verdict:
    """Acceptances, sorted by whether they are listed."""

    unlisted: dict[Where, list[str]] = field(default_factory=dict)
    """With the details that no row allows."""
    allowed: int = 0
    needless: list[str] = field(default_factory=list)
    """Parts of rows that nothing needed, as sentences."""


def judge(accepted: Mapping[Where, Sequence[str]], rows: Sequence[Row] = ALLOWED, *, whole: bool = True) -> Verdict:
    """Holds what was accepted against the rows. Not `whole`: no part of them can be said to be needless."""
    verdict = Verdict()
    parts = [part for row in rows for part in row.parts()]
    needed = set()
    for where, details in accepted.items():
        here = [part for part in parts if all(map(fnmatchcase, where, part))]
        for detail in details:
            found = [part for part in here if fnmatchcase(detail, part[3])]
            needed.update(found)
            if found:
                verdict.allowed += 1
            else:
                verdict.unlisted.setdefault(where, []).append(detail)
    if whole:
        verdict.needless = [
            f"allowed.py lists {instruction}: {account}, {kind} ({detail}), which is refused or not tried: take it out"
            for instruction, account, kind, detail in parts
            if (instruction, account, kind, detail) not in needed
        ]
    return verdict
