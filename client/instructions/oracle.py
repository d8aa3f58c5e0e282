"""Instructions of `oracle`: facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from client import addresses
from client.idl import as_argument, build
from client.state import OracleParameters

SLOT_HASHES = Pubkey.from_string("SysvarS1otHashes111111111111111111111111111")


MAX_MEASUREMENTS = 16
"""That fit into one transaction of `record_challenges`."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a verifier measured of one node."""

    node: Pubkey
    """The node's actor."""
    bandwidth: int
    """Mbit/s."""
    memory: int
    """MB."""
    clock: int
    """CPU clock, MHz."""
    compute: int
    """GFLOP/s."""
    latency: int
    """Microseconds."""
    outcome: int
    """0 failed, 1 passed."""


def initialize(
    *, admin: Pubkey, members: Sequence[Pubkey], pauser: Pubkey, genesis: int, parameters: OracleParameters
) -> Instruction:
    """Creates the committee and the offices. Signed by `admin`, the program's upgrade authority, which pays.

    `admin` is the admin of all programs since, `pauser` may pause them; `genesis`: Unix seconds at which epoch 1
    begins. Derived: committee, program data.
    """
    accounts = {
        "admin": admin,
        "committee": addresses.committee(),
        "program_data": addresses.program_data("oracle"),
    }
    args = {
        "members": list(members),
        "pauser": pauser,
        "genesis": genesis,
        "parameters": as_argument(parameters),
    }
    return build("oracle", "initialize", accounts, args)


def create_feed(*, admin: Pubkey, symbol: str) -> Instruction:
    """Opens the price feed of `IO` or of a hardware class. Signed by the admin, which pays.

    Derived: committee, feed.
    """
    accounts = {"admin": admin, "committee": addresses.committee(), "feed": addresses.feed(symbol)}
    return build("oracle", "create_feed", accounts, {"symbol": list(addresses.symbol_bytes(symbol))})


def submit_price(*, member: Pubkey, symbol: str, price_nano_usd: int) -> Instruction:
    """A member of the committee says what one unit of the symbol costs, nano-dollars. Signed by `member`.

    Derived: committee, feed.
    """
    accounts = {"member": member, "committee": addresses.committee(), "feed": addresses.feed(symbol)}
    return build("oracle", "submit_price", accounts, {"price_nano_usd": price_nano_usd})


def commit_challenge(*, verifier: Pubkey, epoch: int, round: int, commitment: bytes) -> Instruction:
    """A member binds itself to a secret: `commitment` is its SHA-256, 32 bytes.

    Signed by `verifier`, which pays. Derived: committee, challenge.
    """
    accounts = {
        "verifier": verifier,
        "committee": addresses.committee(),
        "challenge": addresses.challenge(verifier, epoch, round),
    }
    args = {"epoch": epoch, "round": round, "commitment": list(commitment)}
    return build("oracle", "commit_challenge", accounts, args)


def draw_challenge(*, challenge: Pubkey) -> Instruction:
    """Fixes the slot hash of a committed challenge. Anyone may; at least one slot after the commitment."""
    return build("oracle", "draw_challenge", {"challenge": challenge, "slot_hashes": SLOT_HASHES})


def record_challenges(
    *, verifier: Pubkey, challenge: Pubkey, secret: bytes, measurements: Sequence[Measurement]
) -> Instruction:
    """The verifier reveals its secret (32 bytes) and records measurements, sorted here by the node's address.

    Signed by `verifier`. Of several batches, each must be past the one before. Derived: committee.
    """
    ordered = sorted(measurements, key=lambda m: bytes(m.node))
    rows = [as_argument(measurement) for measurement in ordered]
    accounts = {"verifier": verifier, "committee": addresses.committee(), "challenge": challenge}
    args = {"secret": list(secret), "measurements": rows}
    return build("oracle", "record_challenges", accounts, args)
