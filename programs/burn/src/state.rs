use anchor_lang::prelude::*;

/// The auction. One account; its address owns both vaults.
#[account]
pub struct Auction {
    pub admin: Address,
    pub io_mint: Address,
    pub usd_mint: Address,
    /// Unix seconds from which the premium rises: of the last sale of the whole vault, or later in
    /// proportion for sales of a part.
    pub waiting_since: PodI64,
    /// IO base units burned, and USD base units paid for them, in all.
    pub burned_io: PodU64,
    pub paid_usd: PodU64,
    /// The premium's ramp: seconds, and basis points of the price at its ends.
    pub ramp_seconds: PodU32,
    pub start_bp: PodI16,
    pub end_bp: PodI16,
    pub bump: u8,
    pub padding: [u8; 7],
}

impl Auction {
    pub const SEED: &'static [u8] = b"auction";
    /// Of the token account whose dollars buy IO.
    pub const VAULT_SEED: &'static [u8] = b"vault";
    /// Of the token account that incentives are paid from.
    pub const INCENTIVES_SEED: &'static [u8] = b"incentives";
    pub const MAX_PREMIUM_BP: i16 = 5_000;
}
