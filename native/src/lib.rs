//! Blocks as columns for Python: see `indexer/scan.py`, which says what it is for and does without it.

mod answer;
mod base58;
mod calls;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use serde::de::DeserializeSeed;
use serde_json::Deserializer;

use answer::Answer;
use calls::{Found, Program, Reader, Wanted};

/// Looks for calls of programs in blocks.
#[pyclass(frozen)]
struct Scanner(Wanted);

#[pymethods]
impl Scanner {
    /// Programs are (address, event authority, digits of the shortest record), all base58.
    #[new]
    fn new(programs: Vec<(String, String, usize)>, token_program: String, io_mint: String) -> Self {
        let programs = programs
            .into_iter()
            .map(|(address, event_authority, shortest)| Program { address, event_authority, shortest })
            .collect();
        Self(Wanted { programs, token_program, io_mint })
    }

    /// An answer to getBlock: its head and, by name, the columns of its calls as bytes. None where it is anything but
    /// a whole block, just as nodes write it.
    fn read<'py>(&self, py: Python<'py>, answer: &[u8]) -> PyResult<Option<(Head, Bound<'py, PyDict>)>> {
        let Some((head, found)) = py.detach(|| scan(&self.0, answer)) else {
            return Ok(None);
        };
        Ok(Some((head, columns(py, &found)?)))
    }
}

/// The answer's number; the block's hash, previous hash, parent's slot, time, and how many transactions of any kind.
type Head = (u64, String, String, u64, u32, usize);

fn scan(wanted: &Wanted, answer: &[u8]) -> Option<(Head, Found)> {
    let mut reader = Reader::new(wanted);
    // JSON is UTF-8, also where nobody looks: the other reader refuses what is not.
    let mut json = Deserializer::from_str(str::from_utf8(answer).ok()?);
    let take = |place, transaction| reader.transaction(place, transaction).is_some();
    let (id, head) = Answer(take).deserialize(&mut json).ok()?;
    json.end().ok()?;
    let hash = |text: Option<&str>| text.filter(|text| is_hash(text)).map(str::to_owned);
    let head = (id, hash(head.blockhash)?, hash(head.previous_blockhash)?, head.parent_slot?, head.time?, head.count?);
    Some((head, reader.found))
}

fn is_hash(text: &str) -> bool {
    (1..=44).contains(&text.len()) && base58::is_base58(text)
}

/// The columns by name, numbers in this machine's order.
fn columns<'py>(py: Python<'py>, found: &Found) -> PyResult<Bound<'py, PyDict>> {
    let columns = PyDict::new(py);
    for (name, bytes) in [
        ("places", bytemuck::cast_slice(&found.places)),
        ("signatures", &found.signatures),
        ("transactions", bytemuck::cast_slice(&found.transactions)),
        ("programs", &found.programs),
        ("callers", &found.callers),
        ("paths", bytemuck::cast_slice(&found.paths)),
        ("data", &found.data),
        ("data_ends", bytemuck::cast_slice(&found.data_ends)),
        ("accounts", bytemuck::cast_slice(&found.accounts)),
        ("account_ends", bytemuck::cast_slice(&found.account_ends)),
        ("keys", &found.keys),
    ] {
        columns.set_item(name, PyBytes::new(py, bytes))?;
    }
    Ok(columns)
}

#[pymodule]
fn ionet_native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Scanner>()
}
