//! Other programs read these accounts with native integers (`declare_program!`): fields stand at
//! their natural alignment and `padding` fills up to it.

mod actor;
mod agent;
mod pool;
mod registry;
mod slash;

pub use {actor::*, agent::*, pool::*, registry::*, slash::*};
