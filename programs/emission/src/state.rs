//! Other programs read these accounts with native integers (`declare_program!`): fields stand at
//! their natural alignment and `padding` fills up to it.

use {
    crate::EmissionError,
    anchor_lang::prelude::*,
    common::{change::in_force, Q64},
    economics::{accumulator, schedule, BPS},
};

/// The schedule's state. One account; its address is the mint authority.
#[account]
pub struct Emission {
    pub io_mint: Address,
    /// The one signer that may credit coupons.
    pub coupon_authority: Address,
    /// IO base units per point, since genesis.
    pub per_point: Q64,
    /// IO base units of each half that nobody could be paid yet.
    pub carry_availability: Q64,
    pub carry_compute: Q64,
    /// Unix seconds at which epoch 1 begins.
    pub genesis: PodI64,
    /// Points of all earners.
    pub total_points: PodU64,
    /// Coupons of the open epoch, USD base units, base and bonus.
    pub total_coupons: PodU64,
    /// IO base units minted by this program.
    pub minted: PodU64,
    /// The last closed epoch; zero before the first.
    pub closed_epoch: PodU32,
    /// The last epoch whose scores are final; equal to `closed_epoch` or the next to close.
    pub final_epoch: PodU32,
    pub parameters: EmissionParameters,
    pub next_parameters: EmissionParameters,
    /// Unix seconds, an epoch's start, from which the next parameters count; zero before any change.
    pub next_parameters_at: PodI64,
    /// The token account that holds locked IO which exists already.
    pub locked_vault: Address,
    /// IO base units in it that vesting accounts have not paid out yet.
    pub locked_io: PodU64,
    /// IO base units that the closed epochs emitted: `M(closed_epoch)`.
    pub emitted: PodU64,
    pub bump: u8,
    pub padding: [u8; 7],
}

/// Parameters of the emission.
#[repr(C)]
#[derive(
    Clone, Copy, bytemuck::Pod, bytemuck::Zeroable, AnchorDeserialize, AnchorSerialize, IdlType,
)]
pub struct EmissionParameters {
    /// Over which bonus IO vests.
    pub lock_seconds: u32,
    /// The availability half, basis points of an epoch's amount.
    pub availability_bp: u16,
    /// The affiliate's part of a claim, basis points.
    pub affiliate_bp: u16,
}

impl EmissionParameters {
    pub const MAX_AFFILIATE_BP: u16 = 1_000;

    pub fn validate(&self) -> Result<()> {
        require!(
            self.lock_seconds > 0
                && u64::from(self.availability_bp) <= BPS
                && self.affiliate_bp <= Self::MAX_AFFILIATE_BP,
            EmissionError::ParameterOutOfRange
        );
        Ok(())
    }
}

impl Emission {
    pub const SEED: &'static [u8] = b"emission";
    /// Of the token account that holds locked IO.
    pub const LOCKED_SEED: &'static [u8] = b"locked";

    pub fn parameters(&self, now: i64) -> &EmissionParameters {
        let (current, next) = (&self.parameters, &self.next_parameters);
        in_force(current, next, self.next_parameters_at.get(), now)
    }

    /// The first epoch that the next parameters count for; zero before any change.
    pub fn next_parameters_epoch(&self) -> Result<u32> {
        match self.next_parameters_at.get() {
            0 => Ok(0),
            from => {
                schedule::epoch_at(self.genesis.get(), from).ok_or(EmissionError::Overflow.into())
            }
        }
    }

    /// The epoch that coupons and points belong to now.
    pub fn open_epoch(&self) -> u32 {
        self.closed_epoch.get() + 1
    }

    /// Refuses scores for an epoch that runs, is closed, or waits final to be closed.
    pub fn require_open_for_scores(&self, epoch: u32, now: i64) -> Result<()> {
        require!(
            (1..=schedule::LAST_EPOCH).contains(&epoch),
            EmissionError::EpochOutOfRange
        );
        let end = schedule::epoch_end(self.genesis.get(), epoch).ok_or(EmissionError::Overflow)?;
        require!(
            epoch > self.closed_epoch.get(),
            EmissionError::AlreadyClosed
        );
        require!(
            self.final_epoch.get() == self.closed_epoch.get(),
            EmissionError::AlreadyFinal
        );
        require!(now >= end, EmissionError::EpochNotEnded);
        Ok(())
    }

    /// Counts `amount` as minted, or refuses it: the schedule's sum is the cap.
    pub fn count_minted(&mut self, amount: u64) -> Result<()> {
        let minted = self
            .minted
            .get()
            .checked_add(amount)
            .ok_or(EmissionError::Overflow)?;
        require!(minted <= self.emitted.get(), EmissionError::CapExceeded);
        self.minted = minted.into();
        Ok(())
    }
}

