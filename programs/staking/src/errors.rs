use anchor_lang::prelude::*;

/// Codes never move: append, or retire in place. Each program has a hundred of its own, so that a
/// code alone tells where an error came from.
#[error_code(offset = 6100)]
pub enum StakingError {
    #[msg("Only the program's upgrade authority may initialise it")]
    NotUpgradeAuthority,
    #[msg("Only the admin may do this")]
    NotAdmin,
    #[msg("The mint must be IO: 8 decimals, no freeze authority")]
    MintInvalid,
    #[msg("A symbol is 1 to 16 of A-Z a-z 0-9 - . padded with zeros")]
    SymbolInvalid,
    #[msg("A class's multiplier is more than zero")]
    MultiplierZero,
    #[msg("A node has at least one processor")]
    ProcessorsZero,
    #[msg("A dollar share is 3000 to 9000 basis points")]
    DollarShareOutOfRange,
    #[msg("A commission is 100 to 300 basis points")]
    CommissionOutOfRange,
    #[msg("An owner cannot be its own affiliate")]
    AffiliateInvalid,
    #[msg("The amount is more than zero")]
    AmountZero,
    #[msg("Only a node has collateral, and an agent")]
    NotANode,
    #[msg("Arithmetic overflow")]
    Overflow,
    #[msg("Staking is paused")]
    Paused,
    #[msg("The parameter is outside its range")]
    ParameterOutOfRange,
    #[msg("Only the actor's authority may do this")]
    NotAuthority,
    #[msg("Only the stake's owner may do this")]
    NotOwner,
    #[msg("The account is of another actor")]
    ActorMismatch,
    #[msg("The actor's pool is not open")]
    PoolNotOpen,
    #[msg("The actor was slashed too far to take in more IO")]
    PoolSlashed,
    #[msg("A slash of the actor waits for its end")]
    SlashPending,
    #[msg("The amount is above the value that it is taken from")]
    AmountAboveValue,
    #[msg("There is nothing to claim yet")]
    NothingToClaim,
    #[msg("The delegation is worth something yet")]
    DelegationNotEmpty,
    #[msg("The ticket has not matured")]
    NotMatured,
    #[msg("A strict majority of the committee must sign")]
    NoQuorum,
    #[msg("There is no such offence")]
    OffenceUnknown,
    #[msg("The slash is not in the state for this")]
    WrongState,
    #[msg("The slash's deadline has passed")]
    DeadlinePassed,
    #[msg("The slash's deadline has not passed")]
    DeadlineAhead,
    #[msg("Only the agent that the node's authority named may do this")]
    NotAgent,
    #[msg("An endpoint is 1 to 64 printable ASCII characters without blanks, padded with zeros")]
    EndpointInvalid,
}

impl From<economics::ArithmeticError> for StakingError {
    fn from(error: economics::ArithmeticError) -> Self {
        match error {
            economics::ArithmeticError::AmountAboveValue => Self::AmountAboveValue,
            _ => Self::Overflow,
        }
    }
}
