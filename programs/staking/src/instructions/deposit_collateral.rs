use {
    crate::{oracle::Committee, *},
    anchor_spl::token::TokenAccount,
    economics::pool::MIN_INDEX,
};

#[event_cpi]
#[derive(Accounts)]
pub struct DepositCollateral {
    pub depositor: Signer,
    #[account(constraint = committee.paused & common::pause::STAKING == 0 @ StakingError::Paused)]
    pub committee: Account<Committee>,
    #[account(
        mut,
        constraint = actor.kind == Actor::NODE @ StakingError::NotANode,
        constraint = actor.index.get() >= MIN_INDEX @ StakingError::PoolSlashed
    )]
    pub actor: Account<Actor>,
    #[account(mut, seeds = [b"vault"], bump)]
    pub vault: Account<TokenAccount>,
    /// The token program checks that the depositor may spend it; the mint is the vault's.
    #[account(mut)]
    pub source: Account<TokenAccount>,
    pub token_program: Program<Token>,
}

pub fn handler(ctx: &mut Context<DepositCollateral>, amount: u64) -> Result<()> {
    require!(amount > 0, StakingError::AmountZero);
    let accounts = &mut ctx.accounts;
    let collateral = accounts
        .actor
        .collateral
        .get()
        .checked_add(amount)
        .ok_or(StakingError::Overflow)?;

    common::token::transfer(
        accounts.source.cpi_handle_mut(),
        accounts.vault.cpi_handle_mut(),
        accounts.depositor.cpi_handle(),
        amount,
        &[],
    );
    accounts.actor.collateral = collateral.into();

    emit!(
        ctx,
        CollateralDeposited {
            actor: *ctx.accounts.actor.address(),
            depositor: *ctx.accounts.depositor.address(),
            amount,
            collateral,
            at: Clock::get()?.unix_timestamp,
        }
    );
    Ok(())
}
