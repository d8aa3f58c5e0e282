use crate::*;

#[derive(Accounts)]
pub struct NameAgent {
    #[account(mut, address = actor.authority @ StakingError::NotAuthority)]
    pub authority: Signer,
    #[account(constraint = actor.kind == Actor::NODE @ StakingError::NotANode)]
    pub actor: Account<Actor>,
    /// Created once, then changed. Its seeds and its type are checked either way, so that it is the
    /// actor's own.
    #[account(
        init_if_needed,
        payer = authority,
        seeds = [Agent::SEED, actor.address().as_ref()],
        bump
    )]
    pub agent: Account<Agent>,
    pub system_program: Program<System>,
}

pub fn handler(ctx: &mut Context<NameAgent>, key: Address) -> Result<()> {
    let agent = &mut ctx.accounts.agent;
    agent.actor = *ctx.accounts.actor.address();
    agent.bump = ctx.bumps.agent;
    agent.name(key);
    Ok(())
}
