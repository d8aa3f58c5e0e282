//! Other programs read these accounts with native integers (`declare_program!`): fields stand at
//! their natural alignment and `padding` fills up to it.

use anchor_lang::prelude::*;

/// The members whose majority makes a fact. One account; every other program reads it.
#[account]
pub struct Committee {
    /// Opens feeds and sets parameters.
    pub admin: Address,
    /// The first `count` are the members, the rest are zero.
    pub members: [Address; Committee::MAX_MEMBERS],
    /// Seconds for which a price submission counts.
    pub freshness_seconds: PodU32,
    /// Basis points by which a feed may move in `Feed::STEP_SECONDS`.
    pub max_change_bp: PodU16,
    pub count: u8,
    pub bump: u8,
}

impl Committee {
    pub const SEED: &'static [u8] = b"committee";
    pub const MAX_MEMBERS: usize = 16;

    /// The members in their order.
    pub fn members(&self) -> &[Address] {
        self.members.get(..self.count as usize).unwrap_or(&[])
    }

    /// A member's place, or `NotAMember`.
    pub fn index_of(&self, candidate: &Address) -> Result<usize> {
        self.members()
            .iter()
            .position(|member| anchor_lang::address_eq(member, candidate))
            .ok_or(crate::OracleError::NotAMember.into())
    }

    /// Submissions that make a strict majority.
    pub fn majority(&self) -> usize {
        self.count as usize / 2 + 1
    }
}

/// What one unit of a symbol costs, as the committee's majority last saw it.
#[account]
pub struct Feed {
    pub symbol: [u8; 16],
    /// Nano-dollars (1e-9 USD) for one IO or one processor-hour. Zero until a first majority.
    pub price_nano_usd: PodU64,
    /// The last second at which the value counts: a majority was fresh until then.
    pub valid_until: PodI64,
    /// Where the price stood at `step_at`: for `STEP_SECONDS` it stays within `max_change_bp` of it,
    /// however often members submit.
    pub step_nano_usd: PodU64,
    /// Unix seconds.
    pub step_at: PodI64,
    /// By member's place; zero where a member has not submitted.
    pub submitted_nano_usd: [PodU64; Committee::MAX_MEMBERS],
    /// When each member submitted, Unix seconds.
    pub submitted_at: [PodI64; Committee::MAX_MEMBERS],
    pub bump: u8,
    pub padding: [u8; 7],
}

impl Feed {
    pub const SEED: &'static [u8] = b"feed";
    /// Over which a price moves by the bounded change once.
    pub const STEP_SECONDS: i64 = 60;
}

/// One member's commitment to a random challenge, and how far its results are recorded.
#[account]
pub struct Challenge {
    pub verifier: Address,
    /// SHA-256 of the verifier's secret.
    pub commitment: [u8; 32],
    /// Hash of the first block after the commitment; zero until drawn.
    pub slot_hash: [u8; 32],
    /// The last node recorded: results come sorted, so none comes twice.
    pub last_node: Address,
    /// The slot of the commitment.
    pub slot: PodU64,
    pub epoch: PodU32,
    pub round: PodU16,
    pub bump: u8,
    pub padding: u8,
}

impl Challenge {
    pub const SEED: &'static [u8] = b"challenge";
    pub const NOT_DRAWN: [u8; 32] = [0; 32];
}

/// What a verifier measured of one node.
#[derive(Clone, Copy, AnchorDeserialize, AnchorSerialize, IdlType)]
pub struct Measurement {
    pub node: Address,
    /// Mbit/s.
    pub bandwidth: u32,
    /// MB.
    pub memory: u32,
    /// CPU clock, MHz.
    pub clock: u32,
    /// GFLOP/s.
    pub compute: u32,
    /// Microseconds.
    pub latency: u32,
    /// 0 failed, 1 passed.
    pub outcome: u8,
}
