//! Content ids and hashes over canonical bytes (`collector/identity.py` documents them).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use blake2b_simd::Params;
use xxhash_rust::xxh3::xxh3_64;

use crate::tables::{Mark, Tables};
use crate::written::WrittenKeys;

/// BLAKE2b with an 8-byte digest, read big-endian.
pub fn content_id(content: &[u8]) -> u64 {
    let digest = Params::new().hash_length(8).hash(content);
    digest.as_bytes().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// The low 32 bits of XXH3-64.
pub fn content_hash(content: &[u8]) -> u32 {
    xxh3_64(content) as u32
}

/// Appends a block of a canonical byte string: numbers, then texts with their lengths.
#[inline]
pub fn write_block<const N: usize>(out: &mut Vec<u8>, numbers: [u64; N], texts: &[&[u8]]) {
    out.extend_from_slice(numbers.map(u64::to_le_bytes).as_flattened());
    for text in texts {
        out.extend_from_slice(&(text.len() as u32).to_le_bytes());
        out.extend_from_slice(text);
    }
}

/// A join key: kind and hash (`storage/join_keys.py`).
pub type Key = (u8, u64);

pub const MESSAGE: (u8, &[u8]) = (1, b"message");
pub const SEQUENCE: (u8, &[u8]) = (2, b"sequence");
pub const CORRELATION: (u8, &[u8]) = (3, b"correlation");
pub const WORK: (u8, &[u8]) = (4, b"work");

/// The key of a kind's name and texts, with a zero byte between them. `scratch` is overwritten.
pub fn join_key(scratch: &mut Vec<u8>, kind: (u8, &[u8]), texts: &[&[u8]]) -> Key {
    scratch.clear();
    scratch.extend_from_slice(kind.1);
    for text in texts {
        scratch.push(0);
        scratch.extend_from_slice(text);
    }
    (kind.0, content_id(scratch))
}

/// What stands in the batch already, and ids that were worked out before.
///
/// The maps hash with std's SipHash and random keys: nobody can make their entries meet.
#[derive(Default)]
pub struct Known {
    pub resources: HashSet<u64>,
    pub scopes: HashSet<u64>,
    pub shapes: HashSet<u64>,
    pub correlation: HashSet<u64>,
    pub keys: WrittenKeys,
    /// Bytes of a resource or scope and its schema URL -> id. What is found has its row.
    pub origins: Remembered,
    /// Filled columns of a shape -> id. What is found has its row.
    pub shape_ids: Remembered,
    /// Keys and values of a set -> its place in `correlated`. What is found has its rows.
    pub correlation_sets: Remembered,
    pub correlated: Vec<Correlated>,
    /// Keys of seconds of work that were worked out lately, by resource and second.
    pub work: Vec<Option<((u64, u64), Key)>>,
}

pub struct Correlated {
    pub id: u64,
    pub keys: Box<[Key]>,
    /// The trace whose rows of these keys were written last.
    pub trace: (u64, u64),
}

/// Much more than the traces that stand in one request.
const RECENT: usize = 1024;
/// 2^64 divided by the golden ratio: multiplied with it, a number's bits all reach the top.
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

/// Numbers by content. Content that came lately is found by a faster hash.
#[derive(Default)]
pub struct Remembered {
    numbers: HashMap<Arc<[u8]>, u64>,
    recent: Vec<Option<(Arc<[u8]>, u64)>>,
}

impl Remembered {
    #[inline]
    pub fn find(&mut self, content: &[u8]) -> Option<u64> {
        let place = slot_of(content);
        match self.recent.get(place) {
            Some(Some((recent, number))) if **recent == *content => Some(*number),
            _ => self.find_again(content, place),
        }
    }

    fn find_again(&mut self, content: &[u8], place: usize) -> Option<u64> {
        let (content, &number) = self.numbers.get_key_value(content)?;
        if let Some(slot) = self.recent.get_mut(place) {
            *slot = Some((content.clone(), number));
        }
        Some(number)
    }

    pub fn insert(&mut self, content: &[u8], number: u64) {
        let content: Arc<[u8]> = content.into();
        self.recent.resize(RECENT, None);
        if let Some(slot) = self.recent.get_mut(slot_of(&content)) {
            *slot = Some((content.clone(), number));
        }
        self.numbers.insert(content, number);
    }

    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    pub fn clear(&mut self) {
        self.numbers.clear();
        self.recent.clear();
    }
}

/// Who makes contents meet here is not found faster, no more.
fn slot_of(content: &[u8]) -> usize {
    content_hash(content) as usize % RECENT
}

/// A number from the length, the first and the last bytes. Not for maps that others fill.
#[inline]
pub fn end_hash(content: &[u8]) -> u32 {
    let word = |bytes: Option<&[u8; 8]>| bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let ends = match content.first_chunk::<8>() {
        Some(first) => word(Some(first)) ^ word(content.last_chunk::<8>()).rotate_left(29),
        None => content.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)),
    };
    let mixed = (ends ^ (content.len() as u64) << 56).wrapping_mul(MIX);
    (mixed >> 36) as u32
}

impl Known {
    /// Forgets the rows of `tables` that stand after the mark.
    pub fn forget_after(&mut self, tables: &Tables, mark: &Mark) {
        self.origins.clear();
        self.shape_ids.clear();
        self.correlation_sets.clear();
        self.correlated.clear();
        let after = |from: usize, column: &crate::column::Column| -> Vec<u64> {
            (from..).map_while(|row| column.number_at(row)).collect()
        };
        for (known, from, column) in [
            (&mut self.resources, mark.resources, &tables.resources.resource_id),
            (&mut self.scopes, mark.scopes, &tables.scopes.scope_id),
            (&mut self.shapes, mark.shapes, &tables.shapes.shape_id),
            (&mut self.correlation, mark.correlation, &tables.correlation.correlation_id),
        ] {
            for id in after(from, column) {
                known.remove(&id);
            }
        }
        self.keys.forget_from(&tables.keys, mark.keys);
    }

    pub fn clear(&mut self) {
        self.resources.clear();
        self.scopes.clear();
        self.shapes.clear();
        self.correlation.clear();
        self.keys.clear();
        self.origins.clear();
        self.shape_ids.clear();
        self.correlation_sets.clear();
        self.correlated.clear();
    }
}
