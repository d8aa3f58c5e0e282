pub mod accept_admin;
pub mod commit_challenge;
pub mod create_feed;
pub mod draw_challenge;
pub mod initialize;
pub mod offer_admin;
pub mod record_challenges;
pub mod rotate_committee;
pub mod set_parameters;
pub mod set_paused;
pub mod set_pauser;
pub mod submit_price;

#[allow(ambiguous_glob_reexports)] // `handler` is always called by its module's name
pub use {
    accept_admin::*, commit_challenge::*, create_feed::*, draw_challenge::*, initialize::*,
    offer_admin::*, record_challenges::*, rotate_committee::*, set_parameters::*, set_paused::*,
    set_pauser::*, submit_price::*,
};
