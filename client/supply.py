"""Where all IO is: what was begun with, emitted, minted, locked, staked and burned, and whether it adds up.

Everything is read from the chain, the totals in one call; each part that has a second source is held to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Confirmed
from solders.account import Account
from solders.pubkey import Pubkey

from client import accounts, addresses, economics, reads
from client.amounts import IO
from client.idl import TOKEN_PROGRAM
from client.instructions.tokens import MINT_SPACE
from client.rpc import CLOCK
from client.state import Auction, Emission, Registry, Vesting

T = TypeVar("T")

_TRIES = 4
"""The vestings come in a call of their own, between which and the totals the chain may move on."""
_MINT_SUPPLY = slice(36, 44)
_AMOUNT = slice(64, 72)
_CLOCK_TIME = slice(32, 40)


@dataclass(frozen=True, slots=True)
class Supply:
    """IO base units, at one time."""

    now: int
    """The chain's time, Unix seconds."""
    closed_epoch: int
    genesis: int
    """Minted before the schedule."""
    emitted: int
    """By the closed epochs, as the schedule has it."""
    minted: int
    """Of what was emitted."""
    bonus_locked: int
    """Of what was emitted: in vesting accounts, to be minted as it is withdrawn."""
    locked_vested: int
    """Of IO that exists and was locked: free by now, and not withdrawn."""
    locked_unvested: int
    locked_vault: int
    """What the vault of locked IO holds; more than the two only by gifts."""
    staked: int
    """What the vault of stake holds: collateral, delegations, all that unbonds, bonds of appeals."""
    burned_auction: int
    burned_slashed: int
    mint_supply: int
    """What the mint says that there is."""
    faults: tuple[str, ...] = ()
    """What does not add up, a sentence each; none, or the chain is broken."""

    @property
    def unclaimed(self) -> int:
        """Emitted, and neither minted nor in a vesting account: unclaimed, carried over, and fractions."""
        return self.emitted - self.minted - self.bonus_locked

    @property
    def locked_given(self) -> int:
        """What was given to the vault of locked IO, and is nobody's."""
        return self.locked_vault - self.locked_vested - self.locked_unvested

    @property
    def burned(self) -> int:
        """All that was ever burned: what was minted, and is no more."""
        return self.genesis + self.minted - self.mint_supply

    @property
    def burned_holders(self) -> int:
        """By holders on their own account: the rest."""
        return self.burned - self.burned_auction - self.burned_slashed

    @property
    def circulating(self) -> int:
        """What exists and is neither locked nor staked."""
        return self.mint_supply - self.locked_vault - self.staked


async def supply(client: AsyncClient) -> Supply:
    """Where all IO is. What does not add up is read again, as the chain may have moved on between two calls."""
    found = await _once(client)
    for _ in range(_TRIES - 1):
        if not found.faults:
            break
        found = await _once(client)
    return found


async def _once(client: AsyncClient) -> Supply:
    schedule = await reads.emission(client)
    vestings = list((await accounts.fetch_all(client, Vesting)).values())
    mint, vault, stake = schedule.io_mint, schedule.locked_vault, addresses.stake_vault()
    wanted = [addresses.emission(), addresses.auction(), addresses.registry(), CLOCK, mint, vault, stake]
    values = (await client.get_multiple_accounts(wanted, Confirmed)).value
    found: dict[Pubkey, Account] = {}
    for address, value in zip(wanted, values, strict=True):
        if value is None:
            raise reads.NotFound(f"there is no account {address}: not all of the network is initialised")
        found[address] = value
    return _added_up(
        _decoded(Emission, found[addresses.emission()]),
        _decoded(Auction, found[addresses.auction()]),
        _decoded(Registry, found[addresses.registry()]),
        vestings,
        now=int.from_bytes(bytes(found[CLOCK].data)[_CLOCK_TIME], "little", signed=True),
        mint_supply=_token(mint, found[mint], MINT_SPACE, _MINT_SUPPLY),
        vault=_token(vault, found[vault], accounts.TOKEN_ACCOUNT_BYTES, _AMOUNT),
        staked=_token(stake, found[stake], accounts.TOKEN_ACCOUNT_BYTES, _AMOUNT),
    )


def _added_up(
    state: Emission,
    auction: Auction,
    registry: Registry,
    vestings: Sequence[Vesting],
    *,
    now: int,
    mint_supply: int,
    vault: int,
    staked: int,
) -> Supply:
    locks = [one for one in vestings if one.funded]
    vested = sum(max(one.vested(now) - one.withdrawn, 0) for one in locks)
    made = Supply(
        now=now,
        closed_epoch=state.closed_epoch,
        genesis=economics.GENESIS_SUPPLY,
        emitted=economics.cumulative(state.closed_epoch),
        minted=state.minted,
        bonus_locked=sum(one.left for one in vestings if not one.funded),
        locked_vested=vested,
        locked_unvested=sum(one.left for one in locks) - vested,
        locked_vault=vault,
        staked=staked,
        burned_auction=auction.burned_io,
        burned_slashed=registry.slashed_io,
        mint_supply=mint_supply,
    )
    return replace(made, faults=tuple(_faults(made, state)))


def _faults(made: Supply, state: Emission) -> Iterable[str]:
    if state.emitted != made.emitted:
        yield (
            f"the chain has {IO.show(state.emitted)} as emitted, and the schedule says {IO.show(made.emitted)}: "
            f"{IO.show(state.emitted - made.emitted)} too many"
        )
    if made.unclaimed < 0:
        yield f"{IO.show(-made.unclaimed)} more are minted or locked as bonus than were emitted"
    locked = made.locked_vested + made.locked_unvested
    if locked != state.locked_io:
        yield (
            f"the locks have {IO.show(locked)} left, and {IO.show(state.locked_io)} are counted as locked: "
            f"{IO.show(locked - state.locked_io)} too many"
        )
    if locked > made.locked_vault:
        yield f"the vault of locked IO holds {IO.show(locked - made.locked_vault)} too little"
    if made.burned_holders < 0:
        yield (
            f"the mint has {IO.show(made.mint_supply)}, {IO.show(-made.burned_holders)} more than genesis and minted "
            f"IO less what the auction and slashes burned"
        )
    if made.circulating < 0:
        yield f"the vaults hold {IO.show(-made.circulating)} more than there is"


def _decoded(kind: type[T], found: Account) -> T:
    if found.owner != accounts.owner_of(kind):
        raise accounts.NotAnAccount(f"the {kind.__name__} belongs to the program {found.owner}")
    return accounts.decode(kind, bytes(found.data))


def _token(address: Pubkey, found: Account, size: int, field: slice) -> int:
    if found.owner != TOKEN_PROGRAM or len(found.data) != size:
        raise accounts.NotAnAccount(f"{address} is not the token program's account that it should be")
    return int.from_bytes(bytes(found.data)[field], "little")
