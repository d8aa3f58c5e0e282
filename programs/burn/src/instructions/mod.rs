pub mod initialize;
pub mod sell_io;
pub mod set_parameters;

#[allow(ambiguous_glob_reexports)] // `handler` is always called by its module's name
pub use {initialize::*, sell_io::*, set_parameters::*};
