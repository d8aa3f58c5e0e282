"""What is wrong with a deployment, in sentences that say what to do. Pure but for `require_safe`.

Refused is what lets one key take everybody's money, or what is not what its sources say. A warning is what people
should know and may have reasons for. A localnet has one key for everything, and is refused only what cannot work.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from solana.rpc.async_api import AsyncClient
from solders.pubkey import Pubkey

from client import addresses
from client.deployment.cluster import REHEARSALS, cluster_of
from client.deployment.facts import Deployment, Mints, Offices, Program, read
from client.deployment.holders import Holder, Multisigs
from client.errors import IonetError
from client.idl import program_id

SHORT_DELAY = 86_400
"""Seconds: who disagrees with a change needs a day to leave before it."""


class NotSafe(IonetError):
    """A deployment that people should not trust with money; a note for each reason."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong."""

    about: str
    text: str
    refused: bool
    """Otherwise a warning."""


def findings(found: Deployment) -> list[Finding]:
    """All that is wrong, what is refused first."""
    every = [*_works(found), *(() if found.cluster.is_local else _trusted(found))]
    return sorted(every, key=lambda one: not one.refused)


async def require_safe(
    client: AsyncClient, multisigs: Sequence[Pubkey] = (), *, is_localnet: bool = False, rehearsal: bool = False
) -> None:
    """Raises `NotSafe` where `findings` refuses a public cluster; a localnet is not looked at.

    `rehearsal`: on devnet and testnet, whose money is none, one key may hold every office.
    """
    cluster = await cluster_of(client, is_localnet=is_localnet)
    if cluster.is_local:
        return
    if rehearsal:
        if cluster.name in REHEARSALS:
            return
        raise NotSafe(
            f"a rehearsal is for {' and '.join(REHEARSALS)}, and this is {cluster.name}: leave --rehearsal out"
        )
    known = await Multisigs.read(client, multisigs)
    wrong = [one for one in findings(await read(client, known)) if one.refused]
    if not wrong:
        return
    refused = NotSafe(f"nothing is done on {cluster.name}: `ionet program check` refuses what is deployed there")
    for one in wrong:
        refused.add_note(f"{one.about}: {one.text}")
    if cluster.name in REHEARSALS:
        refused.add_note("--rehearsal does it nevertheless")
    raise refused


def _works(found: Deployment) -> Iterator[Finding]:
    """What holds on a localnet, too."""
    initialised = found.offices is not None and found.mints is not None
    for one in found.programs:
        if one.state == "missing":
            yield Finding(one.name, f"it is not deployed at {program_id(one.name)}: deploy it, or check --url", True)
        elif one.state == "not upgradeable":
            yield Finding(
                one.name,
                f"what is at {program_id(one.name)} was not put there by the upgradeable loader, or was closed: who "
                "may replace it cannot be read, and nobody can initialise it",
                True,
            )
        elif not one.is_committed:
            yield Finding(
                one.name,
                f"its code ({one.code_sha256}, of slot {one.slot}) is not the committed programs/deploy/{one.name}.so "
                f"({one.committed_sha256}): check out the commit that it was deployed from, or deploy this one",
                True,
            )
        if one.authority and one.authority.kind == "none" and not initialised:
            yield Finding(
                one.name,
                "it can be replaced by nobody, and the network is not initialised in full: if it is this program "
                "that is not, it never will be, for that takes its upgrade authority's signature",
                True,
            )
    if found.mints:
        yield from _money(found.mints)


def _money(mints: Mints) -> Iterator[Finding]:
    for name, held in (("IO", mints.io), ("USD", mints.usd)):
        if len(held) > 1:
            listed = ", ".join(sorted(str(one) for one in held))
            yield Finding(name, f"the programs do not agree on its mint ({listed}): begin again with one", True)
    if mints.io_authority != addresses.emission():
        yield Finding("IO", f"it is minted by {mints.io_authority}, not by the schedule {addresses.emission()}", True)
    if mints.io_freezes:
        yield Finding("IO", f"{mints.io_freezes} may freeze it", True)
    if mints.coupon_authority != addresses.terms():
        yield Finding(
            "emission",
            f"coupons are credited by {mints.coupon_authority}, not by escrow's terms {addresses.terms()}: it can give "
            "itself the compute half of every hour, and was set for good when emission was initialised",
            True,
        )


def _trusted(found: Deployment) -> Iterator[Finding]:
    """What holds where strangers bring money."""
    for one in found.programs:
        if one.authority:
            yield from _upgrade(one, one.authority)
    if found.offices:
        yield from _admin(found.offices)
        yield from _committee(found.offices)
    elif all(one.state == "deployed" for one in found.programs):
        yield Finding("offices", "the network is not initialised, so its offices could not be checked", False)


def _upgrade(program: Program, authority: Holder) -> Iterator[Finding]:
    if authority.is_one_key:
        yield Finding(
            program.name,
            f"one key is enough to replace it, and with it to take all that it holds: {authority}. Hand it to a "
            f"multisig: `solana program set-upgrade-authority {program_id(program.name)} --new-upgrade-authority VAULT "
            "--skip-new-upgrade-authority-signer-check`",
            True,
        )
    elif authority.kind == "program":
        yield Finding(program.name, f"it may be replaced by {authority}. {_NAME_IT}", False)


def _admin(offices: Offices) -> Iterator[Finding]:
    if offices.admin.is_one_key:
        yield Finding(
            "admin",
            f"one key is enough to name another committee, which then states all prices and scores: {offices.admin}. "
            "Offer the office to a multisig: `ionet admin offer VAULT`, which accepts it by a transaction of its own",
            True,
        )
    elif offices.admin.kind == "program":
        yield Finding("admin", f"it is {offices.admin}. {_NAME_IT}", False)
    if offices.offered.is_one_key:
        yield Finding(
            "admin", f"its office is offered to one key, {offices.offered}: take it back (`ionet admin withdraw`)", True
        )
    if offices.admin.kind != "none" and offices.pauser.address == offices.admin.address:
        yield Finding(
            "pauser",
            f"it is the admin, {offices.admin.address}: a pause is for the worst minutes, and waits for the admin's "
            "signatures then. Name a key of its own, which can do nothing else: `ionet pause pauser ADDRESS`",
            False,
        )
    if offices.delay_seconds < SHORT_DELAY:
        yield Finding(
            "admin",
            f"its changes take effect after {offices.delay_seconds} seconds: nobody can leave before them. "
            "`ionet params set oracle delay_seconds=2d`",
            False,
        )


def _committee(offices: Offices) -> Iterator[Finding]:
    sets = [(offices.members, "the committee")]
    if offices.next_members != offices.members:
        sets.append((offices.next_members, "the committee that is named next"))
    for members, which in sets:
        if len(members) == 1:
            yield Finding(
                "committee",
                f"{which} is one key, {members[0]}: it states every price and score, and decides every dispute and "
                "slash. Name three or more: `ionet committee rotate ADDRESS…`",
                True,
            )
        elif len(members) == 2:
            yield Finding(
                "committee", f"{which} has two members: where one key is lost, no fact counts any more", False
            )
        for who, keys in (("the admin", [offices.admin.address]), ("the router", offices.routers)):
            for key in keys:
                if key in members:
                    yield Finding(
                        "committee", f"{who}, {key}, is a member of {which}: who steals one key has two offices", False
                    )


_NAME_IT = (
    "If it is a vault of a multisig of Squads v4, say of which, so that its threshold is read: --multisig ADDRESS"
)
