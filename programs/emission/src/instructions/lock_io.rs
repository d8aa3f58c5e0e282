use {
    crate::{oracle::Committee, *},
    anchor_spl::token::{self, TokenAccount},
};

#[event_cpi]
#[derive(Accounts)]
#[instruction(id: u64)]
pub struct LockIo {
    /// Pays the rent too, which goes to the beneficiary in the end. `dup` is safe: it may be that itself,
    /// and neither is read or written as data.
    #[account(mut, unsafe(dup))]
    pub depositor: Signer,
    /// The only account of its type: the oracle creates it once, at one address.
    #[account(constraint = committee.paused & common::pause::EMISSION == 0 @ EmissionError::Paused)]
    pub committee: Account<Committee>,
    #[account(mut, seeds = [Emission::SEED], bump = emission.bump)]
    pub emission: Account<Emission>,
    /// CHECK: whoever the depositor names, itself as well; only its address is kept.
    pub beneficiary: UncheckedAccount,
    #[account(
        init,
        payer = depositor,
        seeds = [
            Vesting::SEED,
            depositor.address().as_ref(),
            beneficiary.address().as_ref(),
            &id.to_le_bytes()
        ],
        bump
    )]
    pub vesting: Account<Vesting>,
    /// The token program checks that the depositor may spend it.
    #[account(mut, token::mint = emission.io_mint)]
    pub source: Account<TokenAccount>,
    #[account(mut, address = emission.locked_vault)]
    pub locked_vault: Account<TokenAccount>,
    pub token_program: Program<Token>,
    pub system_program: Program<System>,
}

pub fn handler(
    ctx: &mut Context<LockIo>,
    id: u64,
    amount: u64,
    start: i64,
    end: i64,
    step_seconds: u32,
) -> Result<()> {
    require!(amount > 0, EmissionError::AmountZero);
    Vesting::validate_times(start, end, step_seconds)?;
    let accounts = &mut ctx.accounts;
    let emission = &mut accounts.emission;
    emission.locked_io = emission
        .locked_io
        .get()
        .checked_add(amount)
        .ok_or(EmissionError::Overflow)?
        .into();
    common::token::transfer(
        accounts.source.cpi_handle_mut(),
        accounts.locked_vault.cpi_handle_mut(),
        accounts.depositor.cpi_handle(),
        amount,
        &[],
    );
    let vesting = &mut accounts.vesting;
    vesting.beneficiary = *accounts.beneficiary.address();
    vesting.total = amount.into();
    vesting.start = start.into();
    vesting.end = end.into();
    vesting.step_seconds = step_seconds.into();
    vesting.funded = 1;
    vesting.bump = ctx.bumps.vesting;

    emit!(
        ctx,
        IoLocked {
            vesting: *ctx.accounts.vesting.address(),
            depositor: *ctx.accounts.depositor.address(),
            beneficiary: *ctx.accounts.beneficiary.address(),
            id,
            amount,
            start,
            end,
            step_seconds,
        }
    );
    Ok(())
}
