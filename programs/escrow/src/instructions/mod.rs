pub mod dispute_job;
pub mod end_job;
pub mod extend_job;
pub mod finish_job;
pub mod initialize;
pub mod lapse_dispute;
pub mod open_credit;
pub mod open_job;
pub mod release_job;
pub mod report_job;
pub mod resolve_dispute;
pub mod set_parameters;
pub mod settle_job;
pub mod start_job;

#[allow(ambiguous_glob_reexports)] // `handler` is always called by its module's name
pub use {
    dispute_job::*, end_job::*, extend_job::*, finish_job::*, initialize::*, lapse_dispute::*,
    open_credit::*, open_job::*, release_job::*, report_job::*, resolve_dispute::*,
    set_parameters::*, settle_job::*, start_job::*,
};
