use {
    crate::*,
    anchor_spl::token::{self, TokenAccount},
    economics::accumulator::whole,
};

#[event_cpi]
#[derive(Accounts)]
pub struct ClaimRewards {
    /// Its address holds the rewards.
    #[account(mut, address = delegation.actor @ StakingError::ActorMismatch)]
    pub actor: Account<Actor>,
    #[account(mut)]
    pub delegation: Account<Delegation>,
    #[account(mut, address = actor.rewards)]
    pub rewards: Account<TokenAccount>,
    /// Any IO account of the delegation's owner, whoever calls; the mint is that of `rewards`.
    #[account(mut, token::authority = delegation.owner)]
    pub destination: Account<TokenAccount>,
    pub token_program: Program<Token>,
}

pub fn handler(ctx: &mut Context<ClaimRewards>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let (actor, delegation) = (&mut accounts.actor, &mut accounts.delegation);
    let rewards = actor.count_rewards(accounts.rewards.amount())?;
    delegation.accrue(actor)?;
    let (amount, fraction) = whole(delegation.accrued.get());
    require!(amount > 0, StakingError::NothingToClaim);
    delegation.accrued = fraction.into();
    let counted_rewards = actor
        .counted_rewards
        .get()
        .checked_sub(amount)
        .ok_or(StakingError::Overflow)?;
    actor.counted_rewards = counted_rewards.into();

    let (id, bump) = (actor.id.get().to_le_bytes(), [actor.bump]);
    let authority = actor.authority;
    let seeds: &[&[u8]] = &[Actor::SEED, authority.as_ref(), &id, &bump];
    common::token::transfer(
        accounts.rewards.cpi_handle_mut(),
        accounts.destination.cpi_handle_mut(),
        accounts.actor.cpi_handle(),
        amount,
        &[seeds],
    );

    emit!(
        ctx,
        RewardsClaimed {
            actor: *ctx.accounts.actor.address(),
            owner: ctx.accounts.delegation.owner,
            amount,
            rewards,
            counted_rewards,
            at: Clock::get()?.unix_timestamp,
        }
    );
    Ok(())
}
