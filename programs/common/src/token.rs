//! Token instructions as fixed-account CPIs.
//!
//! `anchor_spl`'s helpers build the instruction on the heap: 8,900 compute units, of which the
//! token program takes 76. These cost some 1,170. They take typed handles, so the borrow checker
//! still forbids touching an account while the token program writes it; the token program itself
//! checks mints, owners and amounts.

use anchor_lang::{
    cpi::InstructionAccount, programs::Token, unchecked_invoke_signed_fixed, CpiHandle,
    CpiHandleMut, Id,
};

const TRANSFER: u8 = 3;
const MINT_TO: u8 = 7;
const BURN: u8 = 8;
const CLOSE_ACCOUNT: u8 = 9;

/// Signer seeds of the authority: empty where a wallet signed the transaction itself.
pub type Seeds<'a> = &'a [&'a [&'a [u8]]];

/// The token instructions of this module share one shape: a tag and an amount in base units.
fn tag_and_amount(tag: u8, amount: u64) -> [u8; 9] {
    let mut data = [tag; 9];
    data[1..].copy_from_slice(&amount.to_le_bytes());
    data
}

fn invoke<'a>(
    data: &[u8],
    first: CpiHandleMut<'a>,
    second: CpiHandleMut<'a>,
    authority: CpiHandle<'a>,
    seeds: Seeds<'a>,
) {
    let program = Token::id();
    unchecked_invoke_signed_fixed(
        &program,
        data,
        &[
            InstructionAccount::writable(first.address()),
            InstructionAccount::writable(second.address()),
            InstructionAccount::readonly_signer(authority.address()),
        ],
        &[first.into(), second.into(), authority],
        seeds,
    );
}

/// Moves `amount` base units between two accounts of one mint.
pub fn transfer<'a>(
    from: CpiHandleMut<'a>,
    to: CpiHandleMut<'a>,
    authority: CpiHandle<'a>,
    amount: u64,
    seeds: Seeds<'a>,
) {
    invoke(
        &tag_and_amount(TRANSFER, amount),
        from,
        to,
        authority,
        seeds,
    );
}

/// Creates `amount` base units of `mint` in `to`.
pub fn mint_to<'a>(
    mint: CpiHandleMut<'a>,
    to: CpiHandleMut<'a>,
    authority: CpiHandle<'a>,
    amount: u64,
    seeds: Seeds<'a>,
) {
    invoke(&tag_and_amount(MINT_TO, amount), mint, to, authority, seeds);
}

/// Destroys `amount` base units of `mint` held in `from`.
pub fn burn<'a>(
    from: CpiHandleMut<'a>,
    mint: CpiHandleMut<'a>,
    authority: CpiHandle<'a>,
    amount: u64,
    seeds: Seeds<'a>,
) {
    invoke(&tag_and_amount(BURN, amount), from, mint, authority, seeds);
}

/// Closes an empty token account and pays its rent to `destination`.
pub fn close<'a>(
    account: CpiHandleMut<'a>,
    destination: CpiHandleMut<'a>,
    authority: CpiHandle<'a>,
    seeds: Seeds<'a>,
) {
    invoke(&[CLOSE_ACCOUNT], account, destination, authority, seeds);
}
