use {
    crate::{oracle::Committee, staking::Actor, *},
    anchor_spl::token::{self, TokenAccount},
    economics::settlement::dispute_bond,
};

#[event_cpi]
#[derive(Accounts)]
pub struct ResolveDispute {
    /// The only account of its type: the oracle creates it once, at one address.
    pub committee: Account<Committee>,
    /// The only account of its type.
    pub terms: Account<Terms>,
    #[account(mut, constraint = job.state == Job::DISPUTED @ EscrowError::WrongState)]
    pub job: Account<Job>,
    #[account(mut, seeds = [Job::VAULT_SEED, job.address().as_ref()], bump = job.vault_bump)]
    pub vault: Account<TokenAccount>,
    #[account(address = job.node @ EscrowError::JobMismatch)]
    pub node: Account<Actor>,
    /// Any dollar account of the node's authority.
    #[account(mut, token::mint = terms.usd_mint, token::authority = node.authority)]
    pub node_usd: Account<TokenAccount>,
    pub token_program: Program<Token>,
}

pub fn handler(ctx: &mut Context<ResolveDispute>, accepted_seconds: u32) -> Result<()> {
    let at = Clock::get()?.unix_timestamp;
    let remaining = ctx.remaining_accounts()?;
    let accounts = &mut ctx.accounts;
    let (_, majority) = common::quorum!(accounts.committee, at, &remaining);
    require!(majority, EscrowError::NoQuorum);
    let job = &mut accounts.job;
    let (settled_seconds, worked_seconds) =
        (job.settled_seconds.get(), seconds(job.worked_seconds())?);
    require!(
        (settled_seconds..=worked_seconds).contains(&accepted_seconds),
        EscrowError::AcceptedOutOfRange
    );

    let bond = job.bond.get();
    let bond_node = dispute_bond(
        bond,
        (worked_seconds - settled_seconds).into(),
        (accepted_seconds - settled_seconds).into(),
    );
    let bond_user = bond.checked_sub(bond_node).ok_or(EscrowError::Overflow)?;
    job.bond = bond_user.into();
    job.stop(Job::RESOLVED, accepted_seconds.into());

    let id = accounts.job.id.get().to_le_bytes();
    let bump = [accounts.job.bump];
    let seeds: &[&[u8]] = &[Job::SEED, accounts.job.user.as_ref(), &id, &bump];
    common::token::transfer(
        accounts.vault.cpi_handle_mut(),
        accounts.node_usd.cpi_handle_mut(),
        accounts.job.cpi_handle(),
        bond_node,
        &[seeds],
    );

    emit!(
        ctx,
        DisputeResolved {
            job: *ctx.accounts.job.address(),
            node: ctx.accounts.job.node,
            bond_node,
            bond_user,
            at,
            settled_seconds,
            worked_seconds,
            accepted_seconds,
        }
    );
    Ok(())
}
