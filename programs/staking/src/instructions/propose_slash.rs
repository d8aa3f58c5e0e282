use crate::{oracle::Committee, *};

#[event_cpi]
#[derive(Accounts)]
#[instruction(id: u32)]
pub struct ProposeSlash {
    /// Pays the rent and gets it back. It may be one of the members that sign: `dup` is safe because
    /// it has no data.
    #[account(mut, unsafe(dup))]
    pub proposer: Signer,
    #[account(constraint = committee.paused & common::pause::STAKING == 0 @ StakingError::Paused)]
    pub committee: Account<Committee>,
    #[account(seeds = [b"registry"], bump)]
    pub registry: Account<Registry>,
    #[account(mut)]
    pub actor: Account<Actor>,
    #[account(
        init,
        payer = proposer,
        seeds = [Slash::SEED, actor.address().as_ref(), &id.to_le_bytes()],
        bump
    )]
    pub slash: Account<Slash>,
    pub system_program: Program<System>,
}

pub fn handler(
    ctx: &mut Context<ProposeSlash>,
    id: u32,
    offence: u8,
    evidence: [u8; 32],
) -> Result<()> {
    let at = Clock::get()?.unix_timestamp;
    let remaining = ctx.remaining_accounts()?;
    let (_, majority) = common::quorum!(ctx.accounts.committee, at, &remaining);
    require!(majority, StakingError::NoQuorum);
    let fraction_bp = Slash::fraction_bp(offence)?;
    let accounts = &mut ctx.accounts;
    let appeal_seconds = accounts.registry.parameters(at).appeal_seconds;
    let deadline = at
        .checked_add(appeal_seconds.into())
        .ok_or(StakingError::Overflow)?;
    let actor = &mut accounts.actor;
    actor.pending_slashes = actor
        .pending_slashes
        .checked_add(1)
        .ok_or(StakingError::Overflow)?;

    let slash = &mut accounts.slash;
    slash.actor = *accounts.actor.address();
    slash.proposer = *accounts.proposer.address();
    slash.evidence = evidence;
    slash.deadline = deadline.into();
    slash.id = id.into();
    slash.fraction_bp = fraction_bp.into();
    slash.offence = offence;
    slash.state = Slash::PROPOSED;

    emit!(
        ctx,
        SlashProposed {
            actor: *ctx.accounts.actor.address(),
            slash: *ctx.accounts.slash.address(),
            proposer: *ctx.accounts.proposer.address(),
            evidence,
            deadline,
            at,
            fraction_bp,
            offence,
        }
    );
    Ok(())
}
