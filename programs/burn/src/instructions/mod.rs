pub mod grant_owner;
pub mod grant_user;
pub mod initialize;
pub mod sell_io;
pub mod set_parameters;

#[allow(ambiguous_glob_reexports)] // `handler` is always called by its module's name
pub use {grant_owner::*, grant_user::*, initialize::*, sell_io::*, set_parameters::*};
