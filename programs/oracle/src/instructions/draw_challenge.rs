use {
    crate::*,
    anchor_lang::{address, pinocchio::sysvars::slot_hashes::SlotHashes},
};

#[derive(Accounts)]
pub struct DrawChallenge {
    #[account(mut)]
    pub challenge: Account<Challenge>,
    /// CHECK: the sysvar by its address; it has no typed wrapper in Anchor.
    #[account(address = address!("SysvarS1otHashes111111111111111111111111111"))]
    pub slot_hashes: UncheckedAccount,
}

pub fn handler(ctx: &mut Context<DrawChallenge>) -> Result<()> {
    let challenge = &mut ctx.accounts.challenge;
    require!(
        challenge.slot_hash == Challenge::NOT_DRAWN,
        OracleError::AlreadyDrawn
    );
    let committed = challenge.slot.get();

    // Newest first. The last entry above the commitment is the first block after it, provided
    // the list reaches back to the commitment's time.
    let slot_hashes = SlotHashes::from_account_view(ctx.accounts.slot_hashes.account())?;
    let entries = slot_hashes.entries();
    let newer = entries.partition_point(|entry| entry.slot() > committed);
    require!(newer > 0, OracleError::TooEarly);
    require!(newer < entries.len(), OracleError::SlotHashGone);
    challenge.slot_hash = entries[newer - 1].hash;
    Ok(())
}
