use {crate::*, economics::pool::shares_for};

#[event_cpi]
#[derive(Accounts)]
#[instruction(amount: u64, id: u32)]
pub struct WithdrawCollateral {
    #[account(mut, address = actor.authority @ StakingError::NotAuthority)]
    pub authority: Signer,
    #[account(seeds = [b"registry"], bump)]
    pub registry: Account<Registry>,
    #[account(mut)]
    pub actor: Account<Actor>,
    #[account(
        init,
        payer = authority,
        seeds = [
            Ticket::SEED,
            actor.address().as_ref(),
            authority.address().as_ref(),
            &id.to_le_bytes(),
        ],
        bump
    )]
    pub ticket: Account<Ticket>,
    pub system_program: Program<System>,
}

pub fn handler(ctx: &mut Context<WithdrawCollateral>, amount: u64, id: u32) -> Result<()> {
    require!(amount > 0, StakingError::AmountZero);
    let at = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let unbonding_seconds = accounts.registry.parameters(at).owner_unbonding_seconds;
    let matures_at = at
        .checked_add(unbonding_seconds.into())
        .ok_or(StakingError::Overflow)?;

    let actor = &mut accounts.actor;
    let collateral = actor
        .collateral
        .get()
        .checked_sub(amount)
        .ok_or(StakingError::AmountAboveValue)?;
    // Collateral came in at an index of at least `pool::MIN_INDEX` and was slashed like the index: its
    // shares fit, and an index of zero has no collateral left.
    let shares = shares_for(amount, actor.index.get()).map_err(StakingError::from)?;
    actor.collateral = collateral.into();
    actor.add_stake(amount)?;
    actor.add_unbonding(shares)?;

    let ticket = &mut accounts.ticket;
    ticket.owner = *accounts.authority.address();
    ticket.actor = *accounts.actor.address();
    ticket.shares = shares.into();
    ticket.matures_at = matures_at.into();
    ticket.id = id.into();

    emit!(
        ctx,
        CollateralUnbonding {
            actor: *ctx.accounts.actor.address(),
            owner: *ctx.accounts.authority.address(),
            ticket: *ctx.accounts.ticket.address(),
            amount,
            ticket_shares: shares,
            collateral,
            stake: ctx.accounts.actor.stake.get(),
            unbonding_shares: ctx.accounts.actor.unbonding_shares.get(),
            matures_at,
            at,
        }
    );
    Ok(())
}
