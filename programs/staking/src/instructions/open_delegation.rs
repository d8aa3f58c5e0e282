use crate::{oracle::Committee, *};

#[derive(Accounts)]
#[instruction(owner: Address)]
pub struct OpenDelegation {
    #[account(mut)]
    pub payer: Signer,
    #[account(constraint = committee.paused & common::pause::STAKING == 0 @ StakingError::Paused)]
    pub committee: Account<Committee>,
    #[account(constraint = actor.rewards != Actor::NO_POOL @ StakingError::PoolNotOpen)]
    pub actor: Account<Actor>,
    #[account(
        init,
        payer = payer,
        seeds = [Delegation::SEED, actor.address().as_ref(), owner.as_ref()],
        bump
    )]
    pub delegation: Account<Delegation>,
    pub system_program: Program<System>,
}

pub fn handler(ctx: &mut Context<OpenDelegation>, owner: Address) -> Result<()> {
    let delegation = &mut ctx.accounts.delegation;
    delegation.owner = owner;
    delegation.actor = *ctx.accounts.actor.address();
    delegation.snapshot = ctx.accounts.actor.per_share;
    Ok(())
}
