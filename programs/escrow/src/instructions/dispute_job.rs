use {
    crate::*,
    anchor_spl::token::{self, TokenAccount},
};

#[event_cpi]
#[derive(Accounts)]
pub struct DisputeJob {
    #[account(address = job.authority @ EscrowError::NotAuthority)]
    pub authority: Signer,
    /// The only account of its type.
    pub terms: Account<Terms>,
    #[account(mut, constraint = job.state == Job::RUNNING @ EscrowError::WrongState)]
    pub job: Account<Job>,
    #[account(mut, seeds = [Job::VAULT_SEED, job.address().as_ref()], bump = job.vault_bump)]
    pub vault: Account<TokenAccount>,
    /// The token program checks that the authority may spend it.
    #[account(mut, token::mint = terms.usd_mint)]
    pub source: Account<TokenAccount>,
    pub token_program: Program<Token>,
}

pub fn handler(ctx: &mut Context<DisputeJob>, evidence: [u8; 32]) -> Result<()> {
    let at = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let job = &mut accounts.job;
    let (settled_seconds, worked) = (job.settled_seconds.get(), job.worked_seconds());
    require!(
        worked > u64::from(settled_seconds),
        EscrowError::NothingToDispute
    );
    let bond = accounts.terms.parameters(at).dispute_bond;
    job.bond = bond.into();
    job.disputed_at = at.into();
    job.stop(Job::DISPUTED, worked);

    common::token::transfer(
        accounts.source.cpi_handle_mut(),
        accounts.vault.cpi_handle_mut(),
        accounts.authority.cpi_handle(),
        bond,
        &[],
    );

    emit!(
        ctx,
        JobDisputed {
            job: *ctx.accounts.job.address(),
            node: ctx.accounts.job.node,
            evidence,
            bond,
            at,
            settled_seconds,
            worked_seconds: seconds(worked)?,
        }
    );
    Ok(())
}
