use {
    crate::{
        oracle::{Committee, Feed},
        *,
    },
    anchor_spl::{
        mint::Mint,
        token::{self, TokenAccount},
    },
    common::symbol,
    economics::auction::{premium_bp, sale, waited_after, SaleInput},
};

#[event_cpi]
#[derive(Accounts)]
pub struct SellIo {
    pub seller: Signer,
    #[account(constraint = committee.paused & common::pause::BURN == 0 @ BurnError::Paused)]
    pub committee: Account<Committee>,
    #[account(mut, seeds = [b"auction"], bump)]
    pub auction: Account<Auction>,
    #[account(mut, seeds = [b"vault"], bump)]
    pub vault: Account<TokenAccount>,
    /// The oracle makes one feed for each symbol.
    #[account(constraint = feed.symbol == symbol::IO @ BurnError::FeedMismatch)]
    pub feed: Account<Feed>,
    #[account(mut, address = auction.io_mint)]
    pub io_mint: Account<Mint>,
    /// The token program checks that the seller may burn from it.
    #[account(mut, token::mint = auction.io_mint)]
    pub seller_io: Account<TokenAccount>,
    #[account(mut, token::mint = auction.usd_mint)]
    pub seller_usd: Account<TokenAccount>,
    pub token_program: Program<Token>,
}

pub fn handler(ctx: &mut Context<SellIo>, io_max: u64, usd_min: u64) -> Result<()> {
    let at = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let auction = &accounts.auction;
    require!(io_max > 0, BurnError::AmountZero);
    require!(at <= accounts.feed.valid_until, BurnError::PriceStale);

    let price_nano_usd = accounts.feed.price_nano_usd;
    // A clock that stepped back has waited for nothing.
    let waited = u64::try_from(at.saturating_sub(auction.waiting_since.get())).unwrap_or(0);
    let parameters = auction.parameters(at);
    let ramp_seconds = parameters.ramp_seconds;
    let premium_bp = premium_bp(
        waited,
        parameters.start_bp as i16, // within 5,000 of zero
        parameters.end_bp as i16,
        ramp_seconds,
    );
    let vault_usd = accounts.vault.amount();
    let sold = sale(SaleInput {
        io_max,
        vault_usd,
        price_nano_usd_per_io: price_nano_usd,
        premium_bp,
    });
    require!(sold.usd > 0, BurnError::NothingToBuy);
    require!(sold.usd >= usd_min, BurnError::BelowMinimum);

    common::token::burn(
        accounts.seller_io.cpi_handle_mut(),
        accounts.io_mint.cpi_handle_mut(),
        accounts.seller.cpi_handle(),
        sold.io,
        &[],
    );
    let seeds: &[&[u8]] = &[b"auction", &[ctx.bumps.auction]];
    common::token::transfer(
        accounts.vault.cpi_handle_mut(),
        accounts.seller_usd.cpi_handle_mut(),
        accounts.auction.cpi_handle(),
        sold.usd,
        &[seeds],
    );
    let auction = &mut accounts.auction;
    let still_waited = waited_after(waited, ramp_seconds, sold.usd, vault_usd);
    auction.waiting_since = at.saturating_sub(still_waited as i64).into();
    auction.burned_io = auction
        .burned_io
        .get()
        .checked_add(sold.io)
        .ok_or(BurnError::Overflow)?
        .into();
    auction.paid_usd = auction
        .paid_usd
        .get()
        .checked_add(sold.usd)
        .ok_or(BurnError::Overflow)?
        .into();

    emit!(
        ctx,
        IoBurned {
            seller: *ctx.accounts.seller.address(),
            io: sold.io,
            usd: sold.usd,
            price_nano_usd,
            premium_bp,
            at,
        }
    );
    Ok(())
}
