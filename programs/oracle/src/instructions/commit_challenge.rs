use crate::*;

#[derive(Accounts)]
#[instruction(epoch: u32, round: u16)]
pub struct CommitChallenge {
    #[account(mut)]
    pub verifier: Signer,
    #[account(
        seeds = [b"committee"],
        bump,
        constraint = committee.paused & common::pause::ORACLE == 0 @ OracleError::Paused
    )]
    pub committee: Account<Committee>,
    #[account(
        init,
        payer = verifier,
        seeds = [
            Challenge::SEED,
            verifier.address().as_ref(),
            &epoch.to_le_bytes(),
            &round.to_le_bytes(),
        ],
        bump
    )]
    pub challenge: Account<Challenge>,
    pub system_program: Program<System>,
}

pub fn handler(
    ctx: &mut Context<CommitChallenge>,
    epoch: u32,
    round: u16,
    commitment: [u8; 32],
) -> Result<()> {
    let clock = Clock::get()?;
    let verifier = *ctx.accounts.verifier.address();
    ctx.accounts
        .committee
        .index_of(&verifier, clock.unix_timestamp)?;

    let challenge = &mut ctx.accounts.challenge;
    challenge.verifier = verifier;
    challenge.commitment = commitment;
    challenge.slot = clock.slot.into();
    challenge.epoch = epoch.into();
    challenge.round = round.into();
    challenge.bump = ctx.bumps.challenge;
    Ok(())
}
