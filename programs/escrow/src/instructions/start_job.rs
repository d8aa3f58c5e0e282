use crate::{oracle::Committee, staking::Actor, *};

#[event_cpi]
#[derive(Accounts)]
pub struct StartJob {
    pub router: Signer,
    #[account(constraint = committee.paused & common::pause::ESCROW == 0 @ EscrowError::Paused)]
    pub committee: Account<Committee>,
    /// The only account of its type.
    pub terms: Account<Terms>,
    #[account(mut, constraint = job.state == Job::OPEN @ EscrowError::WrongState)]
    pub job: Account<Job>,
    #[account(
        constraint = node.kind == NODE @ EscrowError::NotANode,
        constraint = node.class == job.class @ EscrowError::ClassMismatch,
        constraint = node.processors >= job.processors.get() @ EscrowError::TooFewProcessors,
        constraint = node.collateral >= node.collateral_required @ EscrowError::CollateralMissing
    )]
    pub node: Account<Actor>,
}

pub fn handler(ctx: &mut Context<StartJob>, draw: Draw) -> Result<()> {
    let at = Clock::get()?.unix_timestamp;
    require!(
        *ctx.accounts.router.address() == ctx.accounts.terms.parameters(at).router,
        EscrowError::NotRouter
    );
    let job = &mut ctx.accounts.job;
    job.node = *ctx.accounts.node.address();
    job.started_at = at.into();
    job.reported_at = at.into();
    job.state = Job::RUNNING;
    let assignment = job.assignments.get();
    job.assignments = assignment
        .checked_add(1)
        .ok_or(EscrowError::Overflow)?
        .into();

    emit!(
        ctx,
        JobStarted {
            job: *ctx.accounts.job.address(),
            node: *ctx.accounts.node.address(),
            draw,
            at,
            assignment,
        }
    );
    Ok(())
}
