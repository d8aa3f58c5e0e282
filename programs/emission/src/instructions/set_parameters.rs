use crate::{oracle::Committee, *};

#[event_cpi]
#[derive(Accounts)]
pub struct SetParameters {
    #[account(address = committee.admin @ EmissionError::NotAdmin)]
    pub admin: Signer,
    pub committee: Account<Committee>,
    #[account(mut, seeds = [Emission::SEED], bump = emission.bump)]
    pub emission: Account<Emission>,
}

pub fn handler(ctx: &mut Context<SetParameters>, parameters: EmissionParameters) -> Result<()> {
    parameters.validate()?;
    let now = Clock::get()?.unix_timestamp;
    let from = common::takes_effect!(ctx.accounts.committee, now).ok_or(EmissionError::Overflow)?;
    let emission = &mut ctx.accounts.emission;
    // One change is kept: what counted before it is forgotten, and no open epoch may need it.
    let replaced = now >= emission.next_parameters_at.get();
    require!(
        !replaced || emission.open_epoch() >= emission.next_parameters_epoch()?,
        EmissionError::EpochsUnclosed
    );
    emission.parameters = *emission.parameters(now);
    emission.next_parameters = parameters;
    emission.next_parameters_at = from.into();

    emit!(ctx, EmissionParametersSet { parameters, from });
    Ok(())
}
