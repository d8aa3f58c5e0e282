use crate::*;

#[event_cpi]
#[derive(Accounts)]
pub struct SetParameters {
    #[account(address = committee.admin @ OracleError::NotAdmin)]
    pub admin: Signer,
    #[account(mut, seeds = [b"committee"], bump)]
    pub committee: Account<Committee>,
}

pub fn handler(ctx: &mut Context<SetParameters>, parameters: OracleParameters) -> Result<()> {
    parameters.validate()?;
    let now = Clock::get()?.unix_timestamp;
    let committee = &mut ctx.accounts.committee;
    let from = committee.takes_effect(now)?;
    committee.parameters = *committee.parameters(now);
    committee.next_parameters = parameters;
    committee.next_parameters_at = from.into();

    emit!(ctx, OracleParametersSet { parameters, from });
    Ok(())
}
