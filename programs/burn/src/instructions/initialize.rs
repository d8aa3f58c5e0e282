use {
    crate::*,
    anchor_spl::{
        mint::Mint,
        token::{self, TokenAccount},
    },
    common::{upgrade, IO_DECIMALS, USD_DECIMALS},
};

#[event_cpi]
#[derive(Accounts)]
pub struct Initialize {
    #[account(mut)]
    pub admin: Signer,
    #[account(init, payer = admin, seeds = [b"auction"], bump)]
    pub auction: Account<Auction>,
    #[account(
        constraint = io_mint.decimals() == IO_DECIMALS && io_mint.freeze_authority().is_none() @ BurnError::MintInvalid
    )]
    pub io_mint: Account<Mint>,
    #[account(constraint = usd_mint.decimals() == USD_DECIMALS @ BurnError::MintInvalid)]
    pub usd_mint: Account<Mint>,
    #[account(
        init,
        payer = admin,
        seeds = [b"vault"],
        bump,
        token::mint = usd_mint,
        token::authority = auction
    )]
    pub vault: Account<TokenAccount>,
    #[account(
        init,
        payer = admin,
        seeds = [b"incentives"],
        bump,
        token::mint = usd_mint,
        token::authority = auction
    )]
    pub incentives: Account<TokenAccount>,
    /// CHECK: the loader's account of this program; the constraint reads the authority in it.
    #[account(
        seeds = [crate::ID.as_ref()],
        seeds::program = upgrade::LOADER,
        bump,
        constraint = upgrade::is_authority(program_data.account(), admin.address()) @ BurnError::NotUpgradeAuthority
    )]
    pub program_data: UncheckedAccount,
    pub token_program: Program<Token>,
    pub system_program: Program<System>,
}

pub fn handler(ctx: &mut Context<Initialize>, parameters: BurnParameters) -> Result<()> {
    parameters.validate()?;
    let at = Clock::get()?.unix_timestamp;
    let auction = &mut ctx.accounts.auction;
    auction.io_mint = *ctx.accounts.io_mint.address();
    auction.usd_mint = *ctx.accounts.usd_mint.address();
    auction.waiting_since = at.into();
    auction.parameters = parameters;

    emit!(
        ctx,
        AuctionInitialized {
            io_mint: *ctx.accounts.io_mint.address(),
            usd_mint: *ctx.accounts.usd_mint.address(),
            parameters,
            at,
        }
    );
    Ok(())
}
