use {
    crate::{oracle::Committee, *},
    anchor_spl::token::TokenAccount,
    economics::pool::{join_shares, MIN_INDEX},
};

#[event_cpi]
#[derive(Accounts)]
pub struct Delegate {
    #[account(address = delegation.owner @ StakingError::NotOwner)]
    pub owner: Signer,
    #[account(constraint = committee.paused & common::pause::STAKING == 0 @ StakingError::Paused)]
    pub committee: Account<Committee>,
    #[account(
        mut,
        address = delegation.actor @ StakingError::ActorMismatch,
        constraint = actor.pending_slashes == 0 @ StakingError::SlashPending,
        constraint = actor.index.get() >= MIN_INDEX @ StakingError::PoolSlashed
    )]
    pub actor: Account<Actor>,
    #[account(mut)]
    pub delegation: Account<Delegation>,
    #[account(address = actor.rewards)]
    pub rewards: Account<TokenAccount>,
    #[account(mut, seeds = [b"vault"], bump)]
    pub vault: Account<TokenAccount>,
    /// The token program checks that the owner may spend it; the mint is the vault's.
    #[account(mut)]
    pub source: Account<TokenAccount>,
    pub token_program: Program<Token>,
}

pub fn handler(ctx: &mut Context<Delegate>, amount: u64) -> Result<()> {
    require!(amount > 0, StakingError::AmountZero);
    let accounts = &mut ctx.accounts;
    let (actor, delegation) = (&mut accounts.actor, &mut accounts.delegation);
    let rewards = actor.count_rewards(accounts.rewards.amount())?;
    delegation.accrue(actor)?;
    let before = delegation.shares.get();
    let after = join_shares(before, actor.index.get(), amount).map_err(StakingError::from)?;
    delegation.shares = after.into();
    actor.replace_shares(before, after)?;
    actor.add_stake(amount)?;

    common::token::transfer(
        accounts.source.cpi_handle_mut(),
        accounts.vault.cpi_handle_mut(),
        accounts.owner.cpi_handle(),
        amount,
        &[],
    );

    emit!(
        ctx,
        Delegated {
            actor: *ctx.accounts.actor.address(),
            owner: *ctx.accounts.owner.address(),
            amount,
            rewards,
            delegation_shares: after,
            shares: ctx.accounts.actor.shares.get(),
            stake: ctx.accounts.actor.stake.get(),
            at: Clock::get()?.unix_timestamp,
        }
    );
    Ok(())
}
