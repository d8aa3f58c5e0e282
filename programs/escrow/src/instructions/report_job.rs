use crate::{staking::Actor, *};

#[derive(Accounts)]
pub struct ReportJob {
    #[account(address = node.authority @ EscrowError::NotAuthority)]
    pub authority: Signer,
    #[account(address = job.node @ EscrowError::JobMismatch)]
    pub node: Account<Actor>,
    #[account(mut, constraint = job.state == Job::RUNNING @ EscrowError::WrongState)]
    pub job: Account<Job>,
}

pub fn handler(ctx: &mut Context<ReportJob>, digest: [u8; 32]) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let job = &mut ctx.accounts.job;
    // A clock that stepped back takes no work away.
    job.reported_at = job.reported_at.get().max(now).into();
    job.digest = digest;
    Ok(())
}
