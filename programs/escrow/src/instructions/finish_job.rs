use {
    crate::*,
    anchor_spl::token::{self, TokenAccount},
};

#[event_cpi]
#[derive(Accounts)]
pub struct FinishJob {
    pub caller: Signer,
    #[account(
        mut,
        constraint = job.state == Job::OPEN || job.is_payable() @ EscrowError::WrongState
    )]
    pub job: Account<Job>,
    #[account(mut, seeds = [Job::VAULT_SEED, job.address().as_ref()], bump = job.vault_bump)]
    pub vault: Account<TokenAccount>,
    /// The only account of its type.
    pub terms: Account<Terms>,
    /// Any dollar account of the job's user: the refund goes there, whoever calls.
    #[account(mut, token::mint = terms.usd_mint, token::authority = job.authority)]
    pub user_usd: Account<TokenAccount>,
    /// Where granted dollars go back to. Needed where some were not spent.
    #[account(mut, seeds = [Job::CREDIT_SEED, job.user.as_ref()], bump)]
    pub credit: Option<Account<TokenAccount>>,
    /// CHECK: gets the vault's rent back; only its address matters. It may be the caller: `dup` is
    /// safe because neither is read or written as data here.
    #[account(unsafe(dup), address = job.authority @ EscrowError::JobMismatch)]
    pub authority: UncheckedAccount,
    pub token_program: Program<Token>,
}

pub fn handler(ctx: &mut Context<FinishJob>) -> Result<()> {
    let at = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let job = &accounts.job;
    let by_user = *accounts.caller.address() == job.authority;
    job.require_over(by_user, at, accounts.terms.parameters(at))?;
    let (refund, to_credit) = job.unspent()?;
    let bond = job.bond.get();
    let state = if job.settled_usd.get() > 0 {
        Job::SETTLED
    } else {
        Job::CANCELLED
    };

    let held = accounts.vault.amount();
    let job_seeds: &[&[u8]] = &[
        Job::SEED,
        accounts.job.user.as_ref(),
        &accounts.job.id.get().to_le_bytes(),
        &[accounts.job.bump],
    ];
    if to_credit > 0 {
        let credit = accounts.credit.as_mut().ok_or(EscrowError::CreditMissing)?;
        common::token::transfer(
            accounts.vault.cpi_handle_mut(),
            credit.cpi_handle_mut(),
            accounts.job.cpi_handle(),
            to_credit,
            &[job_seeds],
        );
    }
    // What strangers put into the vault is the user's too, but no part of what it paid in.
    let to_user = held.checked_sub(to_credit).ok_or(EscrowError::Overflow)?;
    if to_user > 0 {
        common::token::transfer(
            accounts.vault.cpi_handle_mut(),
            accounts.user_usd.cpi_handle_mut(),
            accounts.job.cpi_handle(),
            to_user,
            &[job_seeds],
        );
    }
    common::token::close(
        accounts.vault.cpi_handle_mut(),
        accounts.authority.cpi_handle_mut(),
        accounts.job.cpi_handle(),
        &[job_seeds],
    );
    accounts.job.bond = 0.into();
    accounts.job.state = state;

    emit!(
        ctx,
        JobFinished {
            job: *ctx.accounts.job.address(),
            deposit: ctx.accounts.job.deposit.get(),
            settled: ctx.accounts.job.settled_usd.get(),
            refund,
            credit: to_credit,
            bond,
            at,
            worked_seconds: ctx.accounts.job.settled_seconds.get(),
            state,
        }
    );
    Ok(())
}
