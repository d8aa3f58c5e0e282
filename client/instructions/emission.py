"""Instructions of `emission`: scores, epochs, claims.

An earner's coupons turn into IO at the rate of their epoch, which stands on a page of rates: instructions
that touch an earner take `coupon_epoch`, the epoch of the coupons that it holds (`Earner.coupon_epoch`).
Zero, where it holds none, gives page 0, which every network has.
"""

from __future__ import annotations

from collections.abc import Sequence

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from client import addresses
from client.idl import as_argument, build, signing
from client.state import EmissionParameters


def initialize(
    *, admin: Pubkey, io_mint: Pubkey, coupon_authority: Pubkey, parameters: EmissionParameters
) -> Instruction:
    """Starts the schedule at the committee's genesis and takes over the mint.

    Signed by `admin`: upgrade authority and mint authority, pays. `coupon_authority`: `addresses.terms()`.
    Derived: committee, emission, vault of locked IO, program data.
    """
    accounts = {
        "admin": admin,
        "committee": addresses.committee(),
        "emission": addresses.emission(),
        "io_mint": io_mint,
        "locked_vault": addresses.locked_vault(),
        "program_data": addresses.program_data("emission"),
    }
    args = {"coupon_authority": coupon_authority, "parameters": as_argument(parameters)}
    return build("emission", "initialize", accounts, args)


def set_parameters(*, admin: Pubkey, parameters: EmissionParameters) -> Instruction:
    """Changes the parameters, from an epoch's start after the delay on. Signed by the admin.

    Derived: committee, the schedule.
    """
    accounts = {"admin": admin, "committee": addresses.committee(), "emission": addresses.emission()}
    return build("emission", "set_parameters", accounts, {"parameters": as_argument(parameters)})


def open_rates(*, payer: Pubkey, epoch: int) -> Instruction:
    """Opens the page of compute rates that `epoch` stands on. Signed by `payer`. Derived: rates."""
    accounts = {"payer": payer, "rates": addresses.rates(epoch)}
    return build("emission", "open_rates", accounts, {"page": addresses.rates_page(epoch)})


def create_earner(*, payer: Pubkey, actor: Pubkey) -> Instruction:
    """Lets an actor earn. Signed by `payer`, which may be anyone. Derived: emission, earner."""
    accounts = {
        "payer": payer,
        "emission": addresses.emission(),
        "actor": actor,
        "earner": addresses.earner(actor),
    }
    return build("emission", "create_earner", accounts)


def credit_coupons(
    *,
    coupon_authority: Pubkey,
    actor: Pubkey,
    coupon_epoch: int,
    base: int,
    bonus: int,
    user: Pubkey | None = None,
    user_coupon_epoch: int = 0,
    user_bonus: int = 0,
) -> Instruction:
    """Credits coupons (USD base units) for the open epoch: to a node, and `user_bonus` to the actor `user`.

    Signed by the coupon authority alone. Derived: emission, earners, rates.
    """
    accounts = {
        "coupon_authority": coupon_authority,
        "emission": addresses.emission(),
        "earner": addresses.earner(actor),
        "rates": addresses.rates(coupon_epoch),
        "user_earner": addresses.earner(user) if user else None,
        "user_rates": addresses.rates(user_coupon_epoch) if user else None,
    }
    args = {"base": base, "bonus": bonus, "user_bonus": user_bonus}
    return build("emission", "credit_coupons", accounts, args)


def post_scores(*, signers: Sequence[Pubkey], epoch: int, scores: Sequence[tuple[Pubkey, int, int]]) -> Instruction:
    """Sets points and reputation (0 to 10,000) of earners: `(earner, points, reputation)` each.

    Signed by `signers`, a strict majority of the committee. Derived: committee, emission.
    """
    earners = [AccountMeta(earner, is_signer=False, is_writable=True) for earner, _, _ in scores]
    rows = [{"points": points, "reputation": reputation} for _, points, reputation in scores]
    accounts = {"committee": addresses.committee(), "emission": addresses.emission()}
    args = {"epoch": epoch, "scores": rows}
    return build("emission", "post_scores", accounts, args, [*signing(signers), *earners])


