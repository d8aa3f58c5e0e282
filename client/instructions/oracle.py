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


def set_parameters(*, admin: Pubkey, parameters: OracleParameters) -> Instruction:
    """Changes the oracle's parameters, from an epoch's start after the delay on. Signed by the admin.

    Derived: committee.
    """
    accounts = {"admin": admin, "committee": addresses.committee()}
    return build("oracle", "set_parameters", accounts, {"parameters": as_argument(parameters)})


def rotate_committee(*, admin: Pubkey, members: Sequence[Pubkey]) -> Instruction:
    """Names the members, 1 to 16, from an epoch's start after the delay on. Signed by the admin.

    Derived: committee.
    """
    accounts = {"admin": admin, "committee": addresses.committee()}
    return build("oracle", "rotate_committee", accounts, {"members": list(members)})


def offer_admin(*, admin: Pubkey, offered: Pubkey) -> Instruction:
    """The admin of all programs offers its office; zeros take an offer back. Signed by the admin.

    Derived: committee.
    """
    accounts = {"admin": admin, "committee": addresses.committee()}
    return build("oracle", "offer_admin", accounts, {"offered": offered})


def accept_admin(*, offered: Pubkey) -> Instruction:
    """Takes the admin's office. Signed by `offered`, to whom it was offered. Derived: committee."""
    return build("oracle", "accept_admin", {"offered": offered, "committee": addresses.committee()})


def set_pauser(*, admin: Pubkey, pauser: Pubkey) -> Instruction:
    """Names who may pause programs, at once. Signed by the admin. Derived: committee."""
    accounts = {"admin": admin, "committee": addresses.committee()}
    return build("oracle", "set_pauser", accounts, {"pauser": pauser})


def set_paused(*, by: Pubkey, paused: int) -> Instruction:
    """Says which programs are paused, all of them: bits of `state.PAUSE_BITS`. Signed by the pauser or the admin.

    Derived: committee.
    """
    return build("oracle", "set_paused", {"by": by, "committee": addresses.committee()}, {"paused": paused})


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
