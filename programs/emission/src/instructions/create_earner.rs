use crate::{staking::Actor, *};

#[event_cpi]
#[derive(Accounts)]
pub struct CreateEarner {
    #[account(mut)]
    pub payer: Signer,
    #[account(seeds = [Emission::SEED], bump = emission.bump)]
    pub emission: Account<Emission>,
    /// Any actor: the owner and type checks say that staking made it.
    pub actor: Account<Actor>,
    #[account(init, payer = payer, seeds = [Earner::SEED, actor.address().as_ref()], bump)]
    pub earner: Account<Earner>,
    pub system_program: Program<System>,
}

pub fn handler(ctx: &mut Context<CreateEarner>) -> Result<()> {
    let earner = &mut ctx.accounts.earner;
    earner.actor = *ctx.accounts.actor.address();
    earner.snapshot = ctx.accounts.emission.per_point;
    earner.bump = ctx.bumps.earner;

    emit!(
        ctx,
        EarnerCreated {
            earner: *ctx.accounts.earner.address(),
            actor: *ctx.accounts.actor.address(),
        }
    );
    Ok(())
}
