use crate::*;

#[event_cpi]
#[derive(Accounts)]
pub struct AcceptAdmin {
    #[account(address = committee.offered_admin @ OracleError::NotOffered)]
    pub offered: Signer,
    #[account(mut, seeds = [b"committee"], bump)]
    pub committee: Account<Committee>,
}

pub fn handler(ctx: &mut Context<AcceptAdmin>) -> Result<()> {
    let admin = *ctx.accounts.offered.address();
    let committee = &mut ctx.accounts.committee;
    committee.admin = admin;
    committee.offered_admin = Address::default();

    emit!(ctx, AdminChanged { admin });
    Ok(())
}
