//! A fact counts when a strict majority of the committee signed it in one transaction.

use anchor_lang::{address_eq, AccountView, Address};

/// Whether `members` (at most 32) have a strict majority among the leading signers of `accounts`.
///
/// Signers come first; the count stops at the first account that did not sign, and what follows
/// is the caller's own. Returns the number of leading signers with the verdict. A signer that is
/// no member, and a member that is listed twice, count for nothing.
pub fn strict_majority(members: &[Address], accounts: &[AccountView]) -> (usize, bool) {
    let mut seen = 0u32;
    let mut signers = 0;
    for account in accounts {
        if !account.is_signer() {
            break;
        }
        signers += 1;
        for (index, member) in members.iter().enumerate().take(32) {
            if address_eq(member, account.address()) {
                seen |= 1 << index;
            }
        }
    }
    (signers, seen.count_ones() as usize * 2 > members.len())
}
