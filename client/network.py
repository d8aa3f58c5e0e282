"""What a network is started with: published hardware classes, and parameters with the design's values."""

from dataclasses import dataclass

from solders.pubkey import Pubkey

from client.economics import IO, USD
from client.state import BurnParameters, EmissionParameters, EscrowParameters, OracleParameters, StakingParameters

CLASS_MULTIPLIERS_BP: dict[str, int] = {
    "B200": 300_000,
    "H200": 120_000,
    "H100": 100_000,
    "A100-80GB": 50_000,
    "L40S": 30_000,
    "A100-40GB": 20_000,
    "3090": 17_500,
    "3080": 15_000,
    "M3-Max": 15_000,
    "4090": 12_500,
    "T4": 5_000,
    "CPU": 1_000,
}
"""Collateral and points multiplier of each published class, and of machines without a GPU, whose processors are cores;
10,000 = 1."""


DAY = 86_400
ORACLE = OracleParameters(delay_seconds=2 * DAY, freshness_seconds=600, max_change_bp=2_000)
STAKING = StakingParameters(
    appeal_bond=1_000 * IO,
    owner_unbonding_seconds=14 * DAY,
    delegator_unbonding_seconds=21 * DAY,
    appeal_seconds=3 * DAY,
    decision_seconds=7 * DAY,
)
EMISSION = EmissionParameters(lock_seconds=180 * DAY, availability_bp=5_000, affiliate_bp=100)
BURN = BurnParameters(
    user_grant=20 * USD,
    owner_grant=50 * USD,
    owner_grant_hours=72,
    ramp_seconds=3_600,
    start_bp=-200,
    end_bp=200,
)
ESCROW = EscrowParameters(
    router=Pubkey.default(),
    dispute_bond=10 * USD,
    min_work_seconds=3_600,
    report_seconds=900,
    dispute_seconds=1_800,
    decision_seconds=7 * DAY,
    discount_reputation=(0, 2_500, 5_000, 7_500),
    discount_bp=(0, 100, 200, 300),
    fee_bp=500,
    affiliate_bp=1_000,
    fee_burn_bp=5_000,
    max_bonus_bp=5_000,
)
"""The router is named where a network is started."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What the five programs are started with."""

    oracle: OracleParameters = ORACLE
    staking: StakingParameters = STAKING
    emission: EmissionParameters = EMISSION
    burn: BurnParameters = BURN
    escrow: EscrowParameters = ESCROW
