use {
    crate::*,
    anchor_spl::token::{self, TokenAccount},
};

#[event_cpi]
#[derive(Accounts)]
pub struct DismissSlash {
    /// Signs for the vault.
    #[account(seeds = [b"registry"], bump)]
    pub registry: Account<Registry>,
    #[account(mut, address = slash.actor @ StakingError::ActorMismatch)]
    pub actor: Account<Actor>,
    #[account(mut, close = proposer)]
    pub slash: Account<Slash>,
    #[account(mut, seeds = [b"vault"], bump)]
    pub vault: Account<TokenAccount>,
    /// Any IO account of the actor's authority, whoever calls; the mint is the vault's.
    #[account(mut, token::authority = actor.authority)]
    pub destination: Account<TokenAccount>,
    /// CHECK: gets the slash's rent back; only its address matters.
    #[account(mut, address = slash.proposer @ StakingError::NotOwner)]
    pub proposer: UncheckedAccount,
    pub token_program: Program<Token>,
}

pub fn handler(ctx: &mut Context<DismissSlash>) -> Result<()> {
    let at = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    accounts.slash.require_dismissible(at)?;
    accounts.actor.settle_slash()?;
    let bond = accounts.slash.bond.get();
    let seeds: &[&[u8]] = &[b"registry", &[ctx.bumps.registry]];
    common::token::transfer(
        accounts.vault.cpi_handle_mut(),
        accounts.destination.cpi_handle_mut(),
        accounts.registry.cpi_handle(),
        bond,
        &[seeds],
    );

    emit!(
        ctx,
        SlashDismissed {
            actor: *ctx.accounts.actor.address(),
            slash: *ctx.accounts.slash.address(),
            owner: ctx.accounts.actor.authority,
            bond,
            at,
        }
    );
    Ok(())
}
