use {
    crate::{staking::Actor, *},
    anchor_spl::{
        mint::Mint,
        token::{self, TokenAccount},
    },
    economics::{
        accumulator,
        split::{self, ClaimInput},
    },
};

#[event_cpi]
#[derive(Accounts)]
pub struct Claim {
    #[account(address = actor.authority @ EmissionError::NotAuthority)]
    pub authority: Signer,
    pub actor: Account<Actor>,
    #[account(mut, seeds = [Earner::SEED, actor.address().as_ref()], bump = earner.bump)]
    pub earner: Account<Earner>,
    #[account(mut, seeds = [Emission::SEED], bump = emission.bump)]
    pub emission: Account<Emission>,
    /// The page of the epoch whose coupons the earner still holds; any page where it holds none.
    pub rates: Account<Rates>,
    #[account(mut, address = emission.io_mint)]
    pub io_mint: Account<Mint>,
    /// Where the owner wants its part: the owner signs.
    #[account(mut, token::mint = emission.io_mint)]
    pub owner_io: Account<TokenAccount>,
    /// Needed where the actor has an affiliate.
    #[account(mut, token::mint = emission.io_mint, token::authority = actor.affiliate)]
    pub affiliate_io: Option<Account<TokenAccount>>,
    pub token_program: Program<Token>,
}

pub fn handler(ctx: &mut Context<Claim>) -> Result<()> {
    let at = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let earner = &mut accounts.earner;
    earner.accrue_points(&accounts.emission)?;
    earner.accrue_coupons(&accounts.emission, &accounts.rates)?;
    let (accrued, fraction) = accumulator::whole(earner.liquid.get());
    require!(accrued > 0, EmissionError::NothingToClaim);
    earner.liquid = fraction.into();

    let affiliate_bp = if accounts.actor.affiliate == Address::default() {
        0
    } else {
        accounts.emission.parameters(at).affiliate_bp
    };
    let shares = split::claim(ClaimInput {
        accrued,
        commission_bp: 0, // no one can delegate to an actor yet, so there are no stakers to pay
        affiliate_bp,
    })
    .map_err(EmissionError::from)?;
    accounts.emission.count_minted(accrued)?;

    let seeds: &[&[u8]] = &[Emission::SEED, &[accounts.emission.bump]];
    common::token::mint_to(
        accounts.io_mint.cpi_handle_mut(),
        accounts.owner_io.cpi_handle_mut(),
        accounts.emission.cpi_handle(),
        shares.owner,
        &[seeds],
    );
    if shares.affiliate > 0 {
        let affiliate_io = accounts
            .affiliate_io
            .as_mut()
            .ok_or(EmissionError::AffiliateMissing)?;
        common::token::mint_to(
            accounts.io_mint.cpi_handle_mut(),
            affiliate_io.cpi_handle_mut(),
            accounts.emission.cpi_handle(),
            shares.affiliate,
            &[seeds],
        );
    }

    emit!(
        ctx,
        Claimed {
            actor: *ctx.accounts.actor.address(),
            owner: shares.owner,
            affiliate: shares.affiliate,
            closed_epoch: ctx.accounts.emission.closed_epoch.get(),
            at,
        }
    );
    Ok(())
}
