use crate::{oracle::Committee, *};

#[event_cpi]
#[derive(Accounts)]
#[instruction(id: u16)]
pub struct RegisterUser {
    #[account(mut)]
    pub authority: Signer,
    #[account(constraint = committee.paused & common::pause::STAKING == 0 @ StakingError::Paused)]
    pub committee: Account<Committee>,
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
    ctx: &mut Context<RegisterUser>,
    id: u16,
    election: Election,
    affiliate: Address,
) -> Result<()> {
    let authority = *ctx.accounts.authority.address();
    election.validate(Actor::USER)?;
    require!(affiliate != authority, StakingError::AffiliateInvalid);
    let at = Clock::get()?.unix_timestamp;

    let actor = &mut ctx.accounts.actor;
    actor.authority = authority;
    actor.affiliate = affiliate;
    actor.registered_at = at.into();
    actor.election = election;
    actor.id = id.into();
    actor.kind = Actor::USER;
    actor.bump = ctx.bumps.actor;
    actor.open();

    emit!(
        ctx,
        ActorRegistered {
            actor: *ctx.accounts.actor.address(),
            authority,
            affiliate,
            class: [0; 16],
            collateral_required: 0,
            at,
            processors: 0,
            multiplier_bp: 0,
            election,
            id,
            kind: Actor::USER,
        }
    );
    Ok(())
}
