use {
    crate::{oracle::Committee, *},
    anchor_spl::{
        mint::Mint,
        token::{self, spl_token::instruction::AuthorityType, TokenAccount},
    },
    common::{upgrade, IO_DECIMALS},
    economics::{schedule, SECONDS_PER_HOUR},
};

#[event_cpi]
#[derive(Accounts)]
pub struct Initialize {
    #[account(mut)]
    pub admin: Signer,
    /// CHECK: the loader's account of this program; the constraint reads the authority in it.
    #[account(
        seeds = [crate::ID.as_ref()],
        seeds::program = upgrade::LOADER,
        bump,
        constraint = upgrade::is_authority(program_data.account(), admin.address()) @ EmissionError::NotUpgradeAuthority
    )]
    pub program_data: UncheckedAccount,
    /// Says when epoch 1 begins.
    pub committee: Account<Committee>,
    #[account(init, payer = admin, seeds = [Emission::SEED], bump)]
    pub emission: Account<Emission>,
    /// What was minted before the schedule is the genesis.
    #[account(
        mut,
        constraint = io_mint.decimals() == IO_DECIMALS && io_mint.freeze_authority().is_none() @ EmissionError::MintInvalid,
        constraint = io_mint.supply() == schedule::GENESIS_SUPPLY @ EmissionError::MintInvalid,
        constraint = io_mint.mint_authority() == Some(admin.address()) @ EmissionError::MintInvalid
    )]
    pub io_mint: Account<Mint>,
    #[account(
        init,
        payer = admin,
        seeds = [Emission::LOCKED_SEED],
        bump,
        token::mint = io_mint,
        token::authority = emission
    )]
    pub locked_vault: Account<TokenAccount>,
    pub token_program: Program<Token>,
    pub system_program: Program<System>,
}

pub fn handler(
    ctx: &mut Context<Initialize>,
    coupon_authority: Address,
    parameters: EmissionParameters,
) -> Result<()> {
    parameters.validate()?;
    let now = Clock::get()?.unix_timestamp;
    let genesis = ctx.accounts.committee.genesis;
    require!(
        genesis > now.saturating_sub(SECONDS_PER_HOUR as i64),
        EmissionError::GenesisPast
    );

    let mint_authority = *ctx.accounts.emission.address();
    let accounts = &mut ctx.accounts;
    token::set_authority(
        CpiContext::new(
            accounts.token_program.address(),
            token::SetAuthority {
                account_or_mint: accounts.io_mint.cpi_handle_mut(),
                current_authority: accounts.admin.cpi_handle(),
            },
        ),
        AuthorityType::MintTokens,
        Some(mint_authority),
    )?;

    let emission = &mut accounts.emission;
    emission.io_mint = *accounts.io_mint.address();
    emission.coupon_authority = coupon_authority;
    emission.genesis = genesis.into();
    emission.parameters = parameters;
    emission.locked_vault = *accounts.locked_vault.address();
    emission.bump = ctx.bumps.emission;

    emit!(
        ctx,
        EmissionInitialized {
            io_mint: *ctx.accounts.io_mint.address(),
            coupon_authority,
            genesis,
            parameters,
        }
    );
    Ok(())
}
