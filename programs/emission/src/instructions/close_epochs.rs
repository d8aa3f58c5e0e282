use {
    crate::{oracle::Committee, *},
    economics::{
        accumulator::{distribute, DistributeInput},
        split,
    },
};

#[event_cpi]
#[derive(Accounts)]
pub struct CloseEpochs {
    /// The only account of its type: the oracle creates it once, at one address.
    #[account(constraint = committee.paused & common::pause::EMISSION == 0 @ EmissionError::Paused)]
    pub committee: Account<Committee>,
    #[account(mut, seeds = [Emission::SEED], bump = emission.bump)]
    pub emission: Account<Emission>,
    /// The page of the first epoch to be closed.
    #[account(
        mut,
        constraint = rates.page.get() == Rates::page_of(emission.open_epoch()) @ EmissionError::RatesPageMismatch
    )]
    pub rates: Account<Rates>,
}

pub fn handler(ctx: &mut Context<CloseEpochs>, through: u32) -> Result<()> {
    let at = Clock::get()?.unix_timestamp;
    let emission = &mut ctx.accounts.emission;
    let closed = emission.closed_epoch.get();
    require!(through > closed, EmissionError::AlreadyClosed);
    require!(
        through == emission.final_epoch.get(),
        EmissionError::ScoresNotFinal
    );

    let first = emission.open_epoch();
    let total_points = emission.total_points.get();
    let total_coupons = emission.total_coupons.get();
    // Each epoch by the parameter of its time, however late it is closed.
    let halves = split::halves_since(
        emission.emitted.get(),
        closed,
        through,
        emission.parameters.availability_bp,
        emission.next_parameters_epoch()?,
        emission.next_parameters.availability_bp,
    )
    .map_err(EmissionError::from)?;
    let availability = distribute(DistributeInput {
        amount: halves.availability,
        carry_q64: emission.carry_availability.get(),
        total: total_points,
    })
    .map_err(EmissionError::from)?;
    let compute = distribute(DistributeInput {
        amount: halves.compute,
        carry_q64: emission.carry_compute.get(),
        total: total_coupons,
    })
    .map_err(EmissionError::from)?;

    emission.per_point = emission
        .per_point
        .get()
        .checked_add(availability.per_unit_q64)
        .ok_or(EmissionError::Overflow)?
        .into();
    emission.carry_availability = availability.carry_q64.into();
    emission.carry_compute = compute.carry_q64.into();
    emission.total_coupons = 0.into();
    emission.closed_epoch = through.into();
    // M(closed) + (M(through) - M(closed)): the cap, and no more.
    let emitted = halves.availability.saturating_add(halves.compute);
    emission.emitted = emission.emitted.get().saturating_add(emitted).into();
    ctx.accounts.rates.per_coupon[(first % Rates::EPOCHS) as usize] = compute.per_unit_q64.into();

    emit!(
        ctx,
        EpochsClosed {
            first,
            last: through,
            availability: halves.availability,
            compute: halves.compute,
            total_points,
            total_coupons,
            per_point_q64: availability.per_unit_q64,
            per_coupon_q64: compute.per_unit_q64,
            carry_availability_q64: availability.carry_q64,
            carry_compute_q64: compute.carry_q64,
            at,
        }
    );
    Ok(())
}
