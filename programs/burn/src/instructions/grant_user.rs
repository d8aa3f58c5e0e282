use {
    crate::{oracle::Committee, staking::Actor, *},
    anchor_spl::token::{self, TokenAccount},
};

#[event_cpi]
#[derive(Accounts)]
pub struct GrantUser {
    /// It may be one of the members that sign: `dup` is safe because it has no data.
    #[account(mut, unsafe(dup))]
    pub payer: Signer,
    #[account(constraint = committee.paused & common::pause::BURN == 0 @ BurnError::Paused)]
    pub committee: Account<Committee>,
    #[account(mut, seeds = [b"auction"], bump)]
    pub auction: Account<Auction>,
    #[account(mut, seeds = [b"incentives"], bump)]
    pub incentives: Account<TokenAccount>,
    #[account(constraint = user.kind == USER @ BurnError::NotAUser)]
    pub user: Account<Actor>,
    #[account(init, payer = payer, seeds = [Grant::SEED, user.address().as_ref()], bump)]
    pub grant: Account<Grant>,
    /// Only escrow makes an account at this address: what it holds pays for jobs and nothing else.
    #[account(
        mut,
        seeds = [CREDIT_SEED, user.address().as_ref()],
        seeds::program = ESCROW,
        bump,
        token::mint = auction.usd_mint
    )]
    pub credit: Account<TokenAccount>,
    pub token_program: Program<Token>,
    pub system_program: Program<System>,
}

pub fn handler(ctx: &mut Context<GrantUser>) -> Result<()> {
    let at = Clock::get()?.unix_timestamp;
    let remaining = ctx.remaining_accounts()?;
    let (_, majority) = common::quorum!(ctx.accounts.committee, at, &remaining);
    require!(majority, BurnError::NoQuorum);

    let accounts = &mut ctx.accounts;
    let amount = accounts.auction.parameters(at).user_grant;
    let incentives_usd = accounts.incentives.amount();
    accounts.auction.count_granted(amount, incentives_usd)?;
    let seeds: &[&[u8]] = &[b"auction", &[ctx.bumps.auction]];
    common::token::transfer(
        accounts.incentives.cpi_handle_mut(),
        accounts.credit.cpi_handle_mut(),
        accounts.auction.cpi_handle(),
        amount,
        &[seeds],
    );
    let actor = *accounts.user.address();
    accounts.grant.actor = actor;
    accounts.grant.amount = amount.into();
    accounts.grant.bump = ctx.bumps.grant;

    emit!(ctx, UserGranted { actor, amount, at });
    Ok(())
}
