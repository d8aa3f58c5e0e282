//! One property for each public function, by its name: [`crate::surface`] fails where one is missing.

mod accumulator;
mod auction;
mod median;
mod pool;
mod quote;
mod schedule;
mod settlement;
mod split;
mod vesting;
