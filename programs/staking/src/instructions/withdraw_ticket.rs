use {
    crate::*,
    anchor_spl::token::{self, TokenAccount},
};

#[event_cpi]
#[derive(Accounts)]
pub struct WithdrawTicket {
    /// Signs for the vault.
    #[account(seeds = [b"registry"], bump)]
    pub registry: Account<Registry>,
    #[account(
        mut,
        address = ticket.actor @ StakingError::ActorMismatch,
        constraint = actor.pending_slashes == 0 @ StakingError::SlashPending
    )]
    pub actor: Account<Actor>,
    #[account(mut, close = owner)]
    pub ticket: Account<Ticket>,
    #[account(mut, seeds = [b"vault"], bump)]
    pub vault: Account<TokenAccount>,
    /// Any IO account of the ticket's owner, whoever calls; the mint is the vault's.
    #[account(mut, token::authority = ticket.owner)]
    pub destination: Account<TokenAccount>,
    /// CHECK: gets the ticket's rent back; only its address matters.
    #[account(mut, address = ticket.owner @ StakingError::NotOwner)]
    pub owner: UncheckedAccount,
    pub token_program: Program<Token>,
}

pub fn handler(ctx: &mut Context<WithdrawTicket>) -> Result<()> {
    let at = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    require!(
        at >= accounts.ticket.matures_at.get(),
        StakingError::NotMatured
    );
    let amount = accounts.actor.pay_out(accounts.ticket.shares.get())?;
    let seeds: &[&[u8]] = &[b"registry", &[ctx.bumps.registry]];
    common::token::transfer(
        accounts.vault.cpi_handle_mut(),
        accounts.destination.cpi_handle_mut(),
        accounts.registry.cpi_handle(),
        amount,
        &[seeds],
    );

    emit!(
        ctx,
        TicketWithdrawn {
            actor: *ctx.accounts.actor.address(),
            owner: *ctx.accounts.owner.address(),
            ticket: *ctx.accounts.ticket.address(),
            amount,
            stake: ctx.accounts.actor.stake.get(),
            unbonding_shares: ctx.accounts.actor.unbonding_shares.get(),
            at,
        }
    );
    Ok(())
}
