"""Seeds, each 32 bytes: from one challenge to a node, a stage, a trial and a processor; and what is drawn from one.

Numbers are little-endian, as on the chain.
"""

from __future__ import annotations

from hashlib import sha256

from machines.proofs.limits import require_range, require_seed


def challenge_seed(secret: bytes, slot_hash: bytes) -> bytes:
    """The seed of a challenge: nobody knows it before the slot, and only who has the secret knows it after."""
    require_seed("a challenge's secret", secret)
    require_seed("a slot's hash", slot_hash)
    return sha256(secret + slot_hash).digest()


def node_seed(seed: bytes, node: bytes) -> bytes:
    """A node's own seed of a challenge; `node` is its actor's address, 32 bytes."""
    require_seed("a challenge's seed", seed)
    require_seed("a node's address", node)
    return sha256(b"ionet node" + seed + node).digest()


def stage_seed(seed: bytes, name: str, trial: int, processor: int) -> bytes:
    """The seed of one stage ("clock", "memory", …) from a node's, for a trial and a processor counted from 0."""
    require_seed("a node's seed", seed)
    require_range("a trial", trial, 0, 0xFFFF)
    require_range("a processor", processor, 0, 0xFFFF)
    return sha256(seed + name.encode() + trial.to_bytes(2, "little") + processor.to_bytes(2, "little")).digest()


def draw(seed: bytes, bound: int, index: int = 0) -> int:
    """A whole number in [0, bound); another one for each index. Its bias is below `bound` / 2^256."""
    if bound < 1:
        raise ValueError(f"nothing can be drawn below {bound}")
    return int.from_bytes(sha256(b"ionet draw" + seed + index.to_bytes(8, "little")).digest(), "little") % bound


def order(seed: bytes, count: int) -> list[int]:
    """The numbers below `count` in a drawn order (Fisher and Yates), such as that in which nodes are challenged."""
    return sample(seed, count, count)


def sample(seed: bytes, count: int, size: int) -> list[int]:
    """`size` different numbers below `count`, in a drawn order; all of them where there are fewer."""
    moved: dict[int, int] = {}
    found = []
    for index in range(min(count, size)):
        other = index + draw(seed, count - index, index)
        found.append(moved.get(other, other))
        moved[other] = moved.get(index, index)
    return found
