//! Other programs read these accounts with native integers (`declare_program!`): fields stand at
//! their natural alignment and `padding` fills up to it.

use {
    crate::OracleError,
    anchor_lang::prelude::*,
    common::change::{in_force, takes_effect},
};

/// The members whose majority makes a fact, and the offices that set the rules of all programs. One
/// account; every other program reads it.
///
/// Its seed, `committee`, stands as a literal in each instruction: so its address is known when the program
/// is built, and costs a comparison instead of a hash.
#[account]
pub struct Committee {
    /// Sets parameters, members and the pauser, each after a delay or in the open.
    pub admin: Address,
    /// Whom the admin offers its office; zeros where nobody. It changes hands when accepted.
    pub offered_admin: Address,
    /// Stops what lets money in, and can do nothing else.
    pub pauser: Address,
    /// The first `count` are the members, the rest are zero.
    pub members: [Address; Committee::MAX_MEMBERS],
    /// The members from `next_members_at` on.
    pub next_members: [Address; Committee::MAX_MEMBERS],
    /// Unix seconds from which the next members, the next parameters count; zero before any change.
    pub next_members_at: PodI64,
    pub next_parameters_at: PodI64,
    /// Unix seconds at which epoch 1 begins; the start of every epoch follows.
    pub genesis: PodI64,
    pub parameters: OracleParameters,
    pub next_parameters: OracleParameters,
    /// Counts the changes of `members`: places of members mean something within one rotation only.
    pub rotation: PodU32,
    pub count: u8,
    pub next_count: u8,
    /// What is paused: bits of `common::pause`.
    pub paused: u8,
    pub bump: u8,
}

/// The oracle's parameters, and the delay of every change in every program.
#[repr(C)]
#[derive(
    Clone, Copy, bytemuck::Pod, bytemuck::Zeroable, AnchorDeserialize, AnchorSerialize, IdlType,
)]
pub struct OracleParameters {
    /// Seconds between a change's proposal and its effect, at least: owners can leave before.
    pub delay_seconds: u32,
    /// Seconds for which a price submission counts.
    pub freshness_seconds: u32,
    /// Basis points by which a feed may move in `Feed::STEP_SECONDS`.
    pub max_change_bp: u32,
}

impl OracleParameters {
    pub const MAX_DELAY_SECONDS: u32 = 30 * 86_400;

    pub fn validate(&self) -> Result<()> {
        require!(
            self.freshness_seconds > 0
                && (1..=10_000).contains(&self.max_change_bp)
                && self.delay_seconds <= Self::MAX_DELAY_SECONDS,
            OracleError::ParameterOutOfRange
        );
        Ok(())
    }
}

impl Committee {
    pub const MAX_MEMBERS: usize = 16;

    pub fn parameters(&self, now: i64) -> &OracleParameters {
        let (current, next) = (&self.parameters, &self.next_parameters);
        in_force(current, next, self.next_parameters_at.get(), now)
    }

    /// The members in their order.
    pub fn members(&self, now: i64) -> &[Address] {
        let current = (&self.members, self.count);
        let next = (&self.next_members, self.next_count);
        let (members, count) = in_force(current, next, self.next_members_at.get(), now);
        members.get(..count as usize).unwrap_or(&[])
    }

    /// Which set of members is in force: counts on with every change.
    pub fn rotation(&self, now: i64) -> u32 {
        let rotation = self.rotation.get();
        in_force(
            rotation,
            rotation.wrapping_add(1),
            self.next_members_at.get(),
            now,
        )
    }

    /// A member's place, or `NotAMember`.
    pub fn index_of(&self, candidate: &Address, now: i64) -> Result<usize> {
        // As slices, which the runtime compares: by words, a comparison costs 100 compute units.
        self.members(now)
            .iter()
            .position(|member| member.as_ref() == candidate.as_ref())
            .ok_or(OracleError::NotAMember.into())
    }

    /// When a change proposed `now` takes effect.
    pub fn takes_effect(&self, now: i64) -> Result<i64> {
        let delay_seconds = self.parameters(now).delay_seconds;
        takes_effect(self.genesis.get(), delay_seconds, now).ok_or(OracleError::Overflow.into())
    }

    /// One to sixteen members, each once.
    pub fn require_members(members: &[Address]) -> Result<()> {
        let distinct = members
            .iter()
            .enumerate()
            .all(|(i, member)| !members[..i].contains(member));
        require!(
            (1..=Self::MAX_MEMBERS).contains(&members.len()) && distinct,
            OracleError::MembersInvalid
        );
        Ok(())
    }

    /// `members` in their places, the rest zero.
    pub fn places(members: &[Address]) -> [Address; Self::MAX_MEMBERS] {
        let mut places = [Address::default(); Self::MAX_MEMBERS];
        for (place, member) in places.iter_mut().zip(members) {
            *place = *member;
        }
        places
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
    /// By member's place in `rotation`; zero where a member has not submitted.
    pub submitted_nano_usd: [PodU64; Committee::MAX_MEMBERS],
    /// When each member submitted, Unix seconds.
    pub submitted_at: [PodI64; Committee::MAX_MEMBERS],
    /// `Committee::rotation` at the last submission.
    pub rotation: PodU32,
    pub bump: u8,
    pub padding: [u8; 3],
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
