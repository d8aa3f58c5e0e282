use {crate::EmissionParameters, anchor_lang::prelude::*};

#[event]
pub struct EmissionInitialized {
    pub io_mint: Address,
    pub coupon_authority: Address,
    pub genesis: i64,
    pub parameters: EmissionParameters,
}

/// These are the emission's parameters from `from` (Unix seconds) on.
#[event]
pub struct EmissionParametersSet {
    pub parameters: EmissionParameters,
    pub from: i64,
}

#[event]
pub struct EarnerCreated {
    pub earner: Address,
    pub actor: Address,
}

/// USD base units credited to `actor` for `epoch`, and the epoch's total after it.
#[event]
pub struct CouponsCredited {
    pub actor: Address,
    pub base: u64,
    pub bonus: u64,
    pub total_coupons: u64,
    pub epoch: u32,
}

#[event]
pub struct ScoresFinalized {
    pub digest: [u8; 32],
    pub total_points: u64,
    pub epoch: u32,
}

/// Epochs `first..=last` were distributed. Amounts in IO base units, `_q64` with 64 fractional
/// bits; `per_point_q64` and `per_coupon_q64` are this range's own.
#[event]
pub struct EpochsClosed {
    pub first: u32,
    pub last: u32,
    pub availability: u64,
    pub compute: u64,
    pub total_points: u64,
    pub total_coupons: u64,
    pub per_point_q64: u128,
    pub per_coupon_q64: u128,
    pub carry_availability_q64: u128,
    pub carry_compute_q64: u128,
    pub at: i64,
}

/// IO base units minted to the owner, to the affiliate and to the actor's rewards account.
#[event]
pub struct Claimed {
    pub actor: Address,
    pub owner: u64,
    pub affiliate: u64,
    pub stakers: u64,
    pub closed_epoch: u32,
    pub at: i64,
}

/// A bonus, IO base units: the affiliate's and the stakers' parts were minted, the owner's is locked.
#[event]
pub struct BonusLocked {
    pub actor: Address,
    pub vesting: Address,
    pub beneficiary: Address,
    pub owner: u64,
    pub affiliate: u64,
    pub stakers: u64,
    pub closed_epoch: u32,
    pub start: i64,
    pub end: i64,
}

/// IO that existed was put into the vault of locked IO.
#[event]
pub struct IoLocked {
    pub vesting: Address,
    pub depositor: Address,
    pub beneficiary: Address,
    pub id: u64,
    pub amount: u64,
    pub start: i64,
    pub end: i64,
    pub step_seconds: u32,
}

/// `withdrawn` counts this amount too; `funded`: it came out of the vault, and was not minted.
#[event]
pub struct VestedWithdrawn {
    pub vesting: Address,
    pub beneficiary: Address,
    pub amount: u64,
    pub withdrawn: u64,
    pub funded: u8,
    pub at: i64,
}
