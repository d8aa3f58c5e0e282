use {
    crate::{
        emission::{Earner, Emission, Rates},
        staking::Actor,
        *,
    },
    anchor_lang::{cpi::InstructionAccount, unchecked_invoke_signed_fixed},
    anchor_spl::token::{self, TokenAccount},
    common::change::in_force,
    economics::settlement::{settle, SettleInput},
};

#[event_cpi]
#[derive(Accounts)]
pub struct SettleJob {
    /// Signs for coupons.
    #[account(seeds = [Terms::SEED], bump = terms.bump)]
    pub terms: Account<Terms>,
    #[account(mut, constraint = job.state == Job::RUNNING @ EscrowError::WrongState)]
    pub job: Account<Job>,
    #[account(mut, seeds = [Job::VAULT_SEED, job.address().as_ref()], bump = job.vault_bump)]
    pub vault: Account<TokenAccount>,
    #[account(address = job.node @ EscrowError::JobMismatch)]
    pub node: Account<Actor>,
    /// Any dollar account of the node's authority.
    #[account(mut, token::mint = terms.usd_mint, token::authority = node.authority)]
    pub node_usd: Account<TokenAccount>,
    #[account(mut, address = terms.burn_vault)]
    pub burn_vault: Account<TokenAccount>,
    #[account(mut, address = terms.incentives)]
    pub incentives: Account<TokenAccount>,
    #[account(mut)]
    pub emission: Account<Emission>,
    #[account(mut, constraint = earner.actor == job.node @ EscrowError::JobMismatch)]
    pub earner: Account<Earner>,
    /// Checked by `emission`, which reads it.
    pub rates: Account<Rates>,
    /// CHECK: the emission program's own event authority; it checks it.
    pub emission_event_authority: UncheckedAccount,
    pub emission_program: Program<emission::program::Emission>,
    pub token_program: Program<Token>,
}

pub fn handler(ctx: &mut Context<SettleJob>) -> Result<()> {
    let at = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let job = &mut accounts.job;
    let parameters = accounts.terms.parameters(at);
    let worked = job.worked_seconds();
    let from_second = job.settled_seconds.get();
    require!(
        worked > u64::from(from_second),
        EscrowError::NothingToSettle
    );
    require!(
        worked >= u64::from(parameters.min_work_seconds),
        EscrowError::BelowMinimumWork
    );
    let to_second = u32::try_from(worked).map_err(|_| EscrowError::Overflow)?;
    let gross = job.due(worked)?;
    let period = job.period.get();
    let paid = settle(SettleInput {
        gross,
        fee_bp: parameters.fee_bp,
        affiliate_bp: 0,
        fee_burn_bp: parameters.fee_burn_bp,
        dollar_share_bp: dollar_share_bp(&accounts.node, at),
        max_bonus_bp: parameters.max_bonus_bp,
    })
    .map_err(EscrowError::from)?;
    let to_burn = paid
        .burn
        .checked_add(paid.fee_burn)
        .ok_or(EscrowError::Overflow)?;

    job.settled_usd = job
        .settled_usd
        .get()
        .checked_add(gross)
        .ok_or(EscrowError::Overflow)?
        .into();
    job.settled_seconds = to_second.into();
    job.period = (period + 1).into();

    let job_seeds: &[&[u8]] = &[
        Job::SEED,
        accounts.job.user.as_ref(),
        &accounts.job.id.get().to_le_bytes(),
        &[accounts.job.bump],
    ];
    for (destination, amount) in [
        (&mut accounts.node_usd, paid.dollars),
        (&mut accounts.burn_vault, to_burn),
        (&mut accounts.incentives, paid.fee_incentives),
    ] {
        common::token::transfer(
            accounts.vault.cpi_handle_mut(),
            destination.cpi_handle_mut(),
            accounts.job.cpi_handle(),
            amount,
            &[job_seeds],
        );
    }
    // Under its collateral a node earns no IO; the dollars for its work are its own.
    let mut coupons = (0, 0);
    if accounts.node.collateral >= accounts.node.collateral_required {
        coupons = (paid.coupons_base, paid.coupons_bonus);
        credit_coupons(accounts, coupons.0, coupons.1);
    }

    emit!(
        ctx,
        JobSettled {
            job: *ctx.accounts.job.address(),
            node: *ctx.accounts.node.address(),
            gross,
            dollars: paid.dollars,
            burn: paid.burn,
            fee_burn: paid.fee_burn,
            fee_incentives: paid.fee_incentives,
            coupons_base: coupons.0,
            coupons_bonus: coupons.1,
            at,
            from_second,
            to_second,
            period,
        }
    );
    Ok(())
}

/// `emission::credit_coupons`, signed by the terms' address.
///
/// As a fixed-account CPI: the generated `emission::cpi` builds the call on the heap and looks at
/// every account again, which costs 8,000 compute units more.
fn credit_coupons(accounts: &mut SettleJob, base: u64, bonus: u64) {
    let seeds: &[&[u8]] = &[Terms::SEED, &[accounts.terms.bump]];
    let authority = accounts.terms.cpi_handle().as_signer();
    let emission = CpiHandle::from(accounts.emission.cpi_handle_mut());
    let earner = CpiHandle::from(accounts.earner.cpi_handle_mut());
    let rates = accounts.rates.cpi_handle();
    let event_authority = accounts.emission_event_authority.cpi_handle();
    let program = accounts.emission_program.cpi_handle();
    unchecked_invoke_signed_fixed(
        accounts.emission_program.address(),
        &emission::instruction::CreditCoupons { base, bonus }.data(),
        &[
            InstructionAccount::readonly_signer(authority.address()),
            InstructionAccount::writable(emission.address()),
            InstructionAccount::writable(earner.address()),
            InstructionAccount::readonly(rates.address()),
            InstructionAccount::readonly(event_authority.address()),
            InstructionAccount::readonly(program.address()),
        ],
        &[authority, emission, earner, rates, event_authority, program],
        &[seeds],
    );
}

/// The part of its pay that the node takes in dollars, as it counts at `now`.
fn dollar_share_bp(node: &Actor, now: i64) -> u16 {
    in_force(
        node.election.dollar_share_bp,
        node.next_election.dollar_share_bp,
        node.next_election_at,
        now,
    )
}
