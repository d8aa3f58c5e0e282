//! One row: arguments, and an answer or a refusal.

use serde_json::{json, Value};
use std::fmt::Debug;

/// The rows of one function.
pub type Rows = Vec<Value>;

/// A row of a function that always answers.
pub fn ok(input: Value, out: Value) -> Value {
    json!({"in": input, "out": out})
}

/// A row of a function that may refuse.
pub fn result<T, E: Debug>(input: Value, out: Result<T, E>, show: impl Fn(T) -> Value) -> Value {
    match out {
        Ok(out) => ok(input, show(out)),
        Err(error) => json!({"in": input, "refused": format!("{error:?}")}),
    }
}