def finalize_scores(*, signers: Sequence[Pubkey], epoch: int, digest: bytes) -> Instruction:
    """Declares every score of `epoch` posted; `digest`: SHA-256 over all rows, 32 bytes.

    Signed by `signers`, a strict majority of the committee. Derived: committee, emission.
    """
    accounts = {"committee": addresses.committee(), "emission": addresses.emission()}
    args = {"epoch": epoch, "digest": list(digest)}
    return build("emission", "finalize_scores", accounts, args, signing(signers))


def close_epochs(*, first: int, through: int) -> Instruction:
    """Distributes epochs `first` (the one after the last closed) to `through` (the final one). Anyone may.

    Derived: committee, emission, rates (the page of `first`).
    """
    accounts = {
        "committee": addresses.committee(),
        "emission": addresses.emission(),
        "rates": addresses.rates(first),
    }
    return build("emission", "close_epochs", accounts, {"through": through})


def claim(
    *,
    actor: Pubkey,
    coupon_epoch: int,
    io_mint: Pubkey,
    owner_io: Pubkey,
    affiliate_io: Pubkey | None = None,
    rewards: Pubkey | None = None,
) -> Instruction:
    """Mints an actor's liquid IO to `owner_io`, the affiliate's part to `affiliate_io`, the stakers' to `rewards`.

    The first two are any IO accounts of the actor's authority and affiliate; `rewards` is `Actor.rewards`, needed
    where it has shares. Nobody signs. Derived: earner, emission, rates.
    """
    accounts = {
        "actor": actor,
        "earner": addresses.earner(actor),
        "emission": addresses.emission(),
        "rates": addresses.rates(coupon_epoch),
        "io_mint": io_mint,
        "owner_io": owner_io,
        "affiliate_io": affiliate_io,
        "rewards": rewards,
    }
    return build("emission", "claim", accounts)


def lock_bonus(
    *,
    payer: Pubkey,
    actor: Pubkey,
    coupon_epoch: int,
    closed_epoch: int,
    io_mint: Pubkey,
    affiliate_io: Pubkey | None = None,
    rewards: Pubkey | None = None,
) -> Instruction:
    """Turns an actor's bonus IO into a vesting account; once for each `closed_epoch` (the last closed now).

    Signed by `payer`, which may be anyone. Affiliate and stakers are paid as in `claim`. Derived: earner, emission,
    rates, vesting.
    """
    earner = addresses.earner(actor)
    accounts = {
        "payer": payer,
        "actor": actor,
        "earner": earner,
        "emission": addresses.emission(),
        "rates": addresses.rates(coupon_epoch),
        "vesting": addresses.vesting(earner, closed_epoch),
        "io_mint": io_mint,
        "affiliate_io": affiliate_io,
        "rewards": rewards,
    }
    return build("emission", "lock_bonus", accounts)


def lock_io(
    *,
    depositor: Pubkey,
    beneficiary: Pubkey,
    id: int,
    source: Pubkey,
    amount: int,
    start: int,
    end: int,
    step_seconds: int,
) -> Instruction:
    """Locks `amount` (IO base units) of `source` for a beneficiary, free from `start` to `end` by `step_seconds`.

    Signed by the depositor, which pays the rent. Times are Unix seconds. Derived: committee, emission, vesting, vault.
    """
    accounts = {
        "depositor": depositor,
        "committee": addresses.committee(),
        "emission": addresses.emission(),
        "beneficiary": beneficiary,
        "vesting": addresses.locked(depositor, beneficiary, id),
        "source": source,
        "locked_vault": addresses.locked_vault(),
    }
    args = {"id": id, "amount": amount, "start": start, "end": end, "step_seconds": step_seconds}
    return build("emission", "lock_io", accounts, args)


def withdraw_vested(*, beneficiary: Pubkey, vesting: Pubkey, io_mint: Pubkey, destination: Pubkey) -> Instruction:
    """Pays what has vested and was not withdrawn to `destination`, an IO account of the beneficiary's.

    Nobody signs. Derived: emission, vault.
    """
    accounts = {
        "beneficiary": beneficiary,
        "vesting": vesting,
        "emission": addresses.emission(),
        "io_mint": io_mint,
        "locked_vault": addresses.locked_vault(),
        "destination": destination,
    }
    return build("emission", "withdraw_vested", accounts)
