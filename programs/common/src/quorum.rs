//! A fact counts when a strict majority of the committee signed it in one transaction.

use anchor_lang::{AccountView, Address};

/// Whether `members` (at most 31) have a strict majority among the leading signers of `accounts`.
///
/// Signers come first; the count stops at the first account that did not sign, and what follows
/// is the caller's own. Returns the number of leading signers with the verdict. A signer that is
/// no member, and a member that signs twice, count for nothing more.
pub fn strict_majority(members: &[Address], accounts: &[AccountView]) -> (usize, bool) {
    let mut seen = 0u32;
    let mut counted = 0;
    let mut signers = 0;
    for account in accounts {
        if !account.is_signer() {
            break;
        }
        signers += 1;
        let mut bit = 1u32;
        for member in members {
            // As slices, which the runtime compares: by words, a comparison costs 180 compute units.
            if member.as_ref() == account.address().as_ref() {
                counted += usize::from(seen & bit == 0);
                seen |= bit;
                break;
            }
            bit <<= 1;
        }
    }
    (signers, counted * 2 > members.len())
}
