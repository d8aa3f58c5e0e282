use {
    crate::{EscrowError, EscrowParameters},
    anchor_lang::prelude::*,
    economics::{settlement, SECONDS_PER_HOUR},
};

/// One job.
///
/// `OPEN` → `RUNNING` → `ENDED` (by its user) or `DISPUTED` → `RESOLVED`, then `SETTLED` or
/// `CANCELLED`. A node that fails or gives up leaves it `OPEN` again, with its hours.
#[account]
pub struct Job {
    /// The user's actor, and who acts for it.
    pub user: Address,
    pub authority: Address,
    /// The node's actor; zeros while nobody works on it.
    pub node: Address,
    /// The associated token account, USD, of who brought the user in; zeros where nobody did. Kept
    /// here, for a settlement to compare instead of to derive.
    pub affiliate_usd: Address,
    /// What the node last reported.
    pub digest: [u8; 32],
    pub class: [u8; 16],
    /// Numbers the jobs of one user.
    pub id: PodU64,
    /// USD base units for one hour of all processors.
    pub rate_per_hour: PodU64,
    /// Nano-dollars for one processor-hour when it was opened, before the discount.
    pub price_nano_usd: PodU64,
    /// USD base units paid in, the granted ones among them.
    pub deposit: PodU64,
    /// USD base units of the deposit that came from the user's credit. They are spent first.
    pub granted: PodU64,
    /// USD base units of work settled so far.
    pub settled_usd: PodU64,
    /// USD base units in the vault besides the deposit: the user's part of a dispute's bond.
    pub bond: PodU64,
    /// Unix seconds.
    pub opened_at: PodI64,
    /// When the node began, and up to when it reports to have worked; zero while nobody works.
    pub started_at: PodI64,
    pub reported_at: PodI64,
    pub disputed_at: PodI64,
    /// Seconds of work settled so far, and how many of them when the node began: others' work.
    pub settled_seconds: PodU32,
    pub base_seconds: PodU32,
    pub processors: PodU32,
    pub hours: PodU32,
    /// Settlements so far: each (job, period) is paid once.
    pub period: PodU32,
    /// What the user's reputation is worth: less to pay, or coupons in its place.
    pub discount_bp: PodU16,
    /// Nodes that were assigned so far.
    pub assignments: PodU16,
    /// `Job::DISCOUNT` or `LOCKED_IO`.
    pub benefit: u8,
    pub state: u8,
    pub bump: u8,
    pub vault_bump: u8,
    pub padding: [u8; 4],
}

/// What the router drew a node by, recomputable by anyone from the chain. The program records it, and
/// cannot judge it.
#[derive(Clone, Copy, AnchorDeserialize, AnchorSerialize, IdlType)]
pub struct Draw {
    /// SHA-256 over the job's address, the hash of the block that opened it, and how many nodes it had
    /// before, u16 little-endian.
    pub seed: [u8; 32],
    /// SHA-256 over the candidates and their weights.
    pub candidates_digest: [u8; 32],
    /// The slot whose state the candidates were read from.
    pub as_of_slot: u64,
    pub total_weight: u64,
    /// Of the seed, below `total_weight`: whose it is, gets the job.
    pub ticket: u64,
    pub candidates: u32,
}

impl Job {
    pub const SEED: &'static [u8] = b"job";
    /// Of the token account that holds the job's dollars.
    pub const VAULT_SEED: &'static [u8] = b"vault";
    /// Of the token account that holds what a user was granted: its dollars go into jobs, and come
    /// back from them, and nowhere else.
    pub const CREDIT_SEED: &'static [u8] = b"credit";

    pub const OPEN: u8 = 1;
    pub const RUNNING: u8 = 2;
    /// Its user ended it: what was worked is paid, and the rest refunded.
    pub const ENDED: u8 = 3;
    pub const DISPUTED: u8 = 4;
    /// As ended, with the seconds that the dispute left.
    pub const RESOLVED: u8 = 5;
    /// Over; some work was paid.
    pub const SETTLED: u8 = 6;
    /// Over; no work was paid.
    pub const CANCELLED: u8 = 7;

    /// The user's reputation makes its jobs cheaper, or earns locked IO at the full price.
    pub const DISCOUNT: u8 = 0;
    pub const LOCKED_IO: u8 = 1;

    /// Whether work may be paid: it runs, or has stopped for good.
    pub fn is_payable(&self) -> bool {
        self.state == Self::RUNNING || self.has_stopped()
    }

    /// Whether nobody works on it any more and its seconds stand: no minimum counts, and no
    /// dispute is possible.
    pub fn has_stopped(&self) -> bool {
        self.state == Self::ENDED || self.state == Self::RESOLVED
    }

