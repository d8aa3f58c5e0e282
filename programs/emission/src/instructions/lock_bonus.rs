use {
    crate::{earnings, staking::Actor, *},
    anchor_lang::address_eq,
    anchor_spl::{
        mint::Mint,
        token::{self, TokenAccount},
    },
    economics::accumulator,
};

#[event_cpi]
#[derive(Accounts)]
pub struct LockBonus {
    #[account(mut)]
    pub payer: Signer,
    pub actor: Account<Actor>,
    #[account(mut, seeds = [Earner::SEED, actor.address().as_ref()], bump = earner.bump)]
    pub earner: Account<Earner>,
    #[account(mut, seeds = [Emission::SEED], bump = emission.bump)]
    pub emission: Account<Emission>,
    /// The page of the epoch whose coupons the earner still holds; any page where it holds none.
    pub rates: Account<Rates>,
    #[account(
        init,
        payer = payer,
        seeds = [Vesting::SEED, earner.address().as_ref(), &emission.closed_epoch.get().to_le_bytes()],
        bump
    )]
    pub vesting: Account<Vesting>,
    #[account(mut, address = emission.io_mint)]
    pub io_mint: Account<Mint>,
    /// Any IO account of the affiliate's, where the actor has one.
    #[account(
        mut,
        token::mint = emission.io_mint,
        constraint = address_eq(affiliate_io.owner(), &actor.affiliate) @ EmissionError::WrongOwner
    )]
    pub affiliate_io: Option<Account<TokenAccount>>,
    /// Where the stakers' part arrives, where the actor has stakers.
    #[account(mut, address = actor.rewards @ EmissionError::RewardsMissing)]
    pub rewards: Option<Account<TokenAccount>>,
    pub token_program: Program<Token>,
    pub system_program: Program<System>,
}

pub fn handler(ctx: &mut Context<LockBonus>) -> Result<()> {
    let start = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let earner = &mut accounts.earner;
    earner.accrue_coupons(&accounts.emission, &accounts.rates)?;
    let (accrued, fraction) = accumulator::whole(earner.bonus.get());
    require!(accrued > 0, EmissionError::NothingToClaim);
    earner.bonus = fraction.into();

    let shares = earnings::pay_others(
        &accounts.actor,
        &mut accounts.emission,
        &mut accounts.io_mint,
        &mut accounts.rewards,
        &mut accounts.affiliate_io,
        accrued,
        start,
    )?;
    let end = start
        .checked_add(accounts.emission.parameters(start).lock_seconds.into())
        .ok_or(EmissionError::Overflow)?;
    let vesting = &mut accounts.vesting;
    vesting.beneficiary = accounts.actor.authority;
    vesting.total = shares.owner.into();
    vesting.start = start.into();
    vesting.end = end.into();
    vesting.step_seconds = 1.into();
    vesting.bump = ctx.bumps.vesting;

    emit!(
        ctx,
        BonusLocked {
            actor: *ctx.accounts.actor.address(),
            vesting: *ctx.accounts.vesting.address(),
            beneficiary: ctx.accounts.actor.authority,
            owner: shares.owner,
            affiliate: shares.affiliate,
            stakers: shares.stakers,
            closed_epoch: ctx.accounts.emission.closed_epoch.get(),
            start,
            end,
        }
    );
    Ok(())
}
