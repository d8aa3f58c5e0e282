use {
    crate::{staking::Actor, *},
    economics::accumulator,
};

#[event_cpi]
#[derive(Accounts)]
pub struct LockBonus {
    #[account(mut, address = actor.authority @ EmissionError::NotAuthority)]
    pub authority: Signer,
    pub actor: Account<Actor>,
    #[account(mut, seeds = [Earner::SEED, actor.address().as_ref()], bump = earner.bump)]
    pub earner: Account<Earner>,
    #[account(seeds = [Emission::SEED], bump = emission.bump)]
    pub emission: Account<Emission>,
    /// The page of the epoch whose coupons the earner still holds; any page where it holds none.
    pub rates: Account<Rates>,
    #[account(
        init,
        payer = authority,
        seeds = [Vesting::SEED, earner.address().as_ref(), &emission.closed_epoch.get().to_le_bytes()],
        bump
    )]
    pub vesting: Account<Vesting>,
    pub system_program: Program<System>,
}

pub fn handler(ctx: &mut Context<LockBonus>) -> Result<()> {
    let start = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let earner = &mut accounts.earner;
    earner.accrue_coupons(&accounts.emission, &accounts.rates)?;
    let (amount, fraction) = accumulator::whole(earner.bonus.get());
    require!(amount > 0, EmissionError::NothingToClaim);
    earner.bonus = fraction.into();

    let end = start
        .checked_add(accounts.emission.parameters(start).lock_seconds.into())
        .ok_or(EmissionError::Overflow)?;
    let vesting = &mut accounts.vesting;
    vesting.beneficiary = *accounts.authority.address();
    vesting.total = amount.into();
    vesting.start = start.into();
    vesting.end = end.into();
    vesting.bump = ctx.bumps.vesting;

    emit!(
        ctx,
        BonusLocked {
            actor: *ctx.accounts.actor.address(),
            vesting: *ctx.accounts.vesting.address(),
            amount,
            start,
            end,
        }
    );
    Ok(())
}
