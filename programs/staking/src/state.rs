//! Other programs read these accounts with native integers (`declare_program!`): fields stand at
//! their natural alignment and `padding` fills up to it.

use anchor_lang::prelude::*;

/// Who may name classes, and which mint is IO. Its address owns the vault.
#[account]
pub struct Registry {
    pub admin: Address,
    pub io_mint: Address,
    pub bump: u8,
}

impl Registry {
    pub const SEED: &'static [u8] = b"registry";
    /// Of the token account that holds every actor's stake.
    pub const VAULT_SEED: &'static [u8] = b"vault";
}

/// A hardware class.
#[account]
pub struct Class {
    pub symbol: [u8; 16],
    /// Collateral and points multiplier; 10,000 = 1.
    pub multiplier_bp: PodU32,
    pub bump: u8,
    pub padding: [u8; 3],
}

impl Class {
    pub const SEED: &'static [u8] = b"class";
}

/// A node (supply) or a user (demand).
#[account]
pub struct Actor {
    /// Who registered it, acts for it and is paid.
    pub authority: Address,
    /// Who brought the authority in; zeros where nobody did.
    pub affiliate: Address,
    /// Hardware class; zeros for a user.
    pub class: [u8; 16],
    /// IO base units in the vault on the actor's own account.
    pub collateral: PodU64,
    /// IO base units under which it earns nothing; zero for a user.
    pub collateral_required: PodU64,
    pub registered_at: PodI64,
    pub processors: PodU32,
    /// The class's multiplier at registration; 10,000 = 1.
    pub multiplier_bp: PodU32,
    /// The part of its pay taken in dollars, basis points; zero for a user.
    pub dollar_share_bp: PodU16,
    /// The stakers' part of what it earns, basis points; zero for a user.
    pub commission_bp: PodU16,
    /// Numbers the actors of one authority.
    pub id: PodU16,
    /// `Actor::NODE` or `Actor::USER`.
    pub kind: u8,
    pub bump: u8,
}

impl Actor {
    pub const SEED: &'static [u8] = b"actor";
    pub const NODE: u8 = 1;
    pub const USER: u8 = 2;
    pub const NO_AFFILIATE: Address = Address::new_from_array([0; 32]);
    pub const MIN_COMMISSION_BP: u16 = 100;
    pub const MAX_COMMISSION_BP: u16 = 300;
}
