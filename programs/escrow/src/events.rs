use {
    crate::{Draw, EscrowParameters},
    anchor_lang::prelude::*,
};

#[event]
pub struct EscrowInitialized {
    pub usd_mint: Address,
    pub parameters: EscrowParameters,
}

/// These are the parameters from `from` (Unix seconds) on.
#[event]
pub struct EscrowParametersSet {
    pub parameters: EscrowParameters,
    pub from: i64,
}

/// USD base units; `granted` of the `deposit` came from the user's credit. `price_nano_usd` is of one
/// processor-hour before the discount, which `rate_per_hour` has where the `benefit` is the discount.
#[event]
pub struct JobOpened {
    pub job: Address,
    pub user: Address,
    pub authority: Address,
    /// Where the affiliate's part of the fee goes; zeros where nobody brought the user in.
    pub affiliate_usd: Address,
    pub class: [u8; 16],
    pub id: u64,
    pub price_nano_usd: u64,
    pub rate_per_hour: u64,
    pub deposit: u64,
    pub granted: u64,
    pub at: i64,
    pub processors: u32,
    pub hours: u32,
    pub discount_bp: u16,
    /// `Job::DISCOUNT` or `LOCKED_IO`.
    pub benefit: u8,
}

/// `hours` and `deposit` (USD base units) were added, at the rate of the job.
#[event]
pub struct JobExtended {
    pub job: Address,
    pub deposit: u64,
    pub at: i64,
    pub hours: u32,
}

/// The router's draw of a node for the job, which had `assignment` nodes before.
#[event]
pub struct JobStarted {
    pub job: Address,
    pub node: Address,
    pub draw: Draw,
    pub at: i64,
    pub assignment: u16,
}

/// The node left the job, which waits for another: it `failed` to report, or gave up.
#[event]
pub struct JobReleased {
    pub job: Address,
    pub node: Address,
    pub by: Address,
    pub at: i64,
    /// Reported by this node; of them `paid_seconds` were paid, all or none.
    pub worked_seconds: u32,
    pub paid_seconds: u32,
    /// As in its `JobStarted`.
    pub assignment: u16,
    pub failed: bool,
}

/// Its user ended the job: `worked_seconds` of all nodes will be paid, and nothing more.
#[event]
pub struct JobEnded {
    pub job: Address,
    pub node: Address,
    pub at: i64,
    pub worked_seconds: u32,
}

/// Its user disputes the seconds `settled_seconds..worked_seconds`. `bond`: USD base units, locked.
#[event]
pub struct JobDisputed {
    pub job: Address,
    pub node: Address,
    /// SHA-256 of what the user has to show.
    pub evidence: [u8; 32],
    pub bond: u64,
    pub at: i64,
    pub settled_seconds: u32,
    pub worked_seconds: u32,
}

/// The committee accepted the seconds up to `accepted_seconds`. USD base units: of the bond, `bond_node`
/// was paid to the node, `bond_user` comes back with the refund.
#[event]
pub struct DisputeResolved {
    pub job: Address,
    pub node: Address,
    pub bond_node: u64,
    pub bond_user: u64,
    pub at: i64,
    pub settled_seconds: u32,
    pub worked_seconds: u32,
    pub accepted_seconds: u32,
}

/// Nobody decided the dispute: all that was reported counts, and the bond comes back with the refund.
#[event]
pub struct DisputeLapsed {
    pub job: Address,
    pub node: Address,
    pub bond_user: u64,
    pub at: i64,
    pub worked_seconds: u32,
}

/// Seconds `from_second..to_second` of the job were paid. USD base units; `gross` = `dollars` +
/// `burn` + `fee_affiliate` + `fee_burn` + `fee_incentives`. Coupons are the node's, but for
/// `coupons_user`: bonus coupons of a user that takes locked IO in the place of its discount.
#[event]
pub struct JobSettled {
    pub job: Address,
    pub node: Address,
    pub gross: u64,
    pub dollars: u64,
    pub burn: u64,
    pub fee_affiliate: u64,
    pub fee_burn: u64,
    pub fee_incentives: u64,
    pub coupons_base: u64,
    pub coupons_bonus: u64,
    pub coupons_user: u64,
    pub at: i64,
    pub from_second: u32,
    pub to_second: u32,
    pub period: u32,
}

/// `deposit` = `settled` + `refund` + `credit`, USD base units: `credit` went back to the user's
/// credit account, `refund` to the user, and `bond` besides.
#[event]
pub struct JobFinished {
    pub job: Address,
    pub deposit: u64,
    pub settled: u64,
    pub refund: u64,
    pub credit: u64,
    pub bond: u64,
    pub at: i64,
    pub worked_seconds: u32,
    /// `Job::SETTLED` or `CANCELLED`.
    pub state: u8,
}
