use {
    crate::*,
    anchor_spl::{
        mint::Mint,
        token::{self, TokenAccount},
    },
    common::{upgrade, IO_DECIMALS},
};

#[event_cpi]
#[derive(Accounts)]
pub struct Initialize {
    #[account(mut)]
    pub admin: Signer,
    #[account(init, payer = admin, seeds = [b"registry"], bump)]
    pub registry: Account<Registry>,
    #[account(
        constraint = io_mint.decimals() == IO_DECIMALS && io_mint.freeze_authority().is_none() @ StakingError::MintInvalid
    )]
    pub io_mint: Account<Mint>,
    #[account(
        init,
        payer = admin,
        seeds = [b"vault"],
        bump,
        token::mint = io_mint,
        token::authority = registry
    )]
    pub vault: Account<TokenAccount>,
    /// CHECK: the loader's account of this program; the constraint reads the authority in it.
    #[account(
        seeds = [crate::ID.as_ref()],
        seeds::program = upgrade::LOADER,
        bump,
        constraint = upgrade::is_authority(program_data.account(), admin.address()) @ StakingError::NotUpgradeAuthority
    )]
    pub program_data: UncheckedAccount,
    pub token_program: Program<Token>,
    pub system_program: Program<System>,
}

pub fn handler(ctx: &mut Context<Initialize>, parameters: StakingParameters) -> Result<()> {
    parameters.validate()?;
    let registry = &mut ctx.accounts.registry;
    registry.io_mint = *ctx.accounts.io_mint.address();
    registry.parameters = parameters;

    emit!(
        ctx,
        RegistryInitialized {
            io_mint: *ctx.accounts.io_mint.address(),
            parameters,
        }
    );
    Ok(())
}
