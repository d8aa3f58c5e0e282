use {
    crate::{
        emission::Earner,
        oracle::{Committee, Feed},
        staking::Actor,
        *,
    },
    anchor_spl::{
        associated_token::get_associated_token_address,
        mint::Mint,
        token::{self, TokenAccount},
    },
    economics::{
        quote::{deposit, rate_per_hour, QuoteInput},
        SECONDS_PER_HOUR,
    },
};

#[event_cpi]
#[derive(Accounts)]
#[instruction(id: u64)]
pub struct OpenJob {
    #[account(mut, address = user.authority @ EscrowError::NotAuthority)]
    pub authority: Signer,
    #[account(constraint = committee.paused & common::pause::ESCROW == 0 @ EscrowError::Paused)]
    pub committee: Account<Committee>,
    #[account(constraint = user.kind == USER @ EscrowError::NotAUser)]
    pub user: Account<Actor>,
    /// Carries the user's reputation.
    #[account(constraint = earner.actor == *user.address() @ EscrowError::JobMismatch)]
    pub earner: Account<Earner>,
    /// The price of the class that the job asks for.
    #[account(constraint = feed.symbol != common::symbol::IO @ EscrowError::ClassMismatch)]
    pub feed: Account<Feed>,
    /// The only account of its type. Signs for what was granted.
    pub terms: Account<Terms>,
    #[account(
        init,
        payer = authority,
        seeds = [Job::SEED, user.address().as_ref(), &id.to_le_bytes()],
        bump
    )]
    pub job: Account<Job>,
    #[account(address = terms.usd_mint)]
    pub usd_mint: Account<Mint>,
    #[account(
        init,
        payer = authority,
        seeds = [Job::VAULT_SEED, job.address().as_ref()],
        bump,
        token::mint = usd_mint,
        token::authority = job
    )]
    pub vault: Account<TokenAccount>,
    /// The token program checks that the authority may spend it.
    #[account(mut, token::mint = terms.usd_mint)]
    pub source: Account<TokenAccount>,
    /// What the user was granted. Needed where some of it is spent.
    #[account(mut, seeds = [Job::CREDIT_SEED, user.address().as_ref()], bump)]
    pub credit: Option<Account<TokenAccount>>,
    pub token_program: Program<Token>,
    pub system_program: Program<System>,
}

pub fn handler(
    ctx: &mut Context<OpenJob>,
    id: u64,
    processors: u32,
    hours: u32,
    max_deposit: u64,
    benefit: u8,
    from_credit: u64,
) -> Result<()> {
    let at = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    require!(processors > 0 && hours > 0, EscrowError::AmountZero);
    // Seconds are counted in 32 bits: what could not be settled is not opened.
    require!(
        u64::from(hours) * SECONDS_PER_HOUR <= u64::from(u32::MAX),
        EscrowError::Overflow
    );
    require!(at <= accounts.feed.valid_until, EscrowError::PriceStale);
    require!(
        benefit == Job::DISCOUNT || benefit == Job::LOCKED_IO,
        EscrowError::BenefitUnknown
    );

    let price_nano_usd = accounts.feed.price_nano_usd;
    let discount_bp = accounts
        .terms
        .parameters(at)
        .discount_bp(accounts.earner.reputation);
    let rate_per_hour = rate_per_hour(QuoteInput {
        price_nano_usd,
        processors,
        // With locked IO, what the discount is worth comes back as coupons.
        discount_bp: if benefit == Job::DISCOUNT {
            discount_bp
        } else {
            0
        },
    })
    .map_err(EscrowError::from)?;
    let deposit = deposit(rate_per_hour, hours).map_err(EscrowError::from)?;
    require!(deposit <= max_deposit, EscrowError::DepositAboveMaximum);

    // Never more than the job costs: the price may have fallen since the user asked for it.
    let granted = from_credit.min(deposit);
    if granted > 0 {
        let credit = accounts.credit.as_mut().ok_or(EscrowError::CreditMissing)?;
        let seeds: &[&[u8]] = &[Terms::SEED, &[accounts.terms.bump]];
        common::token::transfer(
            credit.cpi_handle_mut(),
            accounts.vault.cpi_handle_mut(),
            accounts.terms.cpi_handle(),
            granted,
            &[seeds],
        );
    }
    common::token::transfer(
        accounts.source.cpi_handle_mut(),
        accounts.vault.cpi_handle_mut(),
        accounts.authority.cpi_handle(),
        deposit - granted,
        &[],
    );
    let affiliate_usd = if accounts.user.affiliate == Address::default() {
        Address::default()
    } else {
        get_associated_token_address(&accounts.user.affiliate, &accounts.terms.usd_mint)
    };
    let job = &mut accounts.job;
    job.user = *accounts.user.address();
    job.authority = *accounts.authority.address();
    job.affiliate_usd = affiliate_usd;
    job.class = accounts.feed.symbol;
    job.id = id.into();
    job.rate_per_hour = rate_per_hour.into();
    job.price_nano_usd = price_nano_usd.into();
    job.deposit = deposit.into();
    job.granted = granted.into();
    job.opened_at = at.into();
    job.processors = processors.into();
    job.hours = hours.into();
    job.discount_bp = discount_bp.into();
    job.benefit = benefit;
    job.state = Job::OPEN;
    job.bump = ctx.bumps.job;
    job.vault_bump = ctx.bumps.vault;

    emit!(
        ctx,
        JobOpened {
            job: *ctx.accounts.job.address(),
            user: *ctx.accounts.user.address(),
            authority: *ctx.accounts.authority.address(),
            affiliate_usd,
            class: ctx.accounts.job.class,
            id,
            price_nano_usd,
            rate_per_hour,
            deposit,
            granted,
            at,
            processors,
            hours,
            discount_bp,
            benefit,
        }
    );
    Ok(())
}
