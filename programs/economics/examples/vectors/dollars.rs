//! Rows of settlements, quotes and the auction.

use crate::inputs::{Lcg, RATES, SIZES};
use crate::rows::{ok, result, Rows};
use economics::*;
use serde_json::{json, Value};

pub fn settlement() -> Value {
    let mut lcg = Lcg(3);
    let mut work: Vec<(u64, u64)> = Vec::new();
    for rate in [0, 1, 3_599, 3_600, 2_500_000, u64::MAX] {
        work.extend([0, 1, 59, 3_599, 3_600, 3_601, u64::MAX].map(|seconds| (rate, seconds)));
    }
    work.extend((0..100).map(|_| (lcg.sized(), lcg.sized())));
    let earnings: Rows = work
        .into_iter()
        .map(|(rate, seconds)| {
            let input = json!({"rate_per_hour": rate, "seconds": seconds});
            result(input, earned(rate, seconds), Value::from)
        })
        .collect();

    let mut inputs: Vec<(u64, u16, u16, u16, u16, u16)> = Vec::new();
    for gross in SIZES {
        for share in [0, 2_999, 3_000, 3_001, 6_000, 8_999, 9_000, 9_001, u16::MAX] {
            inputs.push((gross, 500, 1_000, 5_000, share, 5_000));
        }
        for rates in [
            (0, 0, 0, 0),
            (10_000, 10_000, 10_000, 10_000),
            (10_000, 0, 10_000, 10_000),
            (1, 1, 9_999, 1),
            (10_001, 0, 0, 0),
            (0, 10_001, 0, 0),
            (0, 0, 10_001, 0),
            (0, 0, 0, 10_001),
        ] {
            inputs.push((gross, rates.0, rates.1, rates.2, 3_000, rates.3));
        }
    }
    for _ in 0..200 {
        let share = 3_000 + lcg.below(6_001) as u16;
        let (fee, affiliate, burned) = (lcg.bp(), lcg.bp(), lcg.bp());
        inputs.push((lcg.sized(), fee, affiliate, burned, share, lcg.bp()));
    }
    let settled = |(gross, fee_bp, affiliate_bp, fee_burn_bp, dollar_share_bp, max_bonus_bp)| {
        let input = json!({
            "gross": gross, "fee_bp": fee_bp, "affiliate_bp": affiliate_bp, "fee_burn_bp": fee_burn_bp,
            "dollar_share_bp": dollar_share_bp, "max_bonus_bp": max_bonus_bp,
        });
        let out = settle(SettleInput {
            gross,
            fee_bp,
            affiliate_bp,
            fee_burn_bp,
            dollar_share_bp,
            max_bonus_bp,
        });
        result(input, out, |s| {
            json!({
                "fee": s.fee, "fee_affiliate": s.fee_affiliate, "fee_burn": s.fee_burn,
                "fee_incentives": s.fee_incentives, "net": s.net, "dollars": s.dollars, "burn": s.burn,
                "coupons_base": s.coupons_base, "coupons_bonus": s.coupons_bonus,
            })
        })
    };
    let mut paid: Vec<(u64, u16)> = Vec::new();
    for gross in SIZES {
        paid.extend(RATES.map(|bp| (gross, bp)));
    }
    paid.extend((0..50).map(|_| (lcg.sized(), lcg.bp())));
    let rewarded = |(gross, discount_bp)| {
        let input = json!({"gross": gross, "discount_bp": discount_bp});
        result(input, user_coupons(gross, discount_bp), Value::from)
    };

    let mut disputes: Vec<(u64, u64, u64)> = Vec::new();
    for bond in [0, 1, 100, u64::MAX] {
        for claimed in [0, 1, 3_600, u64::MAX] {
            disputes.extend([0, 1, 1_200, 3_601, u64::MAX].map(|kept| (bond, claimed, kept)));
        }
    }
    disputes.extend((0..100).map(|_| (lcg.sized(), lcg.sized(), lcg.sized())));
    let resolved = |(bond, claimed, accepted)| {
        let input = json!({"bond": bond, "claimed_seconds": claimed, "accepted_seconds": accepted});
        ok(input, json!(dispute_bond(bond, claimed, accepted)))
    };
    json!({
        "earned": earnings,
        "settle": inputs.into_iter().map(settled).collect::<Rows>(),
        "user_coupons": paid.into_iter().map(rewarded).collect::<Rows>(),
        "dispute_bond": disputes.into_iter().map(resolved).collect::<Rows>(),
    })
}