    /// Unix seconds at which a running job's hours are over.
    pub fn end(&self) -> i64 {
        let left = self
            .paid_for_seconds()
            .saturating_sub(self.base_seconds.get().into());
        self.started_at.get().saturating_add(left as i64)
    }

    /// Whether the node's last report is recent, or its start.
    pub fn is_alive(&self, now: i64, parameters: &EscrowParameters) -> bool {
        let silent = now.saturating_sub(self.reported_at.get());
        silent <= i64::from(parameters.report_seconds)
    }

    /// Seconds worked, by all nodes: up to the last report, never past the hours paid for.
    pub fn worked_seconds(&self) -> u64 {
        self.worked_until(self.reported_at.get())
    }

    /// Seconds worked up to a time, as far as they were reported.
    fn worked_until(&self, time: i64) -> u64 {
        let until = time.min(self.reported_at.get()).min(self.end());
        let seconds = u64::try_from(until.saturating_sub(self.started_at.get())).unwrap_or(0);
        seconds.saturating_add(self.base_seconds.get().into())
    }

    /// Seconds that this node reports to have worked.
    pub fn assignment_seconds(&self) -> u64 {
        self.worked_seconds()
            .saturating_sub(self.base_seconds.get().into())
    }

    /// Whether this node has worked what is paid at least: the minimum, or all that it was given.
    fn has_worked_enough(&self, parameters: &EscrowParameters) -> bool {
        let worked = self.assignment_seconds();
        worked >= u64::from(parameters.min_work_seconds)
            || worked.saturating_add(self.base_seconds.get().into()) >= self.paid_for_seconds()
    }

    /// Seconds of the hours paid for.
    fn paid_for_seconds(&self) -> u64 {
        u64::from(self.hours.get()) * SECONDS_PER_HOUR
    }

    /// Makes `seconds` of all nodes' work what was worked: no more than was.
    pub fn stop(&mut self, state: u8, seconds: u64) {
        let seconds = seconds.saturating_sub(self.base_seconds.get().into());
        let until = self.started_at.get().saturating_add(seconds as i64);
        self.reported_at = until.min(self.end()).into();
        self.state = state;
    }

    /// Seconds of work, all nodes' and the settled ones too, that a settlement at `now` pays up to.
    ///
    /// While the job runs, the node must have worked its minimum, and what can still be disputed
    /// waits. Errors: `NothingToSettle`, `BelowMinimumWork`, `StillDisputable`.
    pub fn payable_seconds(&self, now: i64, parameters: &EscrowParameters) -> Result<u64> {
        let settled = u64::from(self.settled_seconds.get());
        let worked = self.worked_seconds();
        require!(worked > settled, EscrowError::NothingToSettle);
        if self.has_stopped() {
            return Ok(worked);
        }
        require!(
            self.has_worked_enough(parameters),
            EscrowError::BelowMinimumWork
        );
        let payable = self.worked_until(now.saturating_sub(parameters.dispute_seconds.into()));
        require!(payable > settled, EscrowError::StillDisputable);
        Ok(payable)
    }

    /// Whether nothing is left to pay. A running node's work below the minimum is not: it is the
    /// user's again.
    pub fn is_settled(&self, parameters: &EscrowParameters) -> bool {
        self.worked_seconds() <= u64::from(self.settled_seconds.get())
            || (!self.has_stopped() && !self.has_worked_enough(parameters))
    }

    /// Refuses to close a job that somebody works on or is owed for. Errors: `NotAuthority`, `NotOver`,
    /// `SettleFirst`, `NodeAlive`.
    pub fn require_over(
        &self,
        by_user: bool,
        now: i64,
        parameters: &EscrowParameters,
    ) -> Result<()> {
        let is_running = self.state == Self::RUNNING;
        require!(
            self.state != Self::OPEN || by_user,
            EscrowError::NotAuthority
        );
        require!(!is_running || now >= self.end(), EscrowError::NotOver);
        require!(self.is_settled(parameters), EscrowError::SettleFirst);
        // The last seconds of a node that still reports are not taken from it.
        let may_report = self.reported_at.get() < self.end() && self.is_alive(now, parameters);
        require!(!is_running || !may_report, EscrowError::NodeAlive);
        Ok(())
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

    /// What no work was paid with, USD base units: of the user's own dollars, and of granted ones.
    pub fn unspent(&self) -> Result<(u64, u64)> {
        let unspent = self
            .deposit
            .get()
            .checked_sub(self.settled_usd.get())
            .ok_or(EscrowError::Overflow)?;
        let granted = self.granted.get().saturating_sub(self.settled_usd.get());
        let own = unspent.checked_sub(granted).ok_or(EscrowError::Overflow)?;
        Ok((own, granted))
    }
}

/// Seconds as a job counts them: what does not fit was not opened.
pub fn seconds(count: u64) -> Result<u32> {
    u32::try_from(count).map_err(|_| EscrowError::Overflow.into())
}
