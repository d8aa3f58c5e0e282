use crate::{oracle::Committee, *};

#[event_cpi]
#[derive(Accounts)]
pub struct SetParameters {
    #[account(address = committee.admin @ EscrowError::NotAdmin)]
    pub admin: Signer,
    pub committee: Account<Committee>,
    #[account(mut, seeds = [Terms::SEED], bump = terms.bump)]
    pub terms: Account<Terms>,
}

pub fn handler(ctx: &mut Context<SetParameters>, parameters: EscrowParameters) -> Result<()> {
    parameters.validate()?;
    let now = Clock::get()?.unix_timestamp;
    let from = common::takes_effect!(ctx.accounts.committee, now).ok_or(EscrowError::Overflow)?;
    let terms = &mut ctx.accounts.terms;
    terms.parameters = *terms.parameters(now);
    terms.next_parameters = parameters;
    terms.next_parameters_at = from.into();

    emit!(ctx, EscrowParametersSet { parameters, from });
    Ok(())
}
