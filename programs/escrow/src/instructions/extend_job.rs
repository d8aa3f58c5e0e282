use {
    crate::{
        oracle::{Committee, Feed},
        *,
    },
    anchor_spl::token::{self, TokenAccount},
    economics::{quote::deposit, SECONDS_PER_HOUR},
};

#[event_cpi]
#[derive(Accounts)]
pub struct ExtendJob {
    #[account(address = job.authority @ EscrowError::NotAuthority)]
    pub authority: Signer,
    #[account(constraint = committee.paused & common::pause::ESCROW == 0 @ EscrowError::Paused)]
    pub committee: Account<Committee>,
    /// The price of the job's class: the oracle makes one feed for each symbol.
    #[account(constraint = feed.symbol == job.class @ EscrowError::ClassMismatch)]
    pub feed: Account<Feed>,
    /// The only account of its type.
    pub terms: Account<Terms>,
    #[account(
        mut,
        constraint = job.state == Job::OPEN || job.state == Job::RUNNING @ EscrowError::WrongState
    )]
    pub job: Account<Job>,
    #[account(mut, seeds = [Job::VAULT_SEED, job.address().as_ref()], bump = job.vault_bump)]
    pub vault: Account<TokenAccount>,
    /// The token program checks that the authority may spend it.
    #[account(mut, token::mint = terms.usd_mint)]
    pub source: Account<TokenAccount>,
    pub token_program: Program<Token>,
}

pub fn handler(ctx: &mut Context<ExtendJob>, hours: u32, max_deposit: u64) -> Result<()> {
    let at = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let job = &mut accounts.job;
    require!(hours > 0, EscrowError::AmountZero);
    require!(
        job.state == Job::OPEN || at < job.end(),
        EscrowError::JobOver
    );
    require!(at <= accounts.feed.valid_until, EscrowError::PriceStale);
    require!(
        accounts.feed.price_nano_usd <= job.price_nano_usd.get(),
        EscrowError::PriceRisen
    );
    let all_hours = job
        .hours
        .get()
        .checked_add(hours)
        .filter(|all| u64::from(*all) * SECONDS_PER_HOUR <= u64::from(u32::MAX))
        .ok_or(EscrowError::Overflow)?;
    let added = deposit(job.rate_per_hour.get(), hours).map_err(EscrowError::from)?;
    require!(added <= max_deposit, EscrowError::DepositAboveMaximum);
    job.hours = all_hours.into();
    job.deposit = job
        .deposit
        .get()
        .checked_add(added)
        .ok_or(EscrowError::Overflow)?
        .into();

    common::token::transfer(
        accounts.source.cpi_handle_mut(),
        accounts.vault.cpi_handle_mut(),
        accounts.authority.cpi_handle(),
        added,
        &[],
    );

    emit!(
        ctx,
        JobExtended {
            job: *ctx.accounts.job.address(),
            deposit: added,
            at,
            hours,
        }
    );
    Ok(())
}
