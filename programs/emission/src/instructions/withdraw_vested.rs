use {
    crate::*,
    anchor_lang::address_eq,
    anchor_spl::{
        mint::Mint,
        token::{self, TokenAccount},
    },
    economics::vesting::vested,
};

#[event_cpi]
#[derive(Accounts)]
pub struct WithdrawVested {
    /// CHECK: gets the rent of a vesting account that is paid out.
    #[account(mut, address = vesting.beneficiary @ EmissionError::WrongOwner)]
    pub beneficiary: UncheckedAccount,
    #[account(mut)]
    pub vesting: Account<Vesting>,
    #[account(mut, seeds = [Emission::SEED], bump = emission.bump)]
    pub emission: Account<Emission>,
    #[account(mut, address = emission.io_mint)]
    pub io_mint: Account<Mint>,
    #[account(mut, address = emission.locked_vault)]
    pub locked_vault: Account<TokenAccount>,
    /// Any IO account of the beneficiary's.
    #[account(
        mut,
        token::mint = emission.io_mint,
        constraint = address_eq(destination.owner(), &vesting.beneficiary) @ EmissionError::WrongOwner
    )]
    pub destination: Account<TokenAccount>,
    pub token_program: Program<Token>,
}

pub fn handler(ctx: &mut Context<WithdrawVested>) -> Result<()> {
    let at = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let (vesting, emission) = (&mut accounts.vesting, &mut accounts.emission);
    let total = vesting.total.get();
    let withdrawn = vested(
        total,
        vesting.start.get(),
        vesting.end.get(),
        vesting.step_seconds.get(),
        at,
    )
    .map_err(EmissionError::from)?;
    let amount = withdrawn.saturating_sub(vesting.withdrawn.get());
    require!(amount > 0, EmissionError::NothingToClaim);
    vesting.withdrawn = withdrawn.into();

    let funded = vesting.funded;
    let bump = [emission.bump];
    let seeds: &[&[u8]] = &[Emission::SEED, &bump];
    if funded == 1 {
        emission.locked_io = emission
            .locked_io
            .get()
            .checked_sub(amount)
            .ok_or(EmissionError::Overflow)?
            .into();
        common::token::transfer(
            accounts.locked_vault.cpi_handle_mut(),
            accounts.destination.cpi_handle_mut(),
            accounts.emission.cpi_handle(),
            amount,
            &[seeds],
        );
    } else {
        emission.count_minted(amount)?;
        common::token::mint_to(
            accounts.io_mint.cpi_handle_mut(),
            accounts.destination.cpi_handle_mut(),
            accounts.emission.cpi_handle(),
            amount,
            &[seeds],
        );
    }
    emit!(
        ctx,
        VestedWithdrawn {
            vesting: *ctx.accounts.vesting.address(),
            beneficiary: *ctx.accounts.beneficiary.address(),
            amount,
            withdrawn,
            funded,
            at,
        }
    );
    if withdrawn == total {
        let beneficiary = *ctx.accounts.beneficiary.account();
        ctx.accounts.vesting.close(beneficiary)?;
    }
    Ok(())
}
