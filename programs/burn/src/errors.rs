use anchor_lang::prelude::*;

/// Codes never move: append, or retire in place. Each program has a hundred of its own, so that a
/// code alone tells where an error came from.
#[error_code(offset = 6300)]
pub enum BurnError {
    #[msg("Only the program's upgrade authority may initialise it")]
    NotUpgradeAuthority,
    #[msg("IO has 8 decimals and no freeze authority, USD 6 decimals")]
    MintInvalid,
    #[msg("The premium goes from -5,000 to 5,000 bp at most, upwards, over at least one second")]
    ParameterOutOfRange,
    #[msg("The feed is not the one of IO")]
    FeedMismatch,
    #[msg("The price of IO is stale: the committee has to submit first")]
    PriceStale,
    #[msg("The amount is more than zero")]
    AmountZero,
    #[msg("The vault is empty, or the amount is worth less than the smallest unit of a dollar")]
    NothingToBuy,
    #[msg("The auction pays less than the minimum asked for")]
    BelowMinimum,
    #[msg("Arithmetic overflow")]
    Overflow,
    #[msg("Only the admin may do this")]
    NotAdmin,
    #[msg("The burn auction is paused")]
    Paused,
    #[msg("A strict majority of the committee must sign")]
    NoQuorum,
    #[msg("The actor is not a user")]
    NotAUser,
    #[msg("The actor is not a node")]
    NotANode,
    #[msg("The parameters grant nothing")]
    GrantZero,
    #[msg("The incentives vault holds less than the grant")]
    IncentivesShort,
    #[msg("The node has not earned points for as many hours as the grant asks for")]
    NotProven,
    #[msg("The node's collateral is below what is required")]
    CollateralMissing,
    #[msg("The earner is not the node's")]
    EarnerMismatch,
}
