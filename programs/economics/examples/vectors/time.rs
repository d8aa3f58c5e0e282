//! Rows of the schedule.

use crate::inputs::Lcg;
use crate::rows::{ok, result, Rows};
use economics::schedule::{EMISSION_CAP, LAST_EPOCH};
use economics::{cumulative, emission, epoch_at, epoch_end, epoch_start, epoch_start_from, vested};
use serde_json::{json, Value};

/// Seconds of a twelfth of 8,760 hours.
const MONTH: i64 = 2_628_000;

pub fn schedule() -> Value {
    let mut lcg = Lcg(1);
    let mut epochs: Vec<u32> = (0..=12).collect();
    for bit in 4..18 {
        epochs.extend([(1 << bit) - 1, 1 << bit, (1 << bit) + 1]);
    }
    epochs.extend((0..200).map(|_| lcg.below(u64::from(LAST_EPOCH)) as u32));
    epochs.extend(LAST_EPOCH - 5..=LAST_EPOCH + 2);
    epochs.push(u32::MAX);
    let cumulatives: Rows = epochs
        .iter()
        .map(|t| ok(json!({"t": t}), json!(cumulative(*t))))
        .collect();
    let emissions: Rows = epochs
        .iter()
        .flat_map(|t| {
            let to = t.saturating_add(lcg.below(50) as u32);
            [(t.saturating_sub(1), *t), (*t, to), (to, *t)]
        })
        .map(|(from, to)| {
            let input = json!({"from_exclusive": from, "to_inclusive": to});
            ok(input, json!(emission(from, to)))
        })
        .collect();

    let genesis = 1_700_000_000;
    let mut moments = vec![(i64::MIN, i64::MAX), (0, i64::MAX), (i64::MAX, i64::MAX)];
    for offset in [
        -3_600,
        -1,
        0,
        1,
        3_599,
        3_600,
        7_199,
        3_600 * i64::from(u32::MAX),
    ] {
        moments.extend([(genesis, genesis + offset), (-genesis, offset - genesis)]);
    }
    moments.extend((0..50).map(|_| (genesis, genesis + lcg.below(1 << 30) as i64)));
    let at = |(genesis, now): &(i64, i64)| {
        ok(
            json!({"genesis": genesis, "now": now}),
            json!(epoch_at(*genesis, *now)),
        )
    };
    let mut seconds = vec![
        (1_000, i64::MIN),
        (-1, i64::MAX),
        (i64::MIN, i64::MAX),
        (i64::MIN, i64::MAX - 3_600),
        (i64::MAX, i64::MAX),
        (i64::MIN, i64::MIN),
    ];
    for genesis in [genesis, -genesis] {
        for offset in [-1, 0, 1, 3_599, 3_600, 3_601, 7_200] {
            seconds.push((genesis, genesis + offset));
        }
    }
    seconds.extend((0..50).map(|_| (genesis, genesis + lcg.below(1 << 30) as i64)));
    let from = |(genesis, at): &(i64, i64)| {
        ok(
            json!({"genesis": genesis, "at": at}),
            json!(epoch_start_from(*genesis, *at)),
        )
    };
    let mut starts = Rows::new();
    let mut ends = Rows::new();
    for genesis in [0, genesis, i64::MIN, i64::MAX - 3_600, i64::MAX] {
        for t in [0, 1, 2, 3, LAST_EPOCH, u32::MAX] {
            let input = json!({"genesis": genesis, "t": t});
            starts.push(ok(input.clone(), json!(epoch_start(genesis, t))));
            ends.push(ok(input, json!(epoch_end(genesis, t))));
        }
    }
    json!({
        "cumulative": cumulatives,
        "emission": emissions,
        "epoch_at": moments.iter().map(at).collect::<Rows>(),
        "epoch_start": starts,
        "epoch_end": ends,
        "epoch_start_from": seconds.iter().map(from).collect::<Rows>(),
    })
}

pub fn vesting() -> Value {
    let mut lcg = Lcg(8);
    let mut locks: Vec<(u64, i64, i64, u32, i64)> = Vec::new();
    for total in [0, 1, 7, EMISSION_CAP, u64::MAX] {
        for now in [i64::MIN, 999, 1_000, 1_001, 1_019, 1_999, 2_000, i64::MAX] {
            locks.extend([0, 1, 7, 250, 1_001].map(|step| (total, 1_000, 2_000, step, now)));
        }
    }
    locks.extend([(7, 5, 5, 1, 4), (7, 5, 5, 1, 5), (7, 6, 5, 1, 5)]);
    locks.extend([1, u32::MAX].map(|step| (u64::MAX, i64::MIN, i64::MAX, step, 0)));
    // 24 monthly tranches from month 13 on, around the end of each month.
    for month in 11..=37 {
        for second in [-1, 0, 1] {
            let now = month * MONTH + second;
            locks.push((12_345_678_901, 12 * MONTH, 36 * MONTH, MONTH as u32, now));
        }
    }
    for _ in 0..100 {
        let (start, length) = (lcg.below(1 << 40) as i64, lcg.below(1 << 30));
        let now = start + lcg.below(length + 100) as i64;
        let step = lcg.sized32().max(1);
        locks.push((lcg.sized(), start, start + length as i64, step, now));
    }
    let free = |(total, start, end, step_seconds, now)| {
        let input = json!({
            "total": total, "start": start, "end": end, "step_seconds": step_seconds, "now": now,
        });
        let out = vested(total, start, end, step_seconds, now);
        result(input, out, Value::from)
    };
    json!({"vested": locks.into_iter().map(free).collect::<Rows>()})
}