/// Compute rates of 512 epochs (a page of 1,024 would be too large to create in one instruction).
#[account]
pub struct Rates {
    pub page: PodU32,
    pub bump: u8,
    pub padding: [u8; 3],
    /// IO base units per coupon (USD base unit), by epoch modulo 512. Where several epochs closed
    /// as one range, the rate stands at the first: coupons were credited to that one.
    pub per_coupon: [Q64; Rates::EPOCHS as usize],
}

impl Rates {
    pub const SEED: &'static [u8] = b"rates";
    pub const EPOCHS: u32 = 512;

    pub fn page_of(epoch: u32) -> u32 {
        epoch / Self::EPOCHS
    }

    /// The rate of `epoch`, or `RatesPageMismatch`.
    pub fn of(&self, epoch: u32) -> Result<u128> {
        require!(
            self.page.get() == Self::page_of(epoch),
            EmissionError::RatesPageMismatch
        );
        Ok(self.per_coupon[(epoch % Self::EPOCHS) as usize].get())
    }
}

/// What one actor earns. In native integers, which cost a tenth of `Pod*` to read: the committee writes
/// thousands of these.
#[account]
pub struct Earner {
    pub actor: Address,
    /// `Emission::per_point` when it was last touched.
    pub snapshot: Q64,
    /// IO base units earned and not claimed: liquid, and bonus to be locked.
    pub liquid: Q64,
    pub bonus: Q64,
    /// Coupons of `coupon_epoch`, USD base units.
    pub coupons_base: u64,
    pub coupons_bonus: u64,
    pub coupon_epoch: u32,
    /// Its weight in the availability half.
    pub points: u32,
    /// The epoch whose score last raised its points from zero; zero while it has none.
    pub proven_since: u32,
    /// 0 to 10,000.
    pub reputation: u16,
    pub bump: u8,
    pub padding: u8,
}

impl Earner {
    pub const SEED: &'static [u8] = b"earner";
    pub const MAX_REPUTATION: u16 = 10_000;

    /// Brings the availability half up to `per_point`, the emission's. Must precede every change of
    /// `points`.
    #[inline(always)]
    pub fn accrue_points(&mut self, per_point: Q64) -> Result<()> {
        if self.points > 0 {
            let delta = per_point
                .get()
                .checked_sub(self.snapshot.get())
                .ok_or(EmissionError::Overflow)?;
            self.liquid = accumulator::accrue(self.liquid.get(), self.points.into(), delta)
                .map_err(EmissionError::from)?
                .into();
        }
        self.snapshot = per_point;
        Ok(())
    }

    /// Turns coupons of a closed epoch into IO. Must precede every credit of coupons.
    pub fn accrue_coupons(&mut self, emission: &Emission, rates: &Rates) -> Result<()> {
        let epoch = self.coupon_epoch;
        if epoch == 0 || epoch > emission.closed_epoch.get() {
            return Ok(());
        }
        let rate = rates.of(epoch)?;
        self.liquid = accumulator::accrue(self.liquid.get(), self.coupons_base, rate)
            .map_err(EmissionError::from)?
            .into();
        self.bonus = accumulator::accrue(self.bonus.get(), self.coupons_bonus, rate)
            .map_err(EmissionError::from)?
            .into();
        self.coupons_base = 0;
        self.coupons_bonus = 0;
        self.coupon_epoch = 0;
        Ok(())
    }
}

/// Locked IO: becomes free from `start` to `end` in proportion to the whole steps that have passed.
#[account]
pub struct Vesting {
    pub beneficiary: Address,
    /// IO base units.
    pub total: PodU64,
    pub withdrawn: PodU64,
    /// Unix seconds.
    pub start: PodI64,
    pub end: PodI64,
    /// 1: free by the second. Longer steps make tranches.
    pub step_seconds: PodU32,
    /// 1: paid from the vault of locked IO, where it waits. 0: minted as it is withdrawn.
    pub funded: u8,
    pub bump: u8,
    pub padding: [u8; 2],
}

impl Vesting {
    pub const SEED: &'static [u8] = b"vesting";

    /// Refuses times by which it could not be paid out, whenever it is asked to.
    pub fn validate_times(start: i64, end: i64, step_seconds: u32) -> Result<()> {
        let steps = end
            .checked_sub(start)
            .and_then(|duration| u64::try_from(duration).ok())
            .and_then(|duration| duration.checked_rem(step_seconds.into()))
            .filter(|rest| *rest == 0 && end > start);
        require!(steps.is_some(), EmissionError::StepsInvalid);
        Ok(())
    }
}

/// One row of `post_scores`.
#[derive(Clone, Copy, AnchorDeserialize, AnchorSerialize, IdlType)]
pub struct Score {
    pub points: u32,
    pub reputation: u16,
}
