use crate::{
    staking::{Actor, Agent},
    *,
};

#[event_cpi]
#[derive(Accounts)]
pub struct ReleaseJob {
    /// Anyone, once the node is silent; the node's authority or its agent at any time.
    pub by: Signer,
    /// The only account of its type.
    pub terms: Account<Terms>,
    #[account(mut, constraint = job.state == Job::RUNNING @ EscrowError::WrongState)]
    pub job: Account<Job>,
    #[account(address = job.node @ EscrowError::JobMismatch)]
    pub node: Account<Actor>,
    /// Where the agent signs: the node's. Staking made it, the only one of that node.
    #[account(
        constraint = agent.actor == job.node @ EscrowError::JobMismatch,
        constraint = agent.key == *by.address() @ EscrowError::NotAuthority
    )]
    pub agent: Option<Account<Agent>>,
}

pub fn handler(ctx: &mut Context<ReleaseJob>) -> Result<()> {
    let at = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let parameters = accounts.terms.parameters(at);
    let job = &mut accounts.job;
    // Past its hours there is nothing that another node could do.
    require!(at < job.end(), EscrowError::JobOver);
    let failed = !job.is_alive(at, parameters);
    require!(
        failed || accounts.agent.is_some() || *accounts.by.address() == accounts.node.authority,
        EscrowError::NodeAlive
    );
    require!(job.is_settled(parameters), EscrowError::SettleFirst);

    // What was worked below the minimum is not paid: those hours are the user's again.
    let worked_seconds = seconds(job.assignment_seconds())?;
    let paid_seconds = job
        .settled_seconds
        .get()
        .saturating_sub(job.base_seconds.get());
    job.base_seconds = job.settled_seconds;
    job.node = Address::default();
    job.started_at = 0.into();
    job.reported_at = 0.into();
    job.state = Job::OPEN;
    let assignment = job.assignments.get().saturating_sub(1);

    emit!(
        ctx,
        JobReleased {
            job: *ctx.accounts.job.address(),
            node: *ctx.accounts.node.address(),
            by: *ctx.accounts.by.address(),
            at,
            worked_seconds,
            paid_seconds,
            assignment,
            failed,
        }
    );
    Ok(())
}
