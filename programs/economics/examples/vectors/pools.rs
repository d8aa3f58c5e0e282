//! Rows of delegation pools.

use crate::inputs::{Lcg, RATES, SIZES};
use crate::rows::{ok, result, Rows};
use economics::pool::{MIN_INDEX, ONE};
use economics::*;
use serde_json::{json, Value};

/// Indices on both sides of every boundary; the last is refused.
const INDICES: [u64; 9] = [
    0,
    1,
    MIN_INDEX,
    ONE / 3,
    ONE / 4 * 3,
    ONE / 10_000 * 9_999,
    ONE - 1,
    ONE,
    ONE + 1,
];

/// An index that a few slashes leave.
fn slashed_index(lcg: &mut Lcg) -> u64 {
    (0..lcg.below(5)).fold(ONE, |index, _| index - lcg.below(index / 2))
}

pub fn pool() -> Value {
    let mut lcg = Lcg(9);
    let mut pairs: Vec<(u64, u64)> = Vec::new();
    for amount in SIZES {
        pairs.extend(INDICES.map(|index| (amount, index)));
    }
    for _ in 0..150 {
        let index = slashed_index(&mut lcg);
        pairs.push((lcg.sized(), index));
    }
    let bought = |(amount, index): &(u64, u64)| {
        let input = json!({"amount": amount, "index": index});
        result(input, shares_for(*amount, *index), Value::from)
    };
    let worth = |(shares, index): &(u64, u64)| {
        let input = json!({"shares": shares, "index": index});
        ok(input, json!(value_of(*shares, *index)))
    };

    let mut moves: Vec<(u64, u64, u64)> = Vec::new();
    for (shares, index) in pairs.iter().copied() {
        let value = value_of(shares, index);
        let amounts = [0, 1, value / 2, value, value.saturating_add(1)];
        moves.extend(amounts.map(|amount| (shares, index, amount)));
    }
    let named = |(shares, index, amount): &(u64, u64, u64)| json!({"shares": shares, "index": index, "amount": amount});
    let joined = |given: &(u64, u64, u64)| {
        let out = join_shares(given.0, given.1, given.2);
        result(named(given), out, Value::from)
    };
    let split = |given: &(u64, u64, u64)| {
        let out = split_shares(given.0, given.1, given.2);
        result(named(given), out, |(leaving, staying)| {
            json!([leaving, staying])
        })
    };

    let mut pools: Vec<SlashInput> = Vec::new();
    for (index, fraction_bp) in INDICES
        .iter()
        .flat_map(|index| RATES.map(|fraction_bp| (*index, fraction_bp)))
    {
        for shares in [0, 7, 10_001, 1 << 60, u64::MAX] {
            let stake = value_of(shares, index);
            let pool = SlashInput {
                index,
                stake,
                shares,
                collateral: 1_999,
                fraction_bp,
            };
            let short = SlashInput {
                stake: stake.saturating_sub(2),
                ..pool
            };
            pools.extend([pool, short]);
        }
    }
    let full = SlashInput {
        index: ONE,
        stake: u64::MAX,
        shares: u64::MAX,
        collateral: u64::MAX,
        fraction_bp: 1,
    };
    pools.extend([0, 1, 5_000, 5_001, 10_000].map(|fraction_bp| SlashInput {
        fraction_bp,
        ..full
    }));
    for _ in 0..150 {
        let (index, shares) = (slashed_index(&mut lcg), lcg.sized() >> 1);
        pools.push(SlashInput {
            index,
            stake: value_of(shares, index).saturating_sub(lcg.below(3)),
            shares,
            collateral: lcg.sized() >> 1,
            fraction_bp: lcg.bp(),
        });
    }
    let burned = |pool: SlashInput| {
        let input = json!({
            "index": pool.index, "stake": pool.stake, "shares": pool.shares,
            "collateral": pool.collateral, "fraction_bp": pool.fraction_bp,
        });
        result(input, slash(pool), |s| {
            json!({
                "index": s.index, "stake": s.stake, "collateral": s.collateral, "burned": s.burned,
            })
        })
    };
    json!({
        "shares_for": pairs.iter().map(bought).collect::<Rows>(),
        "value_of": pairs.iter().map(worth).collect::<Rows>(),
        "join_shares": moves.iter().map(joined).collect::<Rows>(),
        "split_shares": moves.iter().map(split).collect::<Rows>(),
        "slash": pools.into_iter().map(burned).collect::<Rows>(),
    })
}
