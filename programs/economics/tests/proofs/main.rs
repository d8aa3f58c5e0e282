//! What holds of the arithmetic for every input there is, not only for those that the programs make.
//!
//! | module | shows |
//! | --- | --- |
//! | [`surface`] | no input makes any function panic (the compiler's proof), and every public function has a property |
//! | [`functions`] | each function, over all of its types, is its definition in whole numbers without bounds |
//! | [`exhaustive`] | small domains, whole: every epoch, every rate |
//! | [`histories`] | random lives of jobs, auctions, grants and the network pay out what came in, and never more |
//!
//! A longer run: `PROPTEST_CASES=1000000 cargo test --release --locked -p economics --test proofs`.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod exact;
mod exhaustive;
mod functions;
mod histories;
mod inputs;
mod surface;
