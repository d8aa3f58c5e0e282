//! The calls of a few programs in a block, as columns. `indexer/calls.py` says which calls, and what each column is;
//! whatever it would refuse is `None` here, and so is what no node writes.

use crate::answer::{Call, InnerCalls, Meta, Object, Signed, Transaction};
use crate::base58::Base58;

const ADDRESS: usize = 32;
const SIGNATURE: usize = 64;
const OTHER: u8 = 0;
const ITSELF: u8 = 1;
const UNKNOWN: u8 = 2;
/// Calls within calls.
const DEEPEST: usize = 64;

/// One of our programs.
pub struct Program {
    pub address: String,
    pub event_authority: String,
    /// Digits of its shortest call that may be a record.
    pub shortest: usize,
}

/// What is looked for.
pub struct Wanted {
    pub programs: Vec<Program>,
    pub token_program: String,
    pub io_mint: String,
}

/// What was found.
#[derive(Default)]
pub struct Found {
    pub places: Vec<i64>,
    pub signatures: Vec<u8>,
    pub transactions: Vec<i64>,
    pub programs: Vec<u8>,
    pub callers: Vec<u8>,
    pub paths: Vec<i64>,
    pub data: Vec<u8>,
    pub data_ends: Vec<i64>,
    pub accounts: Vec<i64>,
    pub account_ends: Vec<i64>,
    pub keys: Vec<u8>,
}

/// Reads transactions one after the other; what cannot be read as nodes write it is `None`.
pub struct Reader<'w> {
    wanted: &'w Wanted,
    base58: Base58,
    pub found: Found,
}

/// What is known of one transaction.
struct Known<'a> {
    keys: Vec<&'a str>,
    /// Which of our programs a key is, where it is the first such key.
    ours: Vec<Option<u8>>,
    /// Where the token program stands, if the transaction names IO.
    token: Option<usize>,
    /// Where its keys begin among those kept, once they are.
    kept: Option<usize>,
}

impl<'w> Reader<'w> {
    pub fn new(wanted: &'w Wanted) -> Self {
        Self { wanted, base58: Base58::default(), found: Found::default() }
    }

    /// The transaction at a place of its block.
    pub fn transaction(&mut self, place: usize, transaction: Transaction) -> Option<()> {
        let Transaction { transaction: Signed { message, signatures }, meta } = transaction;
        if meta.is_failed {
            return Some(());
        }
        let mut keys = message.account_keys;
        let signed = keys.len();
        if let Some(loaded) = &meta.loaded_addresses {
            keys.extend(&loaded.writable);
            keys.extend(&loaded.readonly);
        }
        if keys.len() == signed && !message.address_table_lookups.is_empty() {
            return None;
        }
        if let Some(known) = self.known(keys) {
            self.calls(known, &message.instructions, &meta)?;
            self.base58.decode_exactly(SIGNATURE, signatures.first()?, &mut self.found.signatures)?;
            self.found.places.push(place as i64);
        }
        Some(())
    }

    /// `None` where nothing of ours is named.
    fn known<'a>(&self, keys: Vec<&'a str>) -> Option<Known<'a>> {
        let wanted = self.wanted;
        let mut ours = vec![None; keys.len()];
        let mut names_ours = false;
        for (number, program) in wanted.programs.iter().enumerate() {
            if let Some(place) = keys.iter().position(|key| *key == program.address) {
                ours[place] = Some(number as u8);
                names_ours = true;
            }
        }
        let names_io = keys.iter().any(|key| *key == wanted.io_mint);
        let token = keys.iter().position(|key| *key == wanted.token_program).filter(|_| names_io);
        (names_ours || names_io).then_some(Known { keys, ours, token, kept: None })
    }

    fn calls(&mut self, mut known: Known, tops: &[Object<Call>], meta: &Meta) -> Option<()> {
        for (top, call) in tops.iter().enumerate() {
            self.call(&mut known, call, OTHER, (top as i64) << 16)?;
        }
        let mut last = None;
        for Object(InnerCalls { index, instructions }) in meta.inner_instructions.as_ref()? {
            let top = tops.get(usize::from(*index))?;
            if last.is_some_and(|last| last >= *index) {
                return None;
            }
            last = Some(*index);
            let (mut depth, mut stack) = (1, [0; DEEPEST]);
            stack[1] = top.program_id_index;
            for (path, call) in (i64::from(*index) << 16..).skip(1).zip(instructions) {
                let program = call.program_id_index;
                let caller = match call.stack_height.map(usize::from) {
                    None => UNKNOWN,
                    Some(height) if (2..=depth + 1).contains(&height) => {
                        *stack.get_mut(height)? = program;
                        depth = height;
                        if stack[height - 1] == program { ITSELF } else { OTHER }
                    }
                    Some(_) => return None,
                };
                self.call(&mut known, call, caller, path)?;
            }
        }
        Some(())
    }

    fn call(&mut self, known: &mut Known, call: &Call, mut caller: u8, path: i64) -> Option<()> {
        let place = usize::from(call.program_id_index);
        let number = if let Some(number) = known.ours.get(place).copied().flatten() {
            let program = &self.wanted.programs[usize::from(number)];
            if caller == ITSELF && !is_alone(&program.event_authority, call, &known.keys)? {
                caller = OTHER;
            }
            if caller == OTHER && call.data.len() < program.shortest {
                return Some(());
            }
            number
        } else if known.token == Some(place) {
            self.wanted.programs.len() as u8
        } else {
            return Some(());
        };
        if caller != ITSELF {
            self.accounts(known, call)?;
        }
        let found = &mut self.found;
        self.base58.decode(call.data, &mut found.data)?;
        found.transactions.push(found.places.len() as i64);
        found.programs.push(number);
        found.callers.push(caller);
        found.paths.push(path);
        found.data_ends.push(found.data.len() as i64);
        found.account_ends.push(found.accounts.len() as i64);
        Some(())
    }

    fn accounts(&mut self, known: &mut Known, call: &Call) -> Option<()> {
        if known.kept.is_none() {
            known.kept = Some(self.found.keys.len() / ADDRESS);
            for key in &known.keys {
                self.base58.decode_exactly(ADDRESS, key, &mut self.found.keys)?;
            }
        }
        let kept = known.kept?;
        for account in accounts(call)? {
            known.keys.get(account)?;
            self.found.accounts.push((kept + account) as i64);
        }
        Some(())
    }
}

/// Whether the accounts of a call are this one alone.
fn is_alone(account: &str, call: &Call, keys: &[&str]) -> Option<bool> {
    match accounts(call)?[..] {
        [one] => Some(*keys.get(one)? == account),
        ref others => others.iter().all(|place| *place < keys.len()).then_some(false),
    }
}

/// Places among the keys.
fn accounts(call: &Call) -> Option<Vec<usize>> {
    serde_json::from_str(call.accounts.get()).ok()
}
