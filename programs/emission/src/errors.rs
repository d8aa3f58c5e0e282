use anchor_lang::prelude::*;

/// Codes never move: append, or retire in place. Each program has a hundred of its own, so that a
/// code alone tells where an error came from.
#[error_code(offset = 6200)]
pub enum EmissionError {
    #[msg("Only the program's upgrade authority may initialise it")]
    NotUpgradeAuthority,
    #[msg("The mint must be IO: 8 decimals, no freeze authority, 500,000,000 IO in existence, its authority signing")]
    MintInvalid,
    #[msg("Genesis is more than an hour ago: epoch 1 would be over already")]
    GenesisPast,
    #[msg("The parameter is outside its range")]
    ParameterOutOfRange,
    #[msg("Epochs are 1 to 175,319")]
    EpochOutOfRange,
    #[msg("Only the coupon authority may credit coupons")]
    NotCouponAuthority,
    #[msg("The rates account is not the page of the epoch in question")]
    RatesPageMismatch,
    #[msg("A strict majority of the committee must sign")]
    NoQuorum,
    #[msg("Give one writable earner account for each score, after the signers")]
    ScoresMismatch,
    #[msg("A reputation is 0 to 10,000")]
    ReputationOutOfRange,
    #[msg("The epoch has not ended")]
    EpochNotEnded,
    #[msg("The epoch's scores are final: close it before posting others")]
    AlreadyFinal,
    #[msg("The epoch is closed")]
    AlreadyClosed,
    #[msg("The epoch's scores are not final")]
    ScoresNotFinal,
    #[msg("The account must belong to whom the IO is for: the actor's authority, its affiliate, the beneficiary")]
    WrongOwner,
    #[msg("There is nothing to claim yet")]
    NothingToClaim,
    #[msg("The actor has an affiliate: give its IO account")]
    AffiliateMissing,
    #[msg("More would be minted than the schedule allows")]
    CapExceeded,
    #[msg("Arithmetic overflow")]
    Overflow,
    #[msg("Only the admin may do this")]
    NotAdmin,
    #[msg("The emission is paused")]
    Paused,
    #[msg("The actor has stakers: give its rewards account, and no other")]
    RewardsMissing,
    #[msg("The amount must be more than zero")]
    AmountZero,
    #[msg("IO is locked for one step or more, each a second or longer, and nothing left over")]
    StepsInvalid,
    #[msg("Where a user is credited, give its earner and its page of rates")]
    UserEarnerMissing,
    #[msg("Epochs from before the last change are not closed yet: close them first, by its parameters")]
    EpochsUnclosed,
}

impl From<economics::ArithmeticError> for EmissionError {
    fn from(_: economics::ArithmeticError) -> Self {
        Self::Overflow
    }
}
