use crate::{oracle::Committee, *};

#[event_cpi]
#[derive(Accounts)]
#[instruction(symbol: [u8; 16])]
pub struct AddClass {
    #[account(mut, address = committee.admin @ StakingError::NotAdmin)]
    pub admin: Signer,
    pub committee: Account<Committee>,
    #[account(init, payer = admin, seeds = [Class::SEED, symbol.as_ref()], bump)]
    pub class: Account<Class>,
    pub system_program: Program<System>,
}

pub fn handler(ctx: &mut Context<AddClass>, symbol: [u8; 16], multiplier_bp: u32) -> Result<()> {
    require!(
        common::symbol::is_valid(&symbol),
        StakingError::SymbolInvalid
    );
    require!(multiplier_bp > 0, StakingError::MultiplierZero);
    let class = &mut ctx.accounts.class;
    class.symbol = symbol;
    class.multiplier_bp = multiplier_bp.into();
    class.bump = ctx.bumps.class;

    emit!(
        ctx,
        ClassAdded {
            symbol,
            multiplier_bp,
        }
    );
    Ok(())
}
