use crate::*;

#[event_cpi]
#[derive(Accounts)]
pub struct OfferAdmin {
    #[account(address = committee.admin @ OracleError::NotAdmin)]
    pub admin: Signer,
    #[account(mut, seeds = [b"committee"], bump)]
    pub committee: Account<Committee>,
}

pub fn handler(ctx: &mut Context<OfferAdmin>, offered: Address) -> Result<()> {
    ctx.accounts.committee.offered_admin = offered;

    emit!(
        ctx,
        AdminOffered {
            admin: *ctx.accounts.admin.address(),
            offered,
        }
    );
    Ok(())
}
