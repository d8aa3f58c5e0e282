use anchor_lang::prelude::*;

/// Codes never move: append, or retire in place. Each program has a hundred of its own, so that a
/// code alone tells where an error came from.
#[error_code(offset = 6400)]
pub enum EscrowError {
    #[msg("Only the program's upgrade authority may initialise it")]
    NotUpgradeAuthority,
    #[msg("The dollar mint has 6 decimals")]
    MintInvalid,
    #[msg("The parameter is outside its range")]
    ParameterOutOfRange,
    #[msg("Discount bands must rise in reputation, and stay at 5,000 bp or below")]
    DiscountsUnsorted,
    #[msg("Only the actor's authority may do this")]
    NotAuthority,
    #[msg("Only a user opens jobs")]
    NotAUser,
    #[msg("The class's price is stale: the committee has to submit first")]
    PriceStale,
    #[msg("Hours and processors are more than zero")]
    AmountZero,
    #[msg("The job costs more than the maximum given: quote again")]
    DepositAboveMaximum,
    #[msg("Only the router assigns nodes")]
    NotRouter,
    #[msg("The job is not in the state that this needs")]
    WrongState,
    #[msg("Only a node works on jobs")]
    NotANode,
    #[msg("The node has another hardware class")]
    ClassMismatch,
    #[msg("The node has fewer processors than the job needs")]
    TooFewProcessors,
    #[msg("The node's collateral is below what its class requires")]
    CollateralMissing,
    #[msg("No second was worked since the last settlement")]
    NothingToSettle,
    #[msg("Less was worked in all than the minimum that is paid")]
    BelowMinimumWork,
    #[msg("What the node reported is not settled yet: settle the job first")]
    SettleFirst,
    #[msg("The account does not belong to this job")]
    JobMismatch,
    #[msg("Arithmetic overflow")]
    Overflow,
    #[msg("Only the admin may do this")]
    NotAdmin,
    #[msg("The escrow is paused: it takes no new dollars; refunds and settlements go on")]
    Paused,
    #[msg("The benefit is 0 for a discount, or 1 for locked IO in its place")]
    BenefitUnknown,
    #[msg("The user's credit account is missing: granted dollars come from it and go back to it")]
    CreditMissing,
    #[msg("The class costs more now than when the job was opened: open a new job")]
    PriceRisen,
    #[msg("The job's hours are over: what is left to do is to settle and to finish it")]
    JobOver,
    #[msg("The job's hours are not over: only its user ends it before")]
    NotOver,
    #[msg("The node reported lately, and may report again")]
    NodeAlive,
    #[msg("The work can still be disputed: it is paid when its time for that is over")]
    StillDisputable,
    #[msg("All that was reported is settled: there is nothing to dispute")]
    NothingToDispute,
    #[msg("Accepted are at least the seconds settled, and at most those reported")]
    AcceptedOutOfRange,
    #[msg("A strict majority of the committee has to sign")]
    NoQuorum,
    #[msg("The committee can still decide the dispute")]
    DecisionOpen,
    #[msg("The dollar account of who brought the user in is missing")]
    AffiliateMissing,
    #[msg("The user's earner and page of rates are missing: its bonus is credited to it")]
    UserEarnerMissing,
}

impl From<economics::ArithmeticError> for EscrowError {
    fn from(_: economics::ArithmeticError) -> Self {
        Self::Overflow
    }
}
