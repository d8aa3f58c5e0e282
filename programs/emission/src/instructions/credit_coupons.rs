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
    /// Who rented, with its page in the same way. Needed where it is credited too.
    #[account(mut)]
    pub user_earner: Option<Account<Earner>>,
    pub user_rates: Option<Account<Rates>>,
}

pub fn handler(
    ctx: &mut Context<CreditCoupons>,
    base: u64,
    bonus: u64,
    user_bonus: u64,
) -> Result<()> {
    let accounts = &mut ctx.accounts;
    let emission = &mut accounts.emission;
    let node = credit(emission, &mut accounts.earner, &accounts.rates, base, bonus)?;
    let mut user = None;
    if user_bonus > 0 {
        let (Some(earner), Some(rates)) = (&mut accounts.user_earner, &accounts.user_rates) else {
            return Err(EmissionError::UserEarnerMissing.into());
        };
        user = Some(credit(emission, earner, rates, 0, user_bonus)?);
    }
    if base > 0 || bonus > 0 {
        emit_credited(ctx, node);
    }
    if let Some(user) = user {
        emit_credited(ctx, user);
    }
    Ok(())
}

fn credit(
    emission: &mut Emission,
    earner: &mut Earner,
    rates: &Rates,
    base: u64,
    bonus: u64,
) -> Result<CouponsCredited> {
    earner.accrue_coupons(emission, rates)?;
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
    Ok(CouponsCredited {
        actor: earner.actor,
        base,
        bonus,
        total_coupons,
        epoch,
    })
}

fn emit_credited(ctx: &Context<CreditCoupons>, credited: CouponsCredited) {
    let CouponsCredited {
        actor,
        base,
        bonus,
        total_coupons,
        epoch,
    } = credited;
    emit!(
        ctx,
        CouponsCredited {
            actor,
            base,
            bonus,
            total_coupons,
            epoch,
        }
    );
}
