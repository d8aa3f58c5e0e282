use anchor_lang::prelude::*;

/// Codes never move: append, or retire in place. Each program has a hundred of its own, so that a
/// code alone tells where an error came from.
#[error_code(offset = 6000)]
pub enum OracleError {
    #[msg("Only the program's upgrade authority may initialise it")]
    NotUpgradeAuthority,
    #[msg("Only the admin may do this")]
    NotAdmin,
    #[msg("A committee has 1 to 16 different members")]
    MembersInvalid,
    #[msg("The parameter is outside its range")]
    ParameterOutOfRange,
    #[msg("A symbol is 1 to 16 of A-Z a-z 0-9 - . padded with zeros")]
    SymbolInvalid,
    #[msg("The signer is not a member of the committee")]
    NotAMember,
    #[msg("A price is more than zero")]
    PriceZero,
    #[msg("The challenge has its slot hash already")]
    AlreadyDrawn,
    #[msg("No block has followed the commitment yet: try again in a moment")]
    TooEarly,
    #[msg("The commitment is more than 512 slots old: commit again with another round")]
    SlotHashGone,
    #[msg("The challenge has no slot hash yet: draw it first")]
    NotDrawn,
    #[msg("The secret is not the one committed to")]
    SecretMismatch,
    #[msg("Measurements must be sorted by node, each node once, after those already recorded")]
    MeasurementsUnsorted,
    #[msg("An outcome is 0 (failed) or 1 (passed)")]
    OutcomeInvalid,
    #[msg("There is nothing to record")]
    NoMeasurements,
    #[msg("Arithmetic overflow")]
    Overflow,
    #[msg("The oracle is paused")]
    Paused,
    #[msg("Only the one whom the admin offered its office may accept it")]
    NotOffered,
    #[msg("Only the pauser or the admin may pause and resume")]
    NotPauser,
    #[msg("There is no program at this bit")]
    PauseUnknown,
}
