use {
    crate::{
        emission::{Earner, Rates},
        staking::Actor,
        *,
    },
    anchor_lang::{
        cpi::InstructionAccount, unchecked_invoke_signed_fixed, AccountView, AnchorAccount, Space,
    },
    anchor_spl::token::{self, TokenAccount},
    common::change::in_force,
    economics::settlement::{settle, user_coupons, SettleInput},
};

#[event_cpi]
#[derive(Accounts)]
pub struct SettleJob {
    /// The only account of its type. Signs for coupons.
    pub terms: Account<Terms>,
    #[account(mut, constraint = job.is_payable() @ EscrowError::WrongState)]
    pub job: Account<Job>,
    #[account(mut, seeds = [Job::VAULT_SEED, job.address().as_ref()], bump = job.vault_bump)]
    pub vault: Account<TokenAccount>,
    #[account(address = job.node @ EscrowError::JobMismatch)]
    pub node: Account<Actor>,
    /// Any dollar account of the node's authority. It may be the affiliate's: `dup` is safe because
    /// the token program alone writes either.
    #[account(mut, unsafe(dup), token::mint = terms.usd_mint, token::authority = node.authority)]
    pub node_usd: Account<TokenAccount>,
    /// CHECK: exactly the one of the terms, which is a token account of dollars.
    #[account(mut, address = terms.burn_vault)]
    pub burn_vault: UncheckedAccount,
    /// CHECK: as the burn vault.
    #[account(mut, address = terms.incentives)]
    pub incentives: UncheckedAccount,
    /// CHECK: exactly the job's; paid where it is a token account of dollars. Needed where the job
    /// has one. It may be the node's: `dup` is safe as above.
    #[account(mut, unsafe(dup), address = job.affiliate_usd @ EscrowError::JobMismatch)]
    pub affiliate_usd: Option<UncheckedAccount>,
    /// CHECK: by `emission`, which writes it.
    #[account(mut)]
    pub emission: UncheckedAccount,
    #[account(mut, constraint = earner.actor == job.node @ EscrowError::JobMismatch)]
    pub earner: Account<Earner>,
    /// Checked by `emission`, which reads it.
    pub rates: Account<Rates>,
    /// The user's, with its page. Needed where the user takes locked IO.
    #[account(mut, constraint = user_earner.actor == job.user @ EscrowError::JobMismatch)]
    pub user_earner: Option<Account<Earner>>,
    pub user_rates: Option<Account<Rates>>,
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
    let from_second = job.settled_seconds.get();
    let payable = job.payable_seconds(at, parameters)?;
    let to_second = seconds(payable)?;
    let gross = job.due(payable)?;
    let period = job.period.get();
    let paid = settle(SettleInput {
        gross,
        fee_bp: parameters.fee_bp,
        affiliate_bp: if job.affiliate_usd == Address::default() {
            0
        } else {
            parameters.affiliate_bp
        },
        fee_burn_bp: parameters.fee_burn_bp,
        dollar_share_bp: dollar_share_bp(&accounts.node, at),
        max_bonus_bp: parameters.max_bonus_bp,
    })
    .map_err(EscrowError::from)?;
    let coupons_user = if job.benefit == Job::LOCKED_IO {
        user_coupons(gross, job.discount_bp.get()).map_err(EscrowError::from)?
    } else {
        0
    };
    // Parts of `gross`: no sum of them overflows.
    let to_burn = paid.burn + paid.fee_burn;
    let (mut fee_affiliate, mut fee_incentives) = (paid.fee_affiliate, paid.fee_incentives);

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
    if fee_affiliate > 0 {
        let affiliate_usd = accounts
            .affiliate_usd
            .as_mut()
            .ok_or(EscrowError::AffiliateMissing)?;
        let destination = if affiliate_usd.address() == accounts.node_usd.address() {
            Some(accounts.node_usd.cpi_handle_mut())
        } else if takes_dollars(affiliate_usd.account(), &accounts.terms.usd_mint) {
            Some(affiliate_usd.cpi_handle_mut())
        } else {
            None
        };
        if let Some(destination) = destination {
            common::token::transfer(
                accounts.vault.cpi_handle_mut(),
                destination,
                accounts.job.cpi_handle(),
                fee_affiliate,
                &[job_seeds],
            );
        } else {
            // Nobody stops a settlement by closing an account.
            fee_incentives += fee_affiliate;
            fee_affiliate = 0;
        }
    }
    for (destination, amount) in [
        (accounts.node_usd.cpi_handle_mut(), paid.dollars),
        (accounts.burn_vault.cpi_handle_mut(), to_burn),
        (accounts.incentives.cpi_handle_mut(), fee_incentives),
    ] {
        if amount > 0 {
            common::token::transfer(
                accounts.vault.cpi_handle_mut(),
                destination,
                accounts.job.cpi_handle(),
                amount,
                &[job_seeds],
            );
        }
    }
    // Under its collateral a node earns no IO; the dollars for its work are its own.
    let mut coupons = (0, 0);
    if accounts.node.collateral >= accounts.node.collateral_required {
        coupons = (paid.coupons_base, paid.coupons_bonus);
    }
    if coupons != (0, 0) || coupons_user > 0 {
        credit_coupons(accounts, coupons.0, coupons.1, coupons_user)?;
    }

