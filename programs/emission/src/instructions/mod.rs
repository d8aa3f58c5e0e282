pub mod claim;
pub mod close_epochs;
pub mod create_earner;
pub mod credit_coupons;
pub mod finalize_scores;
pub mod initialize;
pub mod lock_bonus;
pub mod lock_io;
pub mod open_rates;
pub mod post_scores;
pub mod set_parameters;
pub mod withdraw_vested;

#[allow(ambiguous_glob_reexports)] // `handler` is always called by its module's name
pub use {
    claim::*, close_epochs::*, create_earner::*, credit_coupons::*, finalize_scores::*,
    initialize::*, lock_bonus::*, lock_io::*, open_rates::*, post_scores::*, set_parameters::*,
    withdraw_vested::*,
};
