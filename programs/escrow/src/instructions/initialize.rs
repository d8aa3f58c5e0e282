use {
    crate::*,
    anchor_spl::mint::Mint,
    common::{upgrade, USD_DECIMALS},
};

/// Seeds of the two vaults in `burn`; an IDL carries layouts, not associated constants.
const BURN_VAULT_SEED: &[u8] = b"vault";
const INCENTIVES_SEED: &[u8] = b"incentives";

#[event_cpi]
#[derive(Accounts)]
pub struct Initialize {
    #[account(mut)]
    pub admin: Signer,
    #[account(init, payer = admin, seeds = [Terms::SEED], bump)]
    pub terms: Account<Terms>,
    #[account(constraint = usd_mint.decimals() == USD_DECIMALS @ EscrowError::MintInvalid)]
    pub usd_mint: Account<Mint>,
    /// CHECK: the loader's account of this program; the constraint reads the authority in it.
    #[account(
        seeds = [crate::ID.as_ref()],
        seeds::program = upgrade::LOADER,
        bump,
        constraint = upgrade::is_authority(program_data.account(), admin.address()) @ EscrowError::NotUpgradeAuthority
    )]
    pub program_data: UncheckedAccount,
    pub system_program: Program<System>,
}

pub fn handler(ctx: &mut Context<Initialize>, parameters: EscrowParameters) -> Result<()> {
    parameters.validate()?;
    let terms = &mut ctx.accounts.terms;
    terms.usd_mint = *ctx.accounts.usd_mint.address();
    terms.burn_vault = find_program_address(&[BURN_VAULT_SEED], &burn::ID).0;
    terms.incentives = find_program_address(&[INCENTIVES_SEED], &burn::ID).0;
    terms.parameters = parameters;
    terms.bump = ctx.bumps.terms;

    emit!(
        ctx,
        EscrowInitialized {
            usd_mint: *ctx.accounts.usd_mint.address(),
            parameters,
        }
    );
    Ok(())
}
