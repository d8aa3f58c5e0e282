pub mod add_class;
pub mod deposit_collateral;
pub mod initialize;
pub mod register_node;
pub mod register_user;
pub mod set_parameters;

#[allow(ambiguous_glob_reexports)] // `handler` is always called by its module's name
pub use {
    add_class::*, deposit_collateral::*, initialize::*, register_node::*, register_user::*,
    set_parameters::*,
};
