"""Accounts of `staking`: actors and their stake."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from solders.pubkey import Pubkey

from client.endpoints import Endpoint
from client.idl import ProgramName
from client.offences import OFFENCES
from client.state.change import in_force


@dataclass(frozen=True, slots=True)
class StakingParameters:
    """Parameters of staking."""

    appeal_bond: int
    """IO base units that an appeal against a slash locks."""
    owner_unbonding_seconds: int
    delegator_unbonding_seconds: int
    appeal_seconds: int
    """In which a slash can be appealed."""
    decision_seconds: int
    """In which the committee decides an appeal; then the slash lapses."""


@dataclass(frozen=True, slots=True)
class Registry:
    """Which mint is IO, and the parameters of staking."""

    PROGRAM: ClassVar[ProgramName] = "staking"
    io_mint: Pubkey
    slashed_io: int
    """IO base units burned by slashes, in all."""
    parameters: StakingParameters
    next_parameters: StakingParameters
    next_parameters_at: int
    """Unix seconds from which the next parameters count; zero before any change."""

    def parameters_at(self, now: int) -> StakingParameters:
        """The parameters in force at `now`, Unix seconds."""
        return in_force(self.parameters, self.next_parameters, self.next_parameters_at, now)


@dataclass(frozen=True, slots=True)
class Class:
    """A hardware class."""

    PROGRAM: ClassVar[ProgramName] = "staking"
    symbol: str
    multiplier_bp: int
    """10,000 = 1."""
    bump: int


@dataclass(frozen=True, slots=True)
class Election:
    """What an actor chooses for itself; it changes from the next epoch."""

    dollar_share_bp: int
    """The part of its pay taken in dollars, 3000 to 9000; zero for a user."""
    commission_bp: int
    """The stakers' part of what it earns, 100 to 300."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A node or a user."""

    PROGRAM: ClassVar[ProgramName] = "staking"
    NODE: ClassVar[int] = 1
    USER: ClassVar[int] = 2
    authority: Pubkey
    affiliate: Pubkey
    """Zeros where nobody brought the authority in."""
    rewards: Pubkey
    """The token account of what its stakers earn; zeros until the pool is opened."""
    class_: str
    """Empty for a user."""
    per_share: int
    """IO base units a share has earned since the pool began, 64 fractional bits; so is `carry`."""
    carry: int
    """Rewards that no share could be paid yet."""
    collateral: int
    """IO base units, as `collateral_required`."""
    collateral_required: int
    stake: int
    """IO base units behind all shares, active and unbonding."""
    shares: int
    unbonding_shares: int
    index: int
    """What a share is worth, 63 fractional bits."""
    counted_rewards: int
    """IO base units in `rewards` that `per_share` counts and nobody has claimed."""
    registered_at: int
    """Unix seconds."""
    next_election_at: int
    """Unix seconds from which the next election counts; zero before any change."""
    processors: int
    multiplier_bp: int
    election: Election
    next_election: Election
    id: int
    pending_slashes: int
    kind: int
    bump: int

    def election_at(self, now: int) -> Election:
        """What it has chosen, as it counts at `now`, Unix seconds."""
        return in_force(self.election, self.next_election, self.next_election_at, now)

    @property
    def is_node(self) -> bool:
        """A node, not a user."""
        return self.kind == Actor.NODE

    @property
    def has_affiliate(self) -> bool:
        """Whether somebody brought the authority in."""
        return self.affiliate != Pubkey.default()

    @property
    def has_pool(self) -> bool:
        """Whether anyone can delegate to it."""
        return self.rewards != Pubkey.default()


@dataclass(frozen=True, slots=True)
class Agent:
    """Who acts for a node day by day, and how to reach it."""

    PROGRAM: ClassVar[ProgramName] = "staking"
    actor: Pubkey
    """The node."""
    key: Pubkey
    """Signs for the node; it is not its owner's, unless the owner named itself."""
    certificate: bytes
    """SHA-256 of the TLS certificate shown at `endpoint`, DER; zeros until it is announced, as the rest."""
    hardware: bytes
    """SHA-256 of the inventory of the node's hardware."""
    endpoint: Endpoint
    announced_at: int
    """Unix seconds; zero until it is announced."""
    bump: int

    @property
    def is_announced(self) -> bool:
        """Whether it said how to reach the node."""
        return self.announced_at > 0


@dataclass(frozen=True, slots=True)
class Delegation:
    """What one wallet has delegated to one actor, and what it has earned there."""

    PROGRAM: ClassVar[ProgramName] = "staking"
    owner: Pubkey
    actor: Pubkey
    snapshot: int
    """`Actor.per_share` when it was last touched; 64 fractional bits."""
    accrued: int
    """IO base units earned and not claimed, 64 fractional bits."""
    shares: int


@dataclass(frozen=True, slots=True)
class Ticket:
    """Stake on its way out: a delegator's, or an owner's collateral."""

    PROGRAM: ClassVar[ProgramName] = "staking"
    owner: Pubkey
    actor: Pubkey
    shares: int
    """Their value falls with the actor's index until it is paid."""
    matures_at: int
    """Unix seconds from which anyone can have it paid."""
    id: int


@dataclass(frozen=True, slots=True)
class Slash:
    """A slash that waits for an appeal, or for its decision."""

    PROGRAM: ClassVar[ProgramName] = "staking"
    PROPOSED: ClassVar[int] = 1
    APPEALED: ClassVar[int] = 2
    UPHELD: ClassVar[int] = 3
    DISMISSED: ClassVar[int] = 4
    STATES: ClassVar[dict[int, str]] = {1: "proposed", 2: "appealed", 3: "upheld", 4: "dismissed"}
    actor: Pubkey
    proposer: Pubkey
    evidence: bytes
    bond: int
    """IO base units that the appeal locked."""
    deadline: int
    """Unix seconds: until then it can be appealed, or the appeal decided."""
    id: int
    fraction_bp: int
    """What is lost of the stake and of the collateral."""
    offence: int
    state: int

    @property
    def state_name(self) -> str:
        """Its state in words."""
        return self.STATES.get(self.state, str(self.state))

    @property
    def offence_name(self) -> str:
        """Its offence in words."""
        return OFFENCES[self.offence][0] if self.offence in OFFENCES else str(self.offence)

    def is_executable(self, now: int) -> bool:
        """Whether anyone can have it executed at `now`, the chain's time."""
        return self.state == self.UPHELD or (self.state == self.PROPOSED and now >= self.deadline)

    def is_dismissible(self, now: int) -> bool:
        """Whether anyone can have it dismissed at `now`, the chain's time."""
        return self.state == self.DISMISSED or (self.state == self.APPEALED and now >= self.deadline)
