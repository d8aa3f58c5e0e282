use {
    crate::{
        emission::{Earner, Emission},
        oracle::Committee,
        staking::Actor,
        *,
    },
    anchor_spl::token::{self, TokenAccount},
};

#[event_cpi]
#[derive(Accounts)]
pub struct GrantOwner {
    /// It may be one of the members that sign: `dup` is safe because it has no data.
    #[account(mut, unsafe(dup))]
    pub payer: Signer,
    #[account(constraint = committee.paused & common::pause::BURN == 0 @ BurnError::Paused)]
    pub committee: Account<Committee>,
    #[account(mut, seeds = [b"auction"], bump)]
    pub auction: Account<Auction>,
    #[account(mut, seeds = [b"incentives"], bump)]
    pub incentives: Account<TokenAccount>,
    /// The only account of its type: it says which epoch was closed last.
    pub emission: Account<Emission>,
    #[account(
        constraint = node.kind == NODE @ BurnError::NotANode,
        constraint = node.collateral >= node.collateral_required @ BurnError::CollateralMissing
    )]
    pub node: Account<Actor>,
    /// Says since when the node has points.
    #[account(constraint = earner.actor == *node.address() @ BurnError::EarnerMismatch)]
    pub earner: Account<Earner>,
    #[account(init, payer = payer, seeds = [Grant::SEED, node.address().as_ref()], bump)]
    pub grant: Account<Grant>,
    /// Any dollar account of the node's authority.
    #[account(mut, token::mint = auction.usd_mint, token::authority = node.authority)]
    pub owner_usd: Account<TokenAccount>,
    pub token_program: Program<Token>,
    pub system_program: Program<System>,
}

pub fn handler(ctx: &mut Context<GrantOwner>) -> Result<()> {
    let at = Clock::get()?.unix_timestamp;
    let remaining = ctx.remaining_accounts()?;
    let (_, majority) = common::quorum!(ctx.accounts.committee, at, &remaining);
    require!(majority, BurnError::NoQuorum);

    let accounts = &mut ctx.accounts;
    let parameters = *accounts.auction.parameters(at);
    let proven = proven_hours(&accounts.earner, &accounts.emission);
    require!(
        proven.is_some_and(|hours| hours >= parameters.owner_grant_hours),
        BurnError::NotProven
    );
    let amount = parameters.owner_grant;
    let incentives_usd = accounts.incentives.amount();
    accounts.auction.count_granted(amount, incentives_usd)?;
    let seeds: &[&[u8]] = &[b"auction", &[ctx.bumps.auction]];
    common::token::transfer(
        accounts.incentives.cpi_handle_mut(),
        accounts.owner_usd.cpi_handle_mut(),
        accounts.auction.cpi_handle(),
        amount,
        &[seeds],
    );
    let actor = *accounts.node.address();
    let owner = accounts.node.authority;
    accounts.grant.actor = actor;
    accounts.grant.amount = amount.into();
    accounts.grant.bump = ctx.bumps.grant;

    emit!(
        ctx,
        OwnerGranted {
            actor,
            owner,
            amount,
            at,
        }
    );
    Ok(())
}

/// Closed epochs since the one whose score gave the node points, that one included; `None` where it has
/// none now.
fn proven_hours(earner: &Earner, emission: &Emission) -> Option<u32> {
    if earner.points == 0 || earner.proven_since == 0 {
        return None;
    }
    // An epoch that is scored and not closed yet proves nothing.
    Some((emission.closed_epoch + 1).saturating_sub(earner.proven_since))
}
