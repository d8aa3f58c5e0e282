use crate::*;

#[event_cpi]
#[derive(Accounts)]
#[instruction(symbol: [u8; 16])]
pub struct CreateFeed {
    #[account(mut, address = committee.admin @ OracleError::NotAdmin)]
    pub admin: Signer,
    #[account(
        seeds = [b"committee"],
        bump,
        constraint = committee.paused & common::pause::ORACLE == 0 @ OracleError::Paused
    )]
    pub committee: Account<Committee>,
    #[account(init, payer = admin, seeds = [Feed::SEED, symbol.as_ref()], bump)]
    pub feed: Account<Feed>,
    pub system_program: Program<System>,
}

pub fn handler(ctx: &mut Context<CreateFeed>, symbol: [u8; 16]) -> Result<()> {
    require!(
        common::symbol::is_valid(&symbol),
        OracleError::SymbolInvalid
    );
    let feed = &mut ctx.accounts.feed;
    feed.symbol = symbol;
    feed.bump = ctx.bumps.feed;

    emit!(ctx, FeedCreated { symbol });
    Ok(())
}
