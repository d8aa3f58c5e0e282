use {crate::*, economics::schedule};

#[derive(Accounts)]
#[instruction(page: u32)]
pub struct OpenRates {
    #[account(mut)]
    pub payer: Signer,
    #[account(init, payer = payer, seeds = [Rates::SEED, &page.to_le_bytes()], bump)]
    pub rates: Account<Rates>,
    pub system_program: Program<System>,
}

pub fn handler(ctx: &mut Context<OpenRates>, page: u32) -> Result<()> {
    require!(
        page <= Rates::page_of(schedule::LAST_EPOCH),
        EmissionError::EpochOutOfRange
    );
    let rates = &mut ctx.accounts.rates;
    rates.page = page.into();
    rates.bump = ctx.bumps.rates;
    Ok(())
}
