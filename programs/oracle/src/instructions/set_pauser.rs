use crate::*;

#[event_cpi]
#[derive(Accounts)]
pub struct SetPauser {
    #[account(address = committee.admin @ OracleError::NotAdmin)]
    pub admin: Signer,
    #[account(mut, seeds = [b"committee"], bump)]
    pub committee: Account<Committee>,
}

pub fn handler(ctx: &mut Context<SetPauser>, pauser: Address) -> Result<()> {
    ctx.accounts.committee.pauser = pauser;

    emit!(ctx, PauserSet { pauser });
    Ok(())
}
