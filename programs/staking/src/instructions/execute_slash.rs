use {
    crate::{oracle::Committee, *},
    anchor_spl::{mint::Mint, token::TokenAccount},
    economics::pool::{self, SlashInput},
};

#[event_cpi]
#[derive(Accounts)]
pub struct ExecuteSlash {
    #[account(constraint = committee.paused & common::pause::STAKING == 0 @ StakingError::Paused)]
    pub committee: Account<Committee>,
    /// Signs for the vault.
    #[account(mut, seeds = [b"registry"], bump)]
    pub registry: Account<Registry>,
    #[account(mut, address = slash.actor @ StakingError::ActorMismatch)]
    pub actor: Account<Actor>,
    #[account(mut, close = proposer)]
    pub slash: Account<Slash>,
    #[account(mut, seeds = [b"vault"], bump)]
    pub vault: Account<TokenAccount>,
    #[account(mut, address = registry.io_mint)]
    pub io_mint: Account<Mint>,
    /// CHECK: gets the slash's rent back; only its address matters.
    #[account(mut, address = slash.proposer @ StakingError::NotOwner)]
    pub proposer: UncheckedAccount,
    pub token_program: Program<Token>,
}

pub fn handler(ctx: &mut Context<ExecuteSlash>) -> Result<()> {
    let at = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let (actor, slash) = (&mut accounts.actor, &accounts.slash);
    slash.require_executable(at)?;
    let shares = actor
        .shares
        .get()
        .checked_add(actor.unbonding_shares.get())
        .ok_or(StakingError::Overflow)?;
    let slashed = pool::slash(SlashInput {
        index: actor.index.get(),
        stake: actor.stake.get(),
        shares,
        collateral: actor.collateral.get(),
        fraction_bp: slash.fraction_bp.get(),
    })
    .map_err(StakingError::from)?;
    actor.index = slashed.index.into();
    actor.stake = slashed.stake.into();
    actor.collateral = slashed.collateral.into();
    actor.settle_slash()?;
    let bond = slash.bond.get();
    let burned = slashed
        .burned
        .checked_add(bond)
        .ok_or(StakingError::Overflow)?;
    let slashed_io = accounts.registry.slashed_io.get().checked_add(burned);
    accounts.registry.slashed_io = slashed_io.ok_or(StakingError::Overflow)?.into();

    let seeds: &[&[u8]] = &[b"registry", &[ctx.bumps.registry]];
    common::token::burn(
        accounts.vault.cpi_handle_mut(),
        accounts.io_mint.cpi_handle_mut(),
        accounts.registry.cpi_handle(),
        burned,
        &[seeds],
    );

    emit!(
        ctx,
        SlashExecuted {
            actor: *ctx.accounts.actor.address(),
            slash: *ctx.accounts.slash.address(),
            burned,
            bond,
            index: slashed.index,
            stake: slashed.stake,
            collateral: slashed.collateral,
            at,
        }
    );
    Ok(())
}
