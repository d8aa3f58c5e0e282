use crate::*;

#[event_cpi]
#[derive(Accounts)]
pub struct CreditCoupons {
    #[account(address = emission.coupon_authority @ EmissionError::NotCouponAuthority)]
    pub coupon_authority: Signer,
    #[account(mut, seeds = [Emission::SEED], bump = emission.bump)]
    pub emission: Account<Emission>,
    /// Whom to credit is the coupon authority's to say.
    #[account(mut)]
    pub earner: Account<Earner>,
    /// The page of the epoch whose coupons the earner still holds; any page where it holds none.
    pub rates: Account<Rates>,
}

pub fn handler(ctx: &mut Context<CreditCoupons>, base: u64, bonus: u64) -> Result<()> {
    let emission = &mut ctx.accounts.emission;
    let earner = &mut ctx.accounts.earner;
    earner.accrue_coupons(emission, &ctx.accounts.rates)?;

    let epoch = emission.open_epoch();
    let total_coupons = base
        .checked_add(bonus)
        .and_then(|coupons| coupons.checked_add(emission.total_coupons.get()))
        .ok_or(EmissionError::Overflow)?;
    // Neither can overflow where the total did not.
    earner.coupons_base += base;
    earner.coupons_bonus += bonus;
    earner.coupon_epoch = epoch;
    emission.total_coupons = total_coupons.into();

    emit!(
        ctx,
        CouponsCredited {
            actor: ctx.accounts.earner.actor,
            base,
            bonus,
            total_coupons,
            epoch,
        }
    );
    Ok(())
}
