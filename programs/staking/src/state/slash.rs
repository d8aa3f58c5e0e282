use {crate::StakingError, anchor_lang::prelude::*};

/// A slash that waits for an appeal, or for its decision. It is closed when it is over.
#[account]
pub struct Slash {
    pub actor: Address,
    /// Paid the rent, and gets it back.
    pub proposer: Address,
    /// SHA-256 of what the committee has seen.
    pub evidence: [u8; 32],
    /// IO base units in the vault that the actor's authority locked with its appeal.
    pub bond: PodU64,
    /// Unix seconds: until then it can be appealed while `PROPOSED`, decided while `APPEALED`.
    pub deadline: PodI64,
    /// Numbers the slashes of one actor.
    pub id: PodU32,
    /// What is lost of the stake and of the collateral, basis points.
    pub fraction_bp: PodU16,
    /// Which of `OFFENCES_BP`, counted from 1.
    pub offence: u8,
    pub state: u8,
}

impl Slash {
    pub const SEED: &'static [u8] = b"slash";

    /// What each offence costs, basis points; they are numbered from 1:
    ///
    /// 1. unresponsive: the node answered no challenge for long
    /// 2. abandoned job: it left a job that it was working on
    /// 3. false hardware: it is not the class, or not the processors, that it is registered as
    /// 4. false results: it reported work that it had not done
    /// 5. fraud: it took what it knew was not its own
    pub const OFFENCES_BP: [u16; 5] = [100, 500, 2_000, 5_000, 10_000];

    /// Waits for an appeal, and can be executed after the deadline.
    pub const PROPOSED: u8 = 1;
    /// Waits for the committee's decision, and lapses after the deadline.
    pub const APPEALED: u8 = 2;
    /// The committee held on to it: it can be executed, and takes the bond too.
    pub const UPHELD: u8 = 3;
    /// The committee dropped it: the bond can go back.
    pub const DISMISSED: u8 = 4;

    /// What an offence costs, basis points.
    pub fn fraction_bp(offence: u8) -> Result<u16> {
        usize::from(offence)
            .checked_sub(1)
            .and_then(|place| Self::OFFENCES_BP.get(place))
            .copied()
            .ok_or(StakingError::OffenceUnknown.into())
    }

    /// Refuses what is not due to be executed at `now`.
    pub fn require_executable(&self, now: i64) -> Result<()> {
        match self.state {
            Self::UPHELD => Ok(()),
            Self::PROPOSED => self.require_over(now),
            _ => Err(StakingError::WrongState.into()),
        }
    }

    /// Refuses what is not dropped, and did not lapse before `now`.
    pub fn require_dismissible(&self, now: i64) -> Result<()> {
        match self.state {
            Self::DISMISSED => Ok(()),
            Self::APPEALED => self.require_over(now),
            _ => Err(StakingError::WrongState.into()),
        }
    }

    /// Refuses what is not in `state`, or was there for too long.
    pub fn require_running(&self, state: u8, now: i64) -> Result<()> {
        require!(self.state == state, StakingError::WrongState);
        require!(now < self.deadline.get(), StakingError::DeadlinePassed);
        Ok(())
    }

    fn require_over(&self, now: i64) -> Result<()> {
        require!(now >= self.deadline.get(), StakingError::DeadlineAhead);
        Ok(())
    }
}
