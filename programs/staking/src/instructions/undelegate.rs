use {crate::*, anchor_spl::token::TokenAccount, economics::pool::split_shares};

#[event_cpi]
#[derive(Accounts)]
#[instruction(amount: u64, id: u32)]
pub struct Undelegate {
    #[account(mut, address = delegation.owner @ StakingError::NotOwner)]
    pub owner: Signer,
    #[account(seeds = [b"registry"], bump)]
    pub registry: Account<Registry>,
    #[account(mut, address = delegation.actor @ StakingError::ActorMismatch)]
    pub actor: Account<Actor>,
    #[account(mut)]
    pub delegation: Account<Delegation>,
    #[account(address = actor.rewards)]
    pub rewards: Account<TokenAccount>,
    #[account(
        init,
        payer = owner,
        seeds = [
            Ticket::SEED,
            actor.address().as_ref(),
            owner.address().as_ref(),
            &id.to_le_bytes(),
        ],
        bump
    )]
    pub ticket: Account<Ticket>,
    pub system_program: Program<System>,
}

pub fn handler(ctx: &mut Context<Undelegate>, amount: u64, id: u32) -> Result<()> {
    require!(amount > 0, StakingError::AmountZero);
    let at = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let unbonding_seconds = accounts.registry.parameters(at).delegator_unbonding_seconds;
    let matures_at = at
        .checked_add(unbonding_seconds.into())
        .ok_or(StakingError::Overflow)?;

    let (actor, delegation) = (&mut accounts.actor, &mut accounts.delegation);
    let rewards = actor.count_rewards(accounts.rewards.amount())?;
    delegation.accrue(actor)?;
    let before = delegation.shares.get();
    let (leaving, staying) =
        split_shares(before, actor.index.get(), amount).map_err(StakingError::from)?;
    delegation.shares = staying.into();
    actor.replace_shares(before, staying)?;
    actor.add_unbonding(leaving)?;

    let ticket = &mut accounts.ticket;
    ticket.owner = *accounts.owner.address();
    ticket.actor = *accounts.actor.address();
    ticket.shares = leaving.into();
    ticket.matures_at = matures_at.into();
    ticket.id = id.into();

    emit!(
        ctx,
        Undelegated {
            actor: *ctx.accounts.actor.address(),
            owner: *ctx.accounts.owner.address(),
            ticket: *ctx.accounts.ticket.address(),
            amount,
            rewards,
            ticket_shares: leaving,
            delegation_shares: staying,
            shares: ctx.accounts.actor.shares.get(),
            unbonding_shares: ctx.accounts.actor.unbonding_shares.get(),
            matures_at,
            at,
        }
    );
    Ok(())
}
