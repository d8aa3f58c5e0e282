"""The transactions that name an address, newest first, as getSignaturesForAddress pages them, with no page missing.

Each page after the first is asked for so that it must begin with the last entry of the page before: a node that does
not know where to go on answers with its newest page, or with nothing, and neither begins so. The end of a list is
believed when such a page has nothing else. `until` is never sent: a node that does not know it goes on silently.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Final

from indexer.decoding.blocks import Listed
from indexer.errors import ChainMismatch
from indexer.node.rpc import Rpc

LONGEST_PAGE: Final = 1_000
_FIRST_PAGE: Final = 50
_GROWTH: Final = 5
"""Each page is so many times longer: whoever follows the chain needs few entries, whoever fills it needs all."""


async def listed(
    rpc: Rpc, address: str, *, first_slot: int, newest: Listed | None = None, min_slot: int = 0
) -> AsyncGenerator[Listed, None]:
    """Finalized transactions from before `newest` (None: from the tip), down to the slot `first_slot`.

    `newest` is any transaction that the node has, also one that does not name the address. Only a node that has come
    to the slot `min_slot` is asked. Raises `ChainMismatch` where pages do not follow one another, or the list ends
    because the node has forgotten the rest.
    """
    trail: list[Listed] = [] if newest is None else [newest]
    seen_in_slot: set[str] = set() if newest is None else {newest.signature}
    is_first, limit = True, _FIRST_PAGE
    while True:
        before = trail[-1 if is_first else -2] if len(trail) > (0 if is_first else 1) else None
        page = await rpc.signatures(
            address, before=None if before is None else before.signature, limit=limit, min_slot=min_slot
        )
        if not is_first:
            page = _after_overlap(rpc, address, page, trail[-1], exact=before is not None)
        if not page:
            await _check_kept(rpc, address, first_slot)
            return
        for entry in page:
            if trail and entry.slot > trail[-1].slot:
                raise _disorder(rpc, address, f"slot {entry.slot} after slot {trail[-1].slot}")
            if trail and entry.slot < trail[-1].slot:
                seen_in_slot.clear()
            if entry.signature in seen_in_slot:
                raise _disorder(rpc, address, f"{entry.signature} twice")
            seen_in_slot.add(entry.signature)
            if entry.slot < first_slot:
                return
            trail = [*trail[-1:], entry]
            yield entry
        is_first, limit = False, min(limit * _GROWTH, LONGEST_PAGE)


def _after_overlap(rpc: Rpc, address: str, page: list[Listed], last: Listed, *, exact: bool) -> list[Listed]:
    """What follows `last` in a page that must have it: as its first entry, if `exact`."""
    place = next((place for place, entry in enumerate(page) if entry.signature == last.signature), None)
    if place is None or (exact and place):
        raise _disorder(rpc, address, f"a page that does not go on from {last.signature}")
    return page[place + 1 :]


async def _check_kept(rpc: Rpc, address: str, first_slot: int) -> None:
    oldest = await rpc.first_available()
    if oldest > first_slot:
        raise ChainMismatch(
            f"the node at {rpc.url} has forgotten what came before slot {oldest}, and with it transactions of "
            f"{address} from slot {first_slot} on. Nothing was skipped; give a node with the full history by --url"
        )


def _disorder(rpc: Rpc, address: str, what: str) -> ChainMismatch:
    return ChainMismatch(
        f"the node at {rpc.url} lists the transactions of {address} out of order: {what}. Nothing after the last "
        "scanned slot was taken; run this again, read slot by slot, or give another --url"
    )