    emit!(
        ctx,
        JobSettled {
            job: *ctx.accounts.job.address(),
            node: *ctx.accounts.node.address(),
            gross,
            dollars: paid.dollars,
            burn: paid.burn,
            fee_affiliate,
            fee_burn: paid.fee_burn,
            fee_incentives,
            coupons_base: coupons.0,
            coupons_bonus: coupons.1,
            coupons_user,
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
/// A fixed-account CPI: the generated `emission::cpi` builds the call on the heap and looks at every
/// account again, which costs 8,000 compute units more.
fn credit_coupons(accounts: &mut SettleJob, base: u64, bonus: u64, user_bonus: u64) -> Result<()> {
    let seeds: &[&[u8]] = &[Terms::SEED, &[accounts.terms.bump]];
    let authority = accounts.terms.cpi_handle().as_signer();
    let emission = CpiHandle::from(accounts.emission.cpi_handle_mut());
    let earner = CpiHandle::from(accounts.earner.cpi_handle_mut());
    let rates = accounts.rates.cpi_handle();
    let event_authority = accounts.emission_event_authority.cpi_handle();
    let program = accounts.emission_program.cpi_handle();
    // An absent optional account is the program's own address.
    let mut user = [program, program];
    let mut user_meta = InstructionAccount::readonly(program.address());
    if user_bonus > 0 {
        let (Some(earner), Some(rates)) = (&mut accounts.user_earner, &accounts.user_rates) else {
            return Err(EscrowError::UserEarnerMissing.into());
        };
        let earner = CpiHandle::from(earner.cpi_handle_mut());
        user_meta = InstructionAccount::writable(earner.address());
        user = [earner, rates.cpi_handle()];
    }
    unchecked_invoke_signed_fixed(
        accounts.emission_program.address(),
        &emission::instruction::CreditCoupons {
            base,
            bonus,
            user_bonus,
        }
        .data(),
        &[
            InstructionAccount::readonly_signer(authority.address()),
            InstructionAccount::writable(emission.address()),
            InstructionAccount::writable(earner.address()),
            InstructionAccount::readonly(rates.address()),
            user_meta,
            InstructionAccount::readonly(user[1].address()),
            InstructionAccount::readonly(event_authority.address()),
            InstructionAccount::readonly(program.address()),
        ],
        &[
            authority,
            emission,
            earner,
            rates,
            user[0],
            user[1],
            event_authority,
            program,
        ],
        &[seeds],
    );
    Ok(())
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

/// Whether a token account of the mint is there, and not frozen. Read as bytes: one that is not
/// there must not be an error.
fn takes_dollars(view: &AccountView, usd_mint: &Address) -> bool {
    const STATE: usize = 108;
    const INITIALIZED: u8 = 1;
    let Ok(data) = view.try_borrow() else {
        return false;
    };
    view.owned_by(&Token::id())
        && data.len() == TokenAccount::INIT_SPACE
        && data.get(..32) == Some(usd_mint.as_ref())
        && data.get(STATE) == Some(&INITIALIZED)
}
