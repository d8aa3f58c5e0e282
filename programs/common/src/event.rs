//! Events as calls of a program to itself: what `emit_cpi!` does, as a fixed-account CPI.
//!
//! Anchor's macro serialises into one heap buffer, copies it to another and builds the call in six
//! more: 1,000 to 1,800 compute units above the 1,150 of this one, of which the call itself takes
//! 1,000 and its arrival 69. The inner instruction is the same to the byte (tag, discriminator, Borsh
//! body; the event authority signs it), and Anchor's dispatch checks it on arrival all the same.

use anchor_lang::{
    cpi::InstructionAccount,
    event::EVENT_IX_TAG_LE,
    unchecked_invoke_signed_fixed,
    wincode::{config::serialize_into, TypeMeta},
    Address, BorshConfig, CpiHandle, Event, SchemaWrite, BORSH_CONFIG,
};

/// Emits an event from a handler whose accounts are `#[event_cpi]`: `emit!(ctx, Claimed { … })`.
#[macro_export]
macro_rules! emit {
    ($ctx:expr, $event:ident { $($fields:tt)* }) => {
        $crate::event::emit::<$event, { $crate::event::data_len::<$event>() }>(
            ::anchor_lang::AnchorAccount::cpi_handle(&$ctx.accounts.event_authority),
            $ctx.bumps.event_authority,
            $ctx.program_id,
            &$event { $($fields)* },
        )
    };
}

/// Bytes of tag and discriminator.
const HEADER: usize = 16;

/// Bytes of the instruction that carries an `E`; 0 where that depends on what is in it (`Vec`).
#[doc(hidden)]
pub const fn data_len<E: SchemaWrite<BorshConfig>>() -> usize {
    match E::TYPE_META {
        TypeMeta::Static { size, .. } => HEADER + size,
        TypeMeta::Dynamic => 0,
    }
}

/// The instruction's data on the stack, `N` = [`data_len`] bytes.
#[inline(always)]
fn data<E, const N: usize>(event: &E) -> [u8; N]
where
    E: Event + SchemaWrite<BorshConfig, Src = E>,
{
    let mut data = [0; N];
    let (header, body) = data.split_at_mut(HEADER);
    header[..8].copy_from_slice(EVENT_IX_TAG_LE);
    header[8..].copy_from_slice(E::DISCRIMINATOR);
    serialize_into(body, event, BORSH_CONFIG).expect("the event's length is `N`");
    data
}

/// What [`emit!`](crate::emit) calls, with `N` = [`data_len`].
#[doc(hidden)]
#[inline(always)]
pub fn emit<E, const N: usize>(authority: CpiHandle, bump: u8, program: &Address, event: &E)
where
    E: Event + SchemaWrite<BorshConfig, Src = E>,
{
    if N == 0 {
        let data = [EVENT_IX_TAG_LE, &event.data()].concat();
        invoke(authority, bump, program, &data);
    } else {
        invoke(authority, bump, program, &data::<E, N>(event));
    }
}

#[inline(always)]
fn invoke(authority: CpiHandle, bump: u8, program: &Address, data: &[u8]) {
    unchecked_invoke_signed_fixed(
        program,
        data,
        &[InstructionAccount::readonly_signer(authority.address())],
        &[authority],
        &[&[b"__event_authority", &[bump]]],
    );
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use anchor_lang::prelude::*;
    use std::vec::Vec;

    #[event]
    struct Paid {
        to: Address,
        symbol: [u8; 16],
        per_unit_q64: u128,
        at: i64,
        amount: u64,
        epoch: u32,
        bp: u16,
        kind: u8,
    }

    #[event]
    struct Listed {
        members: Vec<Address>,
    }

    #[test]
    fn the_data_is_the_tag_and_then_what_anchor_serialises() {
        const N: usize = data_len::<Paid>();
        assert_eq!(N, 16 + 32 + 16 + 16 + 8 + 8 + 4 + 2 + 1);
        let event = Paid {
            to: Address::new_from_array([7; 32]),
            symbol: *b"IO\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
            per_unit_q64: u128::MAX - 1,
            at: -2,
            amount: 3,
            epoch: 4,
            bp: 5,
            kind: 6,
        };
        assert_eq!(
            data::<_, N>(&event)[..],
            [EVENT_IX_TAG_LE, &event.data()].concat()
        );
    }

    #[test]
    fn an_event_of_no_fixed_length_is_told_apart() {
        assert_eq!(data_len::<Listed>(), 0);
    }
}