pub fn quote() -> Value {
    let mut lcg = Lcg(6);
    let mut prices: Vec<(u64, u32, u16)> = Vec::new();
    for price in [0, 1, 999, 1_000, 1_001, 2_190_000_000, u64::MAX] {
        for processors in [0, 1, 8, u32::MAX] {
            prices.extend(
                [0, 500, 9_999, 10_000, 10_001, u16::MAX].map(|bp| (price, processors, bp)),
            );
        }
    }
    prices.extend((0..150).map(|_| (lcg.sized(), lcg.sized32(), lcg.bp())));
    let priced = |(price_nano_usd, processors, discount_bp)| {
        let input = json!({
            "price_nano_usd": price_nano_usd, "processors": processors, "discount_bp": discount_bp,
        });
        let out = rate_per_hour(QuoteInput {
            price_nano_usd,
            processors,
            discount_bp,
        });
        result(input, out, Value::from)
    };

    let mut terms: Vec<(u64, u32)> = Vec::new();
    for rate in SIZES {
        terms.extend([0, 1, 24, u32::MAX].map(|hours| (rate, hours)));
    }
    terms.extend((0..50).map(|_| (lcg.sized(), lcg.sized32())));
    let deposited = |(rate, hours)| {
        let input = json!({"rate_per_hour": rate, "hours": hours});
        result(input, deposit(rate, hours), Value::from)
    };

    let mut nodes: Vec<(u32, u32)> = Vec::new();
    for multiplier in [0, 5_000, 9_999, 10_000, 10_001, 12_500, 300_000, u32::MAX] {
        nodes.extend([0, 1, 4, 8, 1_024, u32::MAX].map(|processors| (multiplier, processors)));
    }
    nodes.extend((0..50).map(|_| (lcg.sized32(), lcg.sized32())));
    let locked = |(multiplier_bp, processors)| {
        let input = json!({"multiplier_bp": multiplier_bp, "processors": processors});
        result(input, collateral(multiplier_bp, processors), Value::from)
    };
    json!({
        "rate_per_hour": prices.into_iter().map(priced).collect::<Rows>(),
        "deposit": terms.into_iter().map(deposited).collect::<Rows>(),
        "collateral": nodes.into_iter().map(locked).collect::<Rows>(),
    })
}

pub fn auction() -> Value {
    let mut lcg = Lcg(7);
    let mut moments: Vec<(u64, i16, i16, u32)> = Vec::new();
    for seconds in [0, 1, 9, 1_799, 1_800, 3_599, 3_600, 1 << 32, u64::MAX] {
        moments.extend([
            (seconds, -200, 200, 3_600),
            (seconds, 200, -201, 3_600),
            (seconds, 7, 7, 3_600),
            (seconds, i16::MIN, i16::MAX, u32::MAX),
            (seconds, -200, 200, 0),
        ]);
    }
    for _ in 0..100 {
        let end = |lcg: &mut Lcg| (lcg.below(20_001) as i32 - 10_000) as i16;
        let ramp = lcg.below(100_000);
        moments.push((
            lcg.below(ramp + 100),
            end(&mut lcg),
            end(&mut lcg),
            ramp as u32,
        ));
    }
    let premium = |(seconds, start, end, ramp)| {
        let input = json!({
            "seconds_since_last_sale": seconds, "start_bp": start, "end_bp": end, "ramp_seconds": ramp,
        });
        ok(input, json!(premium_bp(seconds, start, end, ramp)))
    };

    let mut offers: Vec<(u64, u64, u64, i32)> = Vec::new();
    for io_max in SIZES {
        for vault in [0, 1, USD, 1_000_000 * USD, u64::MAX] {
            for price in [0, 1, 2_000_000_000, u64::MAX] {
                offers
                    .extend([i32::MIN, -10_000, -200, 0, 200].map(|bp| (io_max, vault, price, bp)));
            }
        }
    }
    for _ in 0..200 {
        let premium = lcg.below(1_001) as i32 - 500;
        let price = 1_000_000 + lcg.below(100_000_000_000);
        offers.push((lcg.sized() >> 7, lcg.sized() >> 14, price, premium));
    }
    let sold = |(io_max, vault_usd, price_nano_usd_per_io, premium_bp)| {
        let input = json!({
            "io_max": io_max, "vault_usd": vault_usd,
            "price_nano_usd_per_io": price_nano_usd_per_io, "premium_bp": premium_bp,
        });
        let sold = sale(SaleInput {
            io_max,
            vault_usd,
            price_nano_usd_per_io,
            premium_bp,
        });
        ok(input, json!({"io": sold.io, "usd": sold.usd}))
    };
    let mut waits: Vec<(u64, u32, u64, u64)> = Vec::new();
    for waited in [0, 1, 3_599, 3_600, u64::MAX] {
        for (usd, vault) in [(0, 0), (1, 0), (0, 1), (1, 1), (1, USD), (USD, 1), (7, 9)] {
            waits.push((waited, 3_600, usd, vault));
        }
    }
    for _ in 0..100 {
        waits.push((
            lcg.sized(),
            lcg.below(1 << 32) as u32,
            lcg.sized(),
            lcg.sized(),
        ));
    }
    let wait = |(waited, ramp, usd, vault)| {
        let input = json!({"waited": waited, "ramp_seconds": ramp, "usd": usd, "vault_usd": vault});
        ok(input, json!(waited_after(waited, ramp, usd, vault)))
    };
    json!({
        "premium_bp": moments.into_iter().map(premium).collect::<Rows>(),
        "sale": offers.into_iter().map(sold).collect::<Rows>(),
        "waited_after": waits.into_iter().map(wait).collect::<Rows>(),
    })
}
