use {
    crate::*,
    anchor_spl::{
        mint::Mint,
        token::{self, TokenAccount},
    },
    economics::vesting::vested,
};

#[event_cpi]
#[derive(Accounts)]
pub struct WithdrawVested {
    #[account(mut, address = vesting.beneficiary @ EmissionError::NotAuthority)]
    pub beneficiary: Signer,
    #[account(mut)]
    pub vesting: Account<Vesting>,
    #[account(mut, seeds = [Emission::SEED], bump = emission.bump)]
    pub emission: Account<Emission>,
    #[account(mut, address = emission.io_mint)]
    pub io_mint: Account<Mint>,
    /// Where the beneficiary wants it: the beneficiary signs.
    #[account(mut, token::mint = emission.io_mint)]
    pub destination: Account<TokenAccount>,
    pub token_program: Program<Token>,
}

pub fn handler(ctx: &mut Context<WithdrawVested>) -> Result<()> {
    let at = Clock::get()?.unix_timestamp;
    let accounts = &mut ctx.accounts;
    let vesting = &mut accounts.vesting;
    let total = vesting.total.get();
    let vested = vested(total, vesting.start.get(), vesting.end.get(), 1, at)
        .map_err(EmissionError::from)?;
    let amount = vested.saturating_sub(vesting.withdrawn.get());
    require!(amount > 0, EmissionError::NothingToClaim);
    vesting.withdrawn = vested.into();
    accounts.emission.count_minted(amount)?;

    let seeds: &[&[u8]] = &[Emission::SEED, &[accounts.emission.bump]];
    common::token::mint_to(
        accounts.io_mint.cpi_handle_mut(),
        accounts.destination.cpi_handle_mut(),
        accounts.emission.cpi_handle(),
        amount,
        &[seeds],
    );
    emit!(
        ctx,
        VestedWithdrawn {
            vesting: *ctx.accounts.vesting.address(),
            beneficiary: *ctx.accounts.beneficiary.address(),
            amount,
            withdrawn: vested,
            at,
        }
    );
    if vested == total {
        let beneficiary = *ctx.accounts.beneficiary.account();
        ctx.accounts.vesting.close(beneficiary)?;
    }
    Ok(())
}
