use {crate::*, anchor_lang::sha256};

#[derive(Accounts)]
pub struct RecordChallenges {
    #[account(address = challenge.verifier @ OracleError::NotAMember)]
    pub verifier: Signer,
    #[account(constraint = committee.paused & common::pause::ORACLE == 0 @ OracleError::Paused)]
    pub committee: Account<Committee>,
    #[account(mut)]
    pub challenge: Account<Challenge>,
}

pub fn handler(
    ctx: &mut Context<RecordChallenges>,
    secret: [u8; 32],
    measurements: &[Measurement],
) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    ctx.accounts
        .committee
        .index_of(ctx.accounts.verifier.address(), now)?;
    let challenge = &mut ctx.accounts.challenge;
    require!(
        challenge.slot_hash != Challenge::NOT_DRAWN,
        OracleError::NotDrawn
    );
    require!(
        sha256(&secret) == challenge.commitment,
        OracleError::SecretMismatch
    );

    let mut last = challenge.last_node;
    for measurement in measurements {
        require!(
            measurement.node.as_ref() > last.as_ref(),
            OracleError::MeasurementsUnsorted
        );
        require!(measurement.outcome <= 1, OracleError::OutcomeInvalid);
        last = measurement.node;
    }
    require!(!measurements.is_empty(), OracleError::NoMeasurements);
    challenge.last_node = last;
    Ok(())
}
