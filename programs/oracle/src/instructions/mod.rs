pub mod commit_challenge;
pub mod create_feed;
pub mod draw_challenge;
pub mod initialize;
pub mod record_challenges;
pub mod submit_price;

#[allow(ambiguous_glob_reexports)] // `handler` is always called by its module's name
pub use {
    commit_challenge::*, create_feed::*, draw_challenge::*, initialize::*, record_challenges::*,
    submit_price::*,
};
