use {
    crate::{oracle::Committee, *},
    economics::quote,
};

#[event_cpi]
#[derive(Accounts)]
#[instruction(id: u16)]
pub struct RegisterNode {
    #[account(mut)]
    pub authority: Signer,
    #[account(constraint = committee.paused & common::pause::STAKING == 0 @ StakingError::Paused)]
    pub committee: Account<Committee>,
    #[account(seeds = [Class::SEED, class.symbol.as_ref()], bump = class.bump)]
    pub class: Account<Class>,
    #[account(
        init,
        payer = authority,
        seeds = [Actor::SEED, authority.address().as_ref(), &id.to_le_bytes()],
        bump
    )]
    pub actor: Account<Actor>,
    pub system_program: Program<System>,
}

pub fn handler(
    ctx: &mut Context<RegisterNode>,
    id: u16,
    processors: u32,
    election: Election,
    affiliate: Address,
) -> Result<()> {
    let authority = *ctx.accounts.authority.address();
    require!(processors > 0, StakingError::ProcessorsZero);
    election.validate(Actor::NODE)?;
    require!(affiliate != authority, StakingError::AffiliateInvalid);
    let class = &ctx.accounts.class;
    let multiplier_bp = class.multiplier_bp.get();
    let collateral_required =
        quote::collateral(multiplier_bp, processors).map_err(|_| StakingError::Overflow)?;
    let at = Clock::get()?.unix_timestamp;

    let actor = &mut ctx.accounts.actor;
    actor.authority = authority;
    actor.affiliate = affiliate;
    actor.class = class.symbol;
    actor.collateral_required = collateral_required.into();
    actor.registered_at = at.into();
    actor.processors = processors.into();
    actor.multiplier_bp = multiplier_bp.into();
    actor.election = election;
    actor.id = id.into();
    actor.kind = Actor::NODE;
    actor.bump = ctx.bumps.actor;
    actor.open();

    emit!(
        ctx,
        ActorRegistered {
            actor: *ctx.accounts.actor.address(),
            authority,
            affiliate,
            class: ctx.accounts.class.symbol,
            collateral_required,
            at,
            processors,
            multiplier_bp,
            election,
            id,
            kind: Actor::NODE,
        }
    );
    Ok(())
}
