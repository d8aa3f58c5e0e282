use crate::{oracle::Committee, *};

#[event_cpi]
#[derive(Accounts)]
pub struct DecideAppeal {
    /// The only account of its type: the oracle creates it once, at one address.
    pub committee: Account<Committee>,
    #[account(mut)]
    pub slash: Account<Slash>,
}

pub fn handler(ctx: &mut Context<DecideAppeal>, upheld: bool) -> Result<()> {
    let at = Clock::get()?.unix_timestamp;
    let remaining = ctx.remaining_accounts()?;
    let (_, majority) = common::quorum!(ctx.accounts.committee, at, &remaining);
    require!(majority, StakingError::NoQuorum);
    let slash = &mut ctx.accounts.slash;
    slash.require_running(Slash::APPEALED, at)?;
    slash.state = if upheld {
        Slash::UPHELD
    } else {
        Slash::DISMISSED
    };

    emit!(
        ctx,
        SlashDecided {
            actor: ctx.accounts.slash.actor,
            slash: *ctx.accounts.slash.address(),
            at,
            upheld,
        }
    );
    Ok(())
}
