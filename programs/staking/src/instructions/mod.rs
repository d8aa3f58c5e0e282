pub mod add_class;
pub mod announce_agent;
pub mod appeal_slash;
pub mod claim_rewards;
pub mod close_delegation;
pub mod decide_appeal;
pub mod delegate;
pub mod deposit_collateral;
pub mod dismiss_slash;
pub mod elect;
pub mod execute_slash;
pub mod initialize;
pub mod name_agent;
pub mod open_delegation;
pub mod open_pool;
pub mod propose_slash;
pub mod register_node;
pub mod register_user;
pub mod set_parameters;
pub mod undelegate;
pub mod withdraw_collateral;
pub mod withdraw_ticket;

#[allow(ambiguous_glob_reexports)] // `handler` is always called by its module's name
pub use {
    add_class::*, announce_agent::*, appeal_slash::*, claim_rewards::*, close_delegation::*,
    decide_appeal::*, delegate::*, deposit_collateral::*, dismiss_slash::*, elect::*,
    execute_slash::*, initialize::*, name_agent::*, open_delegation::*, open_pool::*,
    propose_slash::*, register_node::*, register_user::*, set_parameters::*, undelegate::*,
    withdraw_collateral::*, withdraw_ticket::*,
};
