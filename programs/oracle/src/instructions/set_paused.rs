use {crate::*, common::pause};

#[event_cpi]
#[derive(Accounts)]
pub struct SetPaused {
    #[account(
        constraint = *by.address() == committee.pauser || *by.address() == committee.admin @ OracleError::NotPauser
    )]
    pub by: Signer,
    #[account(mut, seeds = [b"committee"], bump)]
    pub committee: Account<Committee>,
}

pub fn handler(ctx: &mut Context<SetPaused>, paused: u8) -> Result<()> {
    require!(paused & !pause::ALL == 0, OracleError::PauseUnknown);
    ctx.accounts.committee.paused = paused;

    emit!(
        ctx,
        PausedSet {
            by: *ctx.accounts.by.address(),
            at: Clock::get()?.unix_timestamp,
            paused,
        }
    );
    Ok(())
}
