//! What an answer to getBlock looks like: `indexer/blocks.py` says what each part is. Texts with escapes are refused:
//! no node writes any where we look.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// What a block says of itself.
#[derive(Default)]
pub struct Head<'a> {
    pub blockhash: Option<&'a str>,
    pub previous_blockhash: Option<&'a str>,
    pub parent_slot: Option<u64>,
    pub time: Option<u32>,
    /// Transactions of any kind.
    pub count: Option<usize>,
}

/// Reads an answer; each transaction is given away as soon as it is read, so that no more than one is held. `take` gets
/// its place and says whether it can be read.
pub struct Answer<F>(pub F);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum AnswerField {
    Id,
    Error,
    Result,
    #[serde(other)]
    Other,
}

impl<'de, F: FnMut(usize, Transaction<'de>) -> bool> DeserializeSeed<'de> for Answer<F> {
    type Value = (u64, Head<'de>);

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de, F: FnMut(usize, Transaction<'de>) -> bool> Visitor<'de> for Answer<F> {
    type Value = (u64, Head<'de>);

    fn expecting(&self, to: &mut fmt::Formatter) -> fmt::Result {
        to.write_str("an answer")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut id, mut result) = (None, None);
        while let Some(field) = map.next_key()? {
            match field {
                AnswerField::Id => once(&mut id, map.next_value()?)?,
                AnswerField::Result => once(&mut result, map.next_value_seed(Block(&mut self.0))?)?,
                AnswerField::Error => {
                    if map.next_value::<Option<IgnoredAny>>()?.is_some() {
                        return Err(A::Error::custom("an error"));
                    }
                }
                AnswerField::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        id.zip(result).ok_or_else(|| A::Error::custom("no answer"))
    }
}

struct Block<'f, F>(&'f mut F);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum BlockField {
    Blockhash,
    PreviousBlockhash,
    ParentSlot,
    BlockTime,
    Transactions,
    #[serde(other)]
    Other,
}

impl<'de, F: FnMut(usize, Transaction<'de>) -> bool> DeserializeSeed<'de> for Block<'_, F> {
    type Value = Head<'de>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de, F: FnMut(usize, Transaction<'de>) -> bool> Visitor<'de> for Block<'_, F> {
    type Value = Head<'de>;

    fn expecting(&self, to: &mut fmt::Formatter) -> fmt::Result {
        to.write_str("a block")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut head = Head::default();
        while let Some(field) = map.next_key()? {
            match field {
                BlockField::Blockhash => once(&mut head.blockhash, map.next_value()?)?,
                BlockField::PreviousBlockhash => once(&mut head.previous_blockhash, map.next_value()?)?,
                BlockField::ParentSlot => once(&mut head.parent_slot, map.next_value()?)?,
                BlockField::BlockTime => once(&mut head.time, map.next_value()?)?,
                BlockField::Transactions => once(&mut head.count, map.next_value_seed(Transactions(self.0))?)?,
                BlockField::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(head)
    }
}

struct Transactions<'f, F>(&'f mut F);

impl<'de, F: FnMut(usize, Transaction<'de>) -> bool> DeserializeSeed<'de> for Transactions<'_, F> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(usize, Transaction<'de>) -> bool> Visitor<'de> for Transactions<'_, F> {
    type Value = usize;

    fn expecting(&self, to: &mut fmt::Formatter) -> fmt::Result {
        to.write_str("transactions")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut count = 0;
        while let Some(Object(transaction)) = list.next_element()? {
            if !(self.0)(count, transaction) {
                return Err(A::Error::custom("a transaction that cannot be read"));
            }
            count += 1;
        }
        Ok(count)
    }
}

fn once<T, E: Error>(known: &mut Option<T>, value: T) -> Result<(), E> {
    match known.replace(value) {
        None => Ok(()),
        Some(_) => Err(E::custom("a name twice")),
    }
}

#[derive(Deserialize)]
pub struct Transaction<'a> {
    #[serde(borrow, deserialize_with = "object")]
    pub transaction: Signed<'a>,
    #[serde(borrow, deserialize_with = "object")]
    pub meta: Meta<'a>,
}

#[derive(Deserialize)]
pub struct Signed<'a> {
    #[serde(borrow, deserialize_with = "object")]
    pub message: Message<'a>,
    #[serde(borrow)]
    pub signatures: Vec<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message<'a> {
    #[serde(borrow)]
    pub account_keys: Vec<&'a str>,
    #[serde(borrow)]
    pub instructions: Vec<Object<Call<'a>>>,
    #[serde(default)]
    pub address_table_lookups: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Meta<'a> {
    #[serde(rename = "err", deserialize_with = "is_there")]
    pub is_failed: bool,
    #[serde(borrow)]
    pub inner_instructions: Option<Vec<Object<InnerCalls<'a>>>>,
    #[serde(borrow)]
    pub loaded_addresses: Option<Object<LoadedAddresses<'a>>>,
}

#[derive(Deserialize)]
pub struct InnerCalls<'a> {
    pub index: u16,
    #[serde(borrow)]
    pub instructions: Vec<Object<Call<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct LoadedAddresses<'a> {
    #[serde(borrow)]
    pub writable: Vec<&'a str>,
    #[serde(borrow)]
    pub readonly: Vec<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Call<'a> {
    pub program_id_index: u16,
    /// Most are never looked at.
    #[serde(borrow)]
    pub accounts: &'a RawValue,
    pub data: &'a str,
    pub stack_height: Option<u16>,
}

/// What is written as an object: serde takes a list for a struct, too, field by field, and the other reader does not.
pub struct Object<T>(pub T);

impl<T> Deref for Object<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        object(from).map(Object)
    }
}

fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    struct Members<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
        type Value = T;

        fn expecting(&self, to: &mut fmt::Formatter) -> fmt::Result {
            to.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }

    from.deserialize_map(Members(PhantomData))
}

/// Whether there is anything but null; unlike an `Option`, it has to be there.
fn is_there<'de, D: Deserializer<'de>>(value: D) -> Result<bool, D::Error> {
    Option::<IgnoredAny>::deserialize(value).map(|found| found.is_some())
}
