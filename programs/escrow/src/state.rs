//! Fields stand at their natural alignment and `padding` fills up to it, so that other programs
//! can read these accounts with native integers (`declare_program!`).

use {
    crate::EscrowError,
    anchor_lang::prelude::*,
    common::change::in_force,
    economics::{settlement, BPS},
};

/// `staking::Actor::USER` and `NODE`; an IDL carries layouts, not associated constants.
pub const NODE: u8 = 1;
pub const USER: u8 = 2;

/// The terms of every job. One account; its address signs for coupons.
#[account]
pub struct Terms {
    pub usd_mint: Address,
    /// The vaults in `burn` that get the dollars not taken, and the part of the fee for incentives.
    /// Kept here, for a settlement to compare instead of to derive.
    pub burn_vault: Address,
    pub incentives: Address,
    pub parameters: EscrowParameters,
    pub next_parameters: EscrowParameters,
    /// Unix seconds, an epoch's start, from which the next parameters count; zero before any change.
    pub next_parameters_at: PodI64,
    pub bump: u8,
    pub padding: [u8; 7],
}

/// Parameters of jobs.
#[repr(C)]
#[derive(
    Clone, Copy, bytemuck::Pod, bytemuck::Zeroable, AnchorDeserialize, AnchorSerialize, IdlType,
)]
pub struct EscrowParameters {
    /// Assigns nodes to jobs.
    pub router: Address,
    /// USD base units that a dispute locks.
    pub dispute_bond: u64,
    /// Seconds that a node must work on a job before anything is paid.
    pub min_work_seconds: u32,
    /// Seconds without a report after which a node has failed.
    pub report_seconds: u32,
    /// Seconds for which work can be disputed before it is paid.
    pub dispute_seconds: u32,
    /// Seconds in which the committee resolves a dispute; then the work counts as reported.
    pub decision_seconds: u32,
    /// From `discount_reputation[i]` on, a user pays `discount_bp[i]` less. Rising; unused: zero.
    pub discount_reputation: [u16; Terms::BANDS],
    pub discount_bp: [u16; Terms::BANDS],
    /// The fee, basis points of a settlement's gross.
    pub fee_bp: u16,
    /// The part of the fee for who brought the user in, basis points.
    pub affiliate_bp: u16,
    /// The part of the rest of the fee that is burned, basis points; what is left is for incentives.
    pub fee_burn_bp: u16,
    /// The bonus coupons at the lowest dollar share, basis points of the base coupons.
    pub max_bonus_bp: u16,
}

impl Terms {
    pub const SEED: &'static [u8] = b"terms";
    pub const BANDS: usize = 4;

    pub fn parameters(&self, now: i64) -> &EscrowParameters {
        let (current, next) = (&self.parameters, &self.next_parameters);
        in_force(current, next, self.next_parameters_at.get(), now)
    }
}

impl EscrowParameters {
    pub const MAX_FEE_BP: u16 = 2_000;
    pub const MAX_AFFILIATE_BP: u16 = 5_000;
    pub const MAX_DISCOUNT_BP: u16 = 5_000;
    /// Of each of the times: nobody's dollars wait longer for others than this.
    pub const MAX_SECONDS: u32 = 30 * 86_400;

    /// What a user of this reputation pays less, basis points.
    pub fn discount_bp(&self, reputation: u16) -> u16 {
        self.discount_reputation
            .iter()
            .zip(&self.discount_bp)
            .filter(|(from, _)| reputation >= **from)
            .map(|(_, discount)| *discount)
            .max()
            .unwrap_or(0)
    }

    /// Shares are parts of a whole, times are bounded, the bands rise.
    pub fn validate(&self) -> Result<()> {
        let times = [
            self.min_work_seconds,
            self.report_seconds,
            self.dispute_seconds,
            self.decision_seconds,
        ];
        require!(
            self.fee_bp <= Self::MAX_FEE_BP
                && self.affiliate_bp <= Self::MAX_AFFILIATE_BP
                && u64::from(self.fee_burn_bp) <= BPS
                && u64::from(self.max_bonus_bp) <= BPS
                && times.iter().all(|seconds| *seconds <= Self::MAX_SECONDS),
            EscrowError::ParameterOutOfRange
        );
        let rising = |values: &[u16]| values.windows(2).all(|pair| pair[0] <= pair[1]);
        require!(
            rising(&self.discount_reputation)
                && rising(&self.discount_bp)
                && self
                    .discount_bp
                    .iter()
                    .all(|bp| *bp <= Self::MAX_DISCOUNT_BP),
            EscrowError::DiscountsUnsorted
        );
        Ok(())
    }
}

/// One job.
#[account]
pub struct Job {
    /// The user's actor, and who acts for it.
    pub user: Address,
    pub authority: Address,
    /// The node's actor; zeros until started.
    pub node: Address,
    /// What the node last reported.
    pub digest: [u8; 32],
    pub class: [u8; 16],
    /// Numbers the jobs of one user.
    pub id: PodU64,
    /// USD base units for one hour of all processors.
    pub rate_per_hour: PodU64,
    /// USD base units paid in.
    pub deposit: PodU64,
    /// USD base units of work settled so far.
    pub settled_usd: PodU64,
    /// Unix seconds.
    pub opened_at: PodI64,
    pub started_at: PodI64,
    /// Up to when the node reports to have worked.
    pub reported_at: PodI64,
    /// Seconds of work settled so far.
    pub settled_seconds: PodU32,
    pub processors: PodU32,
    pub hours: PodU32,
    /// Settlements so far: each (job, period) is paid once.
    pub period: PodU32,
    pub discount_bp: PodU16,
    /// `Job::OPEN`, `RUNNING` or `FINISHED`.
    pub state: u8,
    pub bump: u8,
    pub vault_bump: u8,
    pub padding: [u8; 3],
}

impl Job {
    pub const SEED: &'static [u8] = b"job";
    /// Of the token account that holds the job's dollars.
    pub const VAULT_SEED: &'static [u8] = b"vault";
    pub const OPEN: u8 = 1;
    pub const RUNNING: u8 = 2;
    pub const FINISHED: u8 = 3;

    /// Unix seconds at which a running job's hours are over.
    pub fn end(&self) -> i64 {
        let seconds = i64::from(self.hours.get()) * economics::SECONDS_PER_HOUR as i64;
        self.started_at.get().saturating_add(seconds)
    }

    /// Seconds worked: up to the node's last report, never past the hours paid for.
    pub fn worked_seconds(&self) -> u64 {
        let until = self.reported_at.get().min(self.end());
        u64::try_from(until.saturating_sub(self.started_at.get())).unwrap_or(0)
    }

    /// USD base units due for the seconds that were worked and not settled. Cumulative, so that
    /// no rhythm of settlements gains or loses.
    pub fn due(&self, worked_seconds: u64) -> Result<u64> {
        let earned = settlement::earned(self.rate_per_hour.get(), worked_seconds)
            .map_err(EscrowError::from)?;
        earned
            .checked_sub(self.settled_usd.get())
            .ok_or(EscrowError::Overflow.into())
    }
}
