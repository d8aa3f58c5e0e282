//! Writes `tests/vectors/*.json`: what this crate answers at its boundaries and at pseudo-random inputs, for mirrors
//! in other languages.
//!
//! ```text
//! cargo run -p economics --example vectors -- ../tests/vectors
//! ```
//!
//! Each file maps a function to its rows. A row holds `in`, the arguments by name, and either `out` or `refused`, the
//! name of the error. A structure is an object; a missing value is `null`; a `u128` is a decimal string.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::expect_used,
    reason = "a generator that fails should stop"
)]

mod inputs;
mod rows;

mod dollars;
mod pools;
mod rewards;
mod time;

use serde_json::Value;
use std::{env, fs, io, path::Path};

fn main() -> io::Result<()> {
    let folder = env::args()
        .nth(1)
        .expect("usage: vectors <folder to write to>");
    for (name, tables) in [
        ("schedule", time::schedule()),
        ("vesting", time::vesting()),
        ("splits", rewards::splits()),
        ("accumulator", rewards::accumulator()),
        ("median", rewards::median()),
        ("pool", pools::pool()),
        ("settlement", dollars::settlement()),
        ("quote", dollars::quote()),
        ("auction", dollars::auction()),
    ] {
        let path = Path::new(&folder).join(name).with_extension("json");
        fs::write(path, one_row_per_line(&tables))?;
    }
    Ok(())
}

/// JSON with a line for each row, so that a difference shows which rows changed.
fn one_row_per_line(tables: &Value) -> String {
    let table = |(name, rows): (&String, &Value)| {
        let rows: Vec<String> = rows
            .as_array()
            .expect("a table is an array of rows")
            .iter()
            .map(Value::to_string)
            .collect();
        format!("\"{name}\": [\n{}\n]", rows.join(",\n"))
    };
    let tables: Vec<String> = tables
        .as_object()
        .expect("a file is an object of tables")
        .iter()
        .map(table)
        .collect();
    format!("{{\n{}\n}}\n", tables.join(",\n"))
}
