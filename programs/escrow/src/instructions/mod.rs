pub mod finish_job;
pub mod initialize;
pub mod open_job;
pub mod report_job;
pub mod set_parameters;
pub mod settle_job;
pub mod start_job;

#[allow(ambiguous_glob_reexports)] // `handler` is always called by its module's name
pub use {
    finish_job::*, initialize::*, open_job::*, report_job::*, set_parameters::*, settle_job::*,
    start_job::*,
};
