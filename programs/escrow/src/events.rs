use {crate::EscrowParameters, anchor_lang::prelude::*};

#[event]
pub struct EscrowInitialized {
    pub usd_mint: Address,
    pub parameters: EscrowParameters,
}

/// These are the parameters from `from` (Unix seconds) on.
#[event]
pub struct EscrowParametersSet {
    pub parameters: EscrowParameters,
    pub from: i64,
}

/// USD base units; `price_nano_usd` is of one processor-hour before the discount.
#[event]
pub struct JobOpened {
    pub job: Address,
    pub user: Address,
    pub authority: Address,
    pub class: [u8; 16],
    pub id: u64,
    pub price_nano_usd: u64,
    pub rate_per_hour: u64,
    pub deposit: u64,
    pub at: i64,
    pub processors: u32,
    pub hours: u32,
    pub discount_bp: u16,
}

#[event]
pub struct JobStarted {
    pub job: Address,
    pub node: Address,
    pub at: i64,
}

/// Seconds `from_second..to_second` of the job were paid. USD base units; `gross` = `dollars` +
/// `burn` + `fee_burn` + `fee_incentives`.
#[event]
pub struct JobSettled {
    pub job: Address,
    pub node: Address,
    pub gross: u64,
    pub dollars: u64,
    pub burn: u64,
    pub fee_burn: u64,
    pub fee_incentives: u64,
    pub coupons_base: u64,
    pub coupons_bonus: u64,
    pub at: i64,
    pub from_second: u32,
    pub to_second: u32,
    pub period: u32,
}

/// `deposit` = `settled` + `refund`, USD base units.
#[event]
pub struct JobFinished {
    pub job: Address,
    pub deposit: u64,
    pub settled: u64,
    pub refund: u64,
    pub worked_seconds: u32,
    pub at: i64,
}
