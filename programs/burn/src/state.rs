use {
    crate::BurnError,
    anchor_lang::{address, prelude::*},
    common::change::in_force,
};

/// The program that holds users' credit. It declares this one, so its IDL is made from ours and its id
/// stands here.
pub const ESCROW: Address = address!("2wegwwMUVAQBZopbrp4eb36WvNjNo4YLdUqU8fTchhAM");
/// Of the token account that holds a user's credit, under escrow.
pub const CREDIT_SEED: &[u8] = b"credit";

/// Kinds of actors, as staking numbers them; an IDL carries layouts, not associated constants.
pub const NODE: u8 = 1;
pub const USER: u8 = 2;

/// The auction. One account; its address owns both vaults: `vault`, whose dollars buy IO, and
/// `incentives`, which grants are paid from.
///
/// The three seeds stand as literals in each instruction: so their addresses are known when the program is
/// built, and cost a comparison instead of a hash.
#[account]
pub struct Auction {
    pub io_mint: Address,
    pub usd_mint: Address,
    /// Unix seconds from which the premium rises: of the last sale of the whole vault, or later in
    /// proportion for sales of a part.
    pub waiting_since: PodI64,
    /// IO base units burned, and USD base units paid for them, in all.
    pub burned_io: PodU64,
    pub paid_usd: PodU64,
    /// USD base units granted from the incentives vault, in all.
    pub granted_usd: PodU64,
    pub parameters: BurnParameters,
    pub next_parameters: BurnParameters,
    /// Unix seconds, an epoch's start, from which the next parameters count; zero before any change.
    pub next_parameters_at: PodI64,
}

/// Parameters of the auction and of the grants.
#[repr(C)]
#[derive(
    Clone, Copy, bytemuck::Pod, bytemuck::Zeroable, AnchorDeserialize, AnchorSerialize, IdlType,
)]
pub struct BurnParameters {
    /// USD base units granted to a new user, to a new node's owner.
    pub user_grant: u64,
    pub owner_grant: u64,
    /// Hours for which a node must have earned points before its owner's grant.
    pub owner_grant_hours: u32,
    /// The premium's ramp: seconds, and basis points of the price at its ends.
    pub ramp_seconds: u32,
    pub start_bp: i32,
    pub end_bp: i32,
}

impl BurnParameters {
    pub const MAX_PREMIUM_BP: i32 = 5_000;

    pub fn validate(&self) -> Result<()> {
        let range = -Self::MAX_PREMIUM_BP..=Self::MAX_PREMIUM_BP;
        require!(
            range.contains(&self.start_bp)
                && range.contains(&self.end_bp)
                && self.start_bp <= self.end_bp
                && self.ramp_seconds > 0,
            BurnError::ParameterOutOfRange
        );
        Ok(())
    }
}

impl Auction {
    pub fn parameters(&self, now: i64) -> &BurnParameters {
        let (current, next) = (&self.parameters, &self.next_parameters);
        in_force(current, next, self.next_parameters_at.get(), now)
    }

    /// Counts a grant that the incentives vault can pay, or refuses it.
    pub fn count_granted(&mut self, amount: u64, incentives_usd: u64) -> Result<()> {
        require!(amount > 0, BurnError::GrantZero);
        require!(amount <= incentives_usd, BurnError::IncentivesShort);
        let granted = self
            .granted_usd
            .get()
            .checked_add(amount)
            .ok_or(BurnError::Overflow)?;
        self.granted_usd = granted.into();
        Ok(())
    }
}

/// That an actor was granted dollars: it exists, so there is no second grant.
#[account]
pub struct Grant {
    pub actor: Address,
    /// USD base units.
    pub amount: PodU64,
    pub bump: u8,
    pub padding: [u8; 7],
}

impl Grant {
    pub const SEED: &'static [u8] = b"grant";
}
