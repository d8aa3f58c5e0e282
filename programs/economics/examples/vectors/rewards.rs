//! Rows of splits, accumulators and medians.

use crate::inputs::{Lcg, RATES, SIZES};
use crate::rows::{ok, result, Rows};
use economics::schedule::LAST_EPOCH;
use economics::*;
use serde_json::{json, Value};

fn show_halves(halves: Halves) -> Value {
    json!({"availability": halves.availability, "compute": halves.compute})
}

pub fn splits() -> Value {
    let mut lcg = Lcg(2);
    let mut pairs: Vec<(u64, u16)> = Vec::new();
    for amount in SIZES {
        pairs.extend(RATES.map(|bp| (amount, bp)));
    }
    pairs.push((1, u16::MAX));
    pairs.extend((0..100).map(|_| (lcg.sized(), lcg.bp())));
    let (mut floors, mut ceils, mut halves) = (Rows::new(), Rows::new(), Rows::new());
    for (amount, bp) in pairs.iter().copied() {
        let input = json!({"amount": amount, "bp": bp});
        floors.push(result(input.clone(), bps_floor(amount, bp), Value::from));
        ceils.push(result(input, bps_ceil(amount, bp), Value::from));
        let input = json!({"amount": amount, "availability_bp": bp});
        halves.push(result(input, epoch_halves(amount, bp), show_halves));
    }
    let mut ranges: Vec<(u32, u32, u16, u32, u16)> = Vec::new();
    for (from, to) in [(0, 1), (0, 4), (9, 10), (9, 14), (14, 9), (5, 5)] {
        for next in [0, 1, 3, 4, 5, 10, 11, 12, 14, 15, u32::MAX] {
            ranges.push((from, to, 5_000, next, 6_001));
            ranges.push((from, to, 10_001, next, 0));
            ranges.push((from, to, 0, next, 10_001));
        }
    }
    ranges.push((0, u32::MAX, 5_000, 100_000, 7_000));
    for _ in 0..100 {
        let from = lcg.below(LAST_EPOCH.into()) as u32;
        let to = from + lcg.below(100) as u32;
        let next = from + lcg.below(110) as u32;
        ranges.push((from, to, lcg.bp(), next, lcg.bp()));
    }
    let across = |(from, to, availability_bp, next_from_epoch, next_availability_bp)| {
        let input = json!({
            "from_exclusive": from, "to_inclusive": to, "availability_bp": availability_bp,
            "next_from_epoch": next_from_epoch, "next_availability_bp": next_availability_bp,
        });
        let out = halves_across(
            from,
            to,
            availability_bp,
            next_from_epoch,
            next_availability_bp,
        );
        result(input, out, show_halves)
    };
    let mut claims = Vec::new();
    for accrued in SIZES {
        for (commission_bp, affiliate_bp) in [
            (100, 0),
            (300, 100),
            (0, 0),
            (10_000, 0),
            (5_000, 5_000),
            (9_999, 2),
            (0, 10_001),
            (u16::MAX, u16::MAX),
        ] {
            claims.push((accrued, commission_bp, affiliate_bp));
        }
    }
    for _ in 0..150 {
        claims.push((
            lcg.sized(),
            lcg.below(4_000) as u16,
            lcg.below(6_000) as u16,
        ));
    }
    let split = |(accrued, commission_bp, affiliate_bp)| {
        let input = json!({"accrued": accrued, "commission_bp": commission_bp, "affiliate_bp": affiliate_bp});
        let out = claim(ClaimInput {
            accrued,
            commission_bp,
            affiliate_bp,
        });
        result(
            input,
            out,
            |c| json!({"stakers": c.stakers, "affiliate": c.affiliate, "owner": c.owner}),
        )
    };
    json!({
        "bps_floor": floors,
        "bps_ceil": ceils,
        "epoch_halves": halves,
        "halves_across": ranges.into_iter().map(across).collect::<Rows>(),
        "claim": claims.into_iter().map(split).collect::<Rows>(),
    })
}

pub fn accumulator() -> Value {
    let mut lcg = Lcg(4);
    let mut divisions: Vec<(u64, u128, u64)> = Vec::new();
    for amount in SIZES {
        for total in [0, 1, 2, 3, 10_000, u64::MAX] {
            divisions.extend([0, 1, 1 << 64].map(|carry| (amount, carry, total)));
        }
    }
    divisions.push((0, u128::MAX, 1));
    divisions.push((1, u128::MAX, 7));
    for _ in 0..150 {
        let total = lcg.sized().max(1);
        divisions.push((lcg.sized() >> 1, u128::from(lcg.below(total)), total));
    }
    let divided = |(amount, carry_q64, total): (u64, u128, u64)| {
        let input = json!({"amount": amount, "carry_q64": carry_q64.to_string(), "total": total});
        let out = distribute(DistributeInput {
            amount,
            carry_q64,
            total,
        });
        result(
            input,
            out,
            |d| json!({"per_unit_q64": d.per_unit_q64.to_string(), "carry_q64": d.carry_q64.to_string()}),
        )
    };

    let mut accruals: Vec<(u128, u64, u128)> = vec![
        (0, 0, u128::MAX),
        (0, 1, u128::MAX),
        (1, 1, u128::MAX),
        (0, 2, u128::MAX),
        (u128::MAX, 0, 0),
        (u128::MAX, 1, 1),
        (0, u64::MAX, 1 << 64),
        (0, u64::MAX, (1 << 64) + 1),
        (0, u64::MAX, (1 << 64) + 2),
    ];
    for _ in 0..100 {
        let wide = |lcg: &mut Lcg| u128::from(lcg.bits()) << lcg.below(40) | u128::from(lcg.bits());
        accruals.push((wide(&mut lcg), lcg.sized(), wide(&mut lcg)));
    }
    let accrued = |(accrued_q64, units, delta_q64): &(u128, u64, u128)| {
        let input = json!({
            "accrued_q64": accrued_q64.to_string(), "units": units, "delta_q64": delta_q64.to_string(),
        });
        let show = |sum: u128| json!(sum.to_string());
        result(input, accrue(*accrued_q64, *units, *delta_q64), show)
    };
    let parted = |(accrued_q64, _, _): &(u128, u64, u128)| {
        let (units, fraction_q64) = whole(*accrued_q64);
        ok(
            json!({"accrued_q64": accrued_q64.to_string()}),
            json!([units, fraction_q64.to_string()]),
        )
    };
    json!({
        "distribute": divisions.into_iter().map(divided).collect::<Rows>(),
        "accrue": accruals.iter().map(accrued).collect::<Rows>(),
        "whole": accruals.iter().map(parted).collect::<Rows>(),
    })
}

pub fn median() -> Value {
    let mut lcg = Lcg(5);
    let mut committees: Vec<Vec<u64>> = vec![
        vec![],
        vec![u64::MAX],
        vec![1, 0],
        vec![0, 1],
        vec![5, 5, 5],
        (0..16).rev().collect(),
    ];
    for members in 1..=16 {
        for _ in 0..4 {
            committees.push((0..members).map(|_| lcg.sized()).collect());
        }
    }
    let row = |values: Vec<u64>| {
        let input = json!({"values": values});
        ok(input, json!(lower_median(&mut values.clone())))
    };
    json!({"lower_median": committees.into_iter().map(row).collect::<Rows>()})
}
