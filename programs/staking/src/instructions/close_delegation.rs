use {crate::*, anchor_spl::token::TokenAccount, economics::accumulator::whole};

#[event_cpi]
#[derive(Accounts)]
pub struct CloseDelegation {
    /// Gets the rent, whoever paid it.
    #[account(mut, address = delegation.owner @ StakingError::NotOwner)]
    pub owner: Signer,
    #[account(mut, address = delegation.actor @ StakingError::ActorMismatch)]
    pub actor: Account<Actor>,
    #[account(mut, close = owner)]
    pub delegation: Account<Delegation>,
    #[account(address = actor.rewards)]
    pub rewards: Account<TokenAccount>,
}

pub fn handler(ctx: &mut Context<CloseDelegation>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let (actor, delegation) = (&mut accounts.actor, &mut accounts.delegation);
    let rewards = actor.count_rewards(accounts.rewards.amount())?;
    delegation.accrue(actor)?;
    let (amount, fraction) = whole(delegation.accrued.get());
    // Shares that slashing made worthless cannot be undelegated: they go with it.
    require!(
        amount == 0 && delegation.value(actor) == 0,
        StakingError::DelegationNotEmpty
    );
    actor.replace_shares(delegation.shares.get(), 0)?;
    // What is less than a base unit goes back to the others.
    actor.carry = actor
        .carry
        .get()
        .checked_add(fraction)
        .ok_or(StakingError::Overflow)?
        .into();

    emit!(
        ctx,
        DelegationClosed {
            actor: *ctx.accounts.actor.address(),
            owner: *ctx.accounts.owner.address(),
            rewards,
            shares: ctx.accounts.actor.shares.get(),
            at: Clock::get()?.unix_timestamp,
        }
    );
    Ok(())
}
