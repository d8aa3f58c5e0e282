use crate::{
    staking::{Actor, Agent},
    *,
};

#[derive(Accounts)]
pub struct ReportJob {
    /// The node's authority, or its agent.
    #[account(
        constraint = agent.is_some() || *by.address() == node.authority @ EscrowError::NotAuthority
    )]
    pub by: Signer,
    #[account(address = job.node @ EscrowError::JobMismatch)]
    pub node: Account<Actor>,
    #[account(mut, constraint = job.state == Job::RUNNING @ EscrowError::WrongState)]
    pub job: Account<Job>,
    /// Where the agent signs: the node's. Staking made it, the only one of that node.
    #[account(
        constraint = agent.actor == job.node @ EscrowError::JobMismatch,
        constraint = agent.key == *by.address() @ EscrowError::NotAuthority
    )]
    pub agent: Option<Account<Agent>>,
}

pub fn handler(ctx: &mut Context<ReportJob>, digest: [u8; 32]) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let job = &mut ctx.accounts.job;
    // A clock that stepped back takes no work away.
    job.reported_at = job.reported_at.get().max(now).into();
    job.digest = digest;
    Ok(())
}
