"""Scores on their way to the chain, in columns: which differ from it, and the instructions that post them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray
from solana.rpc.async_api import AsyncClient
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from client import accounts
from client.concurrency import at_once
from client.instructions import emission
from client.sending import DEFAULT, MAX_BYTES, SendOptions, compose
from client.state import Earner
from indexer.decoding import layouts
from indexer.scoring import Scores, places

CONCURRENT: Final = 4
"""Calls of the node on their way at once."""

Posted = NDArray[np.void]
"""Rows of `POSTED`."""
POSTED: Final = np.dtype([("earner", "S32"), ("points", "u4"), ("reputation", "u2")])
"""What the chain is told of an earner."""
EARNERS: Final = np.dtype([("actor", "S32"), ("earner", "S32")])
"""An actor's address, and that of the account that earns for it."""

_SCORE: Final = layouts.dtype_of(layouts.struct_layout("emission", "Score").columns)
"""As the program reads it."""
_COUNT: Final = np.dtype("<u4")
"""How many there are, before a list."""
_EARNER: Final = np.dtype(
    {
        "names": ["points", "reputation"],
        "formats": ["<u4", "<u2"],
        "offsets": [accounts.offset_of(Earner, "points"), accounts.offset_of(Earner, "reputation")],
        "itemsize": accounts.size_of(Earner),
    }
)
"""Of an earner's account, what scores are compared with."""
_NOTHING: Final = bytes(_EARNER.itemsize)
_ADDRESS_BYTES: Final = 32
_READ: Final = 10 * accounts.MANY
"""Accounts that are asked for in one go."""


def wanted(scores: Scores, earners: NDArray[np.void]) -> Posted:
    """What the chain should hold by these scores, in their order; `earners` (`EARNERS`) has everyone of them."""
    earners = earners[np.argsort(earners["actor"])]
    rows = np.empty(len(scores), POSTED)
    place = places(earners["actor"], scores.rows["actor"])
    assert (place >= 0).all(), "only who can earn is scored"
    rows["earner"] = earners["earner"][place]
    rows["points"], rows["reputation"] = scores.rows["points"], scores.rows["reputation"]
    return rows


async def differing(client: AsyncClient, rows: Posted) -> Posted:
    """Those of the rows that the chain does not hold."""

    async def missing(part: Posted) -> Posted:
        held = await accounts.fetch_data(client, Earner, _addresses(part["earner"]))
        shown = np.frombuffer(b"".join(data[: _EARNER.itemsize] if data else _NOTHING for data in held), _EARNER)
        differs = (shown["points"] != part["points"]) | (shown["reputation"] != part["reputation"])
        differs |= np.array([data is None for data in held], bool)
        found: Posted = part[differs]
        return found

    parts = (partial(missing, rows[start : start + _READ]) for start in range(0, len(rows), _READ))
    return np.concatenate([np.empty(0, POSTED), *await at_once(parts, CONCURRENT)])


def postings(signers: Sequence[Pubkey], epoch: int, rows: Posted, size: int) -> Iterator[Instruction]:
    """What `emission.post_scores` gives for so many rows at a time.

    The client's own instruction without a row is what each begins with: only the rows are written here, as the
    program's interface lays them out.
    """
    begun = emission.post_scores(signers=signers, epoch=epoch, scores=[])
    head = bytes(begun.data)[: -_COUNT.itemsize]
    packed = np.empty(len(rows), _SCORE)
    for name in _SCORE.names or ():
        packed[name] = rows[name]
    for start in range(0, len(rows), size):
        part = slice(start, start + size)
        metas = [AccountMeta(earner, is_signer=False, is_writable=True) for earner in _addresses(rows["earner"][part])]
        count = _COUNT.type(len(metas)).tobytes()
        yield Instruction(begun.program_id, head + count + packed[part].tobytes(), [*begun.accounts, *metas])


def batch_size(signers: Sequence[Pubkey], options: SendOptions = DEFAULT) -> int:
    """How many scores fit into one transaction of `MAX_BYTES` with these signers, found by making one."""
    rows = np.zeros(64, POSTED)
    rows["earner"] = [number.to_bytes(_ADDRESS_BYTES, "big") for number in range(1, len(rows) + 1)]
    size = len(rows)
    while size > 1 and _bytes(signers, rows[:size], options) > MAX_BYTES:
        size -= 1
    return size


def _bytes(signers: Sequence[Pubkey], rows: Posted, options: SendOptions) -> int:
    posting = next(postings(signers, 1, rows, len(rows)))
    return 1 + 64 * len(signers) + len(bytes(compose([posting], signers[0], Hash.default(), 0, options)))


def _addresses(column: NDArray[np.bytes_]) -> list[Pubkey]:
    raw = column.tobytes()
    return [Pubkey(raw[start : start + _ADDRESS_BYTES]) for start in range(0, len(raw), _ADDRESS_BYTES)]
