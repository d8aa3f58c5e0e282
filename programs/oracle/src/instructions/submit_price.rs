use {
    crate::*,
    economics::{
        median::{lower_median, sort},
        split::bps_floor,
    },
};

#[event_cpi]
#[derive(Accounts)]
pub struct SubmitPrice {
    pub member: Signer,
    #[account(
        seeds = [b"committee"],
        bump,
        constraint = committee.paused & common::pause::ORACLE == 0 @ OracleError::Paused
    )]
    pub committee: Account<Committee>,
    /// Any feed: `create_feed` makes one for each symbol, and nothing else has this type.
    #[account(mut)]
    pub feed: Account<Feed>,
}

pub fn handler(ctx: &mut Context<SubmitPrice>, price_nano_usd: u64) -> Result<()> {
    require!(price_nano_usd > 0, OracleError::PriceZero);
    let now = Clock::get()?.unix_timestamp;
    let committee = &ctx.accounts.committee;
    let feed = &mut ctx.accounts.feed;

    let place = committee.index_of(ctx.accounts.member.address(), now)?;
    let rotation = committee.rotation(now);
    if feed.rotation != rotation {
        // Places belong to other members now; what the last majority said counts to its end.
        feed.submitted_nano_usd = [0.into(); Committee::MAX_MEMBERS];
        feed.rotation = rotation.into();
    }
    feed.submitted_nano_usd[place] = price_nano_usd.into();
    feed.submitted_at[place] = now.into();
    if let Some((price, valid_until)) = majority_price(committee, feed, now)? {
        feed.price_nano_usd = price.into();
        feed.valid_until = valid_until.into();
    }

    emit!(
        ctx,
        PriceSubmitted {
            symbol: ctx.accounts.feed.symbol,
            member: *ctx.accounts.member.address(),
            submitted_nano_usd: price_nano_usd,
            price_nano_usd: ctx.accounts.feed.price_nano_usd.get(),
            valid_until: ctx.accounts.feed.valid_until.get(),
            at: now,
        }
    );
    Ok(())
}

/// The lower median of the fresh submissions, at most `max_change_bp` from where the price stood a
/// step ago, and the last second at which a strict majority of them is still fresh. `None` where none is.
fn majority_price(committee: &Committee, feed: &mut Feed, now: i64) -> Result<Option<(u64, i64)>> {
    let parameters = committee.parameters(now);
    let freshness = i64::from(parameters.freshness_seconds);
    let members = committee.members(now).len();
    let majority = members / 2 + 1;
    let mut prices = [0u64; Committee::MAX_MEMBERS];
    // Ages rather than times: all are between 0 and `freshness`, so they sort as unsigned.
    let mut ages = [0u64; Committee::MAX_MEMBERS];
    let mut fresh = 0;
    for place in 0..members {
        let price = feed.submitted_nano_usd[place].get();
        let age = now.saturating_sub(feed.submitted_at[place].get());
        if price > 0 && (0..=freshness).contains(&age) {
            prices[fresh] = price;
            ages[fresh] = age as u64;
            fresh += 1;
        }
    }
    if fresh < majority {
        return Ok(None);
    }

    let median = lower_median(&mut prices[..fresh]).ok_or(OracleError::Overflow)?;
    let ages = &mut ages[..fresh];
    sort(ages);
    let oldest_needed = ages[majority - 1] as i64;

    if now.saturating_sub(feed.step_at.get()) >= Feed::STEP_SECONDS {
        feed.step_nano_usd = feed.price_nano_usd;
        feed.step_at = now.into();
    }
    let from = feed.step_nano_usd.get();
    let price = if from == 0 {
        feed.step_nano_usd = median.into();
        median
    } else {
        // Rounded down: the bound is never exceeded. At least 1, or a tiny price could not move.
        let step = bps_floor(from, parameters.max_change_bp as u16) // at most 10,000
            .map_err(|_| OracleError::Overflow)?
            .max(1);
        median.clamp(from.saturating_sub(step).max(1), from.saturating_add(step))
    };
    Ok(Some((price, now - oldest_needed + freshness)))
}
