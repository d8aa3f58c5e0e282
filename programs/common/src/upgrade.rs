//! Who may initialise a program: the one who may replace it, and nobody who was merely first.

use anchor_lang::{address, AccountView, Address};

/// The upgradeable loader, owner of every program's ProgramData account.
pub const LOADER: Address = address!("BPFLoaderUpgradeab1e11111111111111111111111");

/// `UpgradeableLoaderState::ProgramData`: tag (u32), slot (u64), then `Option<Pubkey>`.
const PROGRAM_DATA_TAG: [u8; 4] = 3u32.to_le_bytes();
const AUTHORITY_FLAG: usize = 12;
const AUTHORITY: core::ops::Range<usize> = 13..45;

/// Whether `candidate` is the upgrade authority in a ProgramData account (whose address the
/// caller has checked). A final program has none, so nobody initialises it.
pub fn is_authority(program_data: &AccountView, candidate: &Address) -> bool {
    let Ok(data) = program_data.try_borrow() else {
        return false;
    };
    program_data.owned_by(&LOADER)
        && data.get(..4) == Some(&PROGRAM_DATA_TAG)
        && data.get(AUTHORITY_FLAG) == Some(&1)
        && data.get(AUTHORITY) == Some(candidate.as_ref())
}
