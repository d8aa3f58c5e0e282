use crate::{oracle::Committee, *};

#[event_cpi]
#[derive(Accounts)]
pub struct SetParameters {
    #[account(address = committee.admin @ StakingError::NotAdmin)]
    pub admin: Signer,
    pub committee: Account<Committee>,
    #[account(mut, seeds = [b"registry"], bump)]
    pub registry: Account<Registry>,
}

pub fn handler(ctx: &mut Context<SetParameters>, parameters: StakingParameters) -> Result<()> {
    parameters.validate()?;
    let now = Clock::get()?.unix_timestamp;
    let from = common::takes_effect!(ctx.accounts.committee, now).ok_or(StakingError::Overflow)?;
    let registry = &mut ctx.accounts.registry;
    registry.parameters = *registry.parameters(now);
    registry.next_parameters = parameters;
    registry.next_parameters_at = from.into();

    emit!(ctx, StakingParametersSet { parameters, from });
    Ok(())
}
