use {crate::*, anchor_spl::token::TokenAccount};

#[event_cpi]
#[derive(Accounts)]
pub struct AppealSlash {
    #[account(address = actor.authority @ StakingError::NotAuthority)]
    pub authority: Signer,
    #[account(seeds = [b"registry"], bump)]
    pub registry: Account<Registry>,
    #[account(address = slash.actor @ StakingError::ActorMismatch)]
    pub actor: Account<Actor>,
    #[account(mut)]
    pub slash: Account<Slash>,
    #[account(mut, seeds = [b"vault"], bump)]
    pub vault: Account<TokenAccount>,
    /// The token program checks that the authority may spend it; the mint is the vault's.
    #[account(mut)]
    pub source: Account<TokenAccount>,
    pub token_program: Program<Token>,
}

pub fn handler(ctx: &mut Context<AppealSlash>) -> Result<()> {
    let at = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    accounts.slash.require_running(Slash::PROPOSED, at)?;
    let parameters = accounts.registry.parameters(at);
    let bond = parameters.appeal_bond;
    let deadline = at
        .checked_add(parameters.decision_seconds.into())
        .ok_or(StakingError::Overflow)?;

    common::token::transfer(
        accounts.source.cpi_handle_mut(),
        accounts.vault.cpi_handle_mut(),
        accounts.authority.cpi_handle(),
        bond,
        &[],
    );
    let slash = &mut accounts.slash;
    slash.bond = bond.into();
    slash.deadline = deadline.into();
    slash.state = Slash::APPEALED;

    emit!(
        ctx,
        SlashAppealed {
            actor: *ctx.accounts.actor.address(),
            slash: *ctx.accounts.slash.address(),
            owner: *ctx.accounts.authority.address(),
            bond,
            deadline,
            at,
        }
    );
    Ok(())
}
