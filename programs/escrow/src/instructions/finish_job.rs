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
        constraint = job.state == Job::OPEN || job.state == Job::RUNNING @ EscrowError::WrongState
    )]
    pub job: Account<Job>,
    #[account(mut, seeds = [Job::VAULT_SEED, job.address().as_ref()], bump = job.vault_bump)]
    pub vault: Account<TokenAccount>,
    #[account(seeds = [Terms::SEED], bump = terms.bump)]
    pub terms: Account<Terms>,
    /// Any dollar account of the job's user: the refund goes there, whoever calls.
    #[account(mut, token::mint = terms.usd_mint, token::authority = job.authority)]
    pub user_usd: Account<TokenAccount>,
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
    let is_over = job.state == Job::RUNNING && at >= job.end();
    require!(
        is_over || *accounts.caller.address() == job.authority,
        EscrowError::NotAuthority
    );
    // Work below the minimum is not paid: it is the user's again.
    let worked = job.worked_seconds();
    require!(
        worked == u64::from(job.settled_seconds.get())
            || worked < u64::from(accounts.terms.parameters(at).min_work_seconds),
        EscrowError::SettleFirst
    );

    // What strangers put into the vault is the user's too, but no part of what it paid in.
    let refund = accounts
        .job
        .deposit
        .get()
        .checked_sub(accounts.job.settled_usd.get())
        .ok_or(EscrowError::Overflow)?;
    let held = accounts.vault.amount();
    let job_seeds: &[&[u8]] = &[
        Job::SEED,
        accounts.job.user.as_ref(),
        &accounts.job.id.get().to_le_bytes(),
        &[accounts.job.bump],
    ];
    common::token::transfer(
        accounts.vault.cpi_handle_mut(),
        accounts.user_usd.cpi_handle_mut(),
        accounts.job.cpi_handle(),
        held,
        &[job_seeds],
    );
    common::token::close(
        accounts.vault.cpi_handle_mut(),
        accounts.authority.cpi_handle_mut(),
        accounts.job.cpi_handle(),
        &[job_seeds],
    );
    accounts.job.state = Job::FINISHED;

    emit!(
        ctx,
        JobFinished {
            job: *ctx.accounts.job.address(),
            deposit: ctx.accounts.job.deposit.get(),
            settled: ctx.accounts.job.settled_usd.get(),
            refund,
            worked_seconds: ctx.accounts.job.settled_seconds.get(),
            at,
        }
    );
    Ok(())
}
