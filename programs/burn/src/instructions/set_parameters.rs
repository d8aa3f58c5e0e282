use crate::{oracle::Committee, *};

#[event_cpi]
#[derive(Accounts)]
pub struct SetParameters {
    #[account(address = committee.admin @ BurnError::NotAdmin)]
    pub admin: Signer,
    pub committee: Account<Committee>,
    #[account(mut, seeds = [b"auction"], bump)]
    pub auction: Account<Auction>,
}

pub fn handler(ctx: &mut Context<SetParameters>, parameters: BurnParameters) -> Result<()> {
    parameters.validate()?;
    let now = Clock::get()?.unix_timestamp;
    let from = common::takes_effect!(ctx.accounts.committee, now).ok_or(BurnError::Overflow)?;
    let auction = &mut ctx.accounts.auction;
    auction.parameters = *auction.parameters(now);
    auction.next_parameters = parameters;
    auction.next_parameters_at = from.into();

    emit!(ctx, BurnParametersSet { parameters, from });
    Ok(())
}
