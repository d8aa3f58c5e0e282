use {crate::EscrowError, anchor_lang::prelude::*, common::change::in_force, economics::BPS};

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
    /// Seconds that a node must work on a job before anything is paid, or all that the job has left.
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
