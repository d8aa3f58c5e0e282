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
pub struct Claim {
    pub actor: Account<Actor>,
    #[account(mut, seeds = [Earner::SEED, actor.address().as_ref()], bump = earner.bump)]
    pub earner: Account<Earner>,
    #[account(mut, seeds = [Emission::SEED], bump = emission.bump)]
    pub emission: Account<Emission>,
    /// The page of the epoch whose coupons the earner still holds; any page where it holds none.
    pub rates: Account<Rates>,
    #[account(mut, address = emission.io_mint)]
    pub io_mint: Account<Mint>,
    /// Any IO account of the actor's authority.
    #[account(
        mut,
        token::mint = emission.io_mint,
        constraint = address_eq(owner_io.owner(), &actor.authority) @ EmissionError::WrongOwner
    )]
    pub owner_io: Account<TokenAccount>,
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
}

pub fn handler(ctx: &mut Context<Claim>) -> Result<()> {
    let at = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let earner = &mut accounts.earner;
    earner.accrue_points(accounts.emission.per_point)?;
    earner.accrue_coupons(&accounts.emission, &accounts.rates)?;
    let (accrued, fraction) = accumulator::whole(earner.liquid.get());
    require!(accrued > 0, EmissionError::NothingToClaim);
    earner.liquid = fraction.into();

    let shares = earnings::pay_others(
        &accounts.actor,
        &mut accounts.emission,
        &mut accounts.io_mint,
        &mut accounts.rewards,
        &mut accounts.affiliate_io,
        accrued,
        at,
    )?;
    accounts.emission.count_minted(shares.owner)?;
    let seeds: &[&[u8]] = &[Emission::SEED, &[accounts.emission.bump]];
    common::token::mint_to(
        accounts.io_mint.cpi_handle_mut(),
        accounts.owner_io.cpi_handle_mut(),
        accounts.emission.cpi_handle(),
        shares.owner,
        &[seeds],
    );

    emit!(
        ctx,
        Claimed {
            actor: *ctx.accounts.actor.address(),
            owner: shares.owner,
            affiliate: shares.affiliate,
            stakers: shares.stakers,
            closed_epoch: ctx.accounts.emission.closed_epoch.get(),
            at,
        }
    );
    Ok(())
}
