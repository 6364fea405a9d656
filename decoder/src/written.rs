//! Which rows of `keys` stand in the batch already.

use std::hash::{BuildHasher, RandomState};

use crate::identity::Key;
use crate::tables::Keys;

/// Trace, kind and hash of a row.
type Row = [u64; 4];

const FEWEST_SLOTS: usize = 1 << 10;
/// Memory for more is given back when a batch did not need it.
const KEPT_SLOTS: usize = 1 << 19;
/// Rows that are looked up together: so many look-ups wait for memory at once, not one after
/// the other.
const TOGETHER: usize = 256;

/// The rows by what stands in them: open addressing, at most half full, a step at a time.
///
/// A slot is 0 or a row's number plus one, below the upper half of its hash.
pub struct WrittenKeys {
    slots: Vec<u64>,
    rows: usize,
    /// Rows to be added, and their hashes.
    pending: Vec<(Row, u64)>,
    factors: [u128; 4],
    summand: u128,
}

impl Default for WrittenKeys {
    fn default() -> Self {
        let random = RandomState::new();
        let number = |place: u128| {
            u128::from(random.hash_one(place)) << 64 | u128::from(random.hash_one(!place))
        };
        WrittenKeys {
            slots: Vec::new(),
            rows: 0,
            pending: Vec::new(),
            factors: [1, 2, 3, 4].map(number),
            summand: number(0),
        }
    }
}

impl WrittenKeys {
    /// Adds the row of a trace's key to the table, unless it stands there; `flush` at the latest
    /// does so.
    #[inline]
    pub fn add(&mut self, keys: &mut Keys, (hi, lo): (u64, u64), (kind, key_hash): Key) {
        let row = [hi, lo, u64::from(kind), key_hash];
        self.pending.push((row, self.hash(row)));
        if self.pending.len() >= TOGETHER {
            self.flush(keys);
        }
    }

    pub fn flush(&mut self, keys: &mut Keys) {
        while (self.rows + self.pending.len()) * 2 > self.slots.len() {
            self.grow();
        }
        let pending = std::mem::take(&mut self.pending);
        // Brings the slots near; no look-up waits for the one before.
        let homes = pending.iter().filter_map(|(_, hash)| self.slots.get(self.home(*hash)));
        std::hint::black_box(homes.fold(0, |sum, slot| sum | slot));
        for &(row, hash) in &pending {
            self.add_row(keys, row, hash);
        }
        self.pending = pending;
        self.pending.clear();
    }

    fn add_row(&mut self, keys: &mut Keys, row: Row, hash: u64) {
        let mut place = self.home(hash);
        while let Some(&slot) = self.slots.get(place)
            && slot != 0
        {
            if slot ^ hash <= u64::from(u32::MAX) && keys.row(number_of(slot)) == Some(row) {
                return;
            }
            place = self.after(place);
        }
        if let Some(slot) = self.slots.get_mut(place) {
            *slot = hash | (keys.rows as u64 + 1);
        }
        self.rows += 1;
        keys.push(row);
    }

    /// Forgets the table's rows from this one on, and those that are to be added. Whatever was added last is taken out first,
    /// so each leaves the slots as they were before it.
    pub fn forget_from(&mut self, keys: &Keys, first: usize) {
        self.pending.clear();
        for number in (first..self.rows).rev() {
            let Some(row) = keys.row(number) else { continue };
            let hash = self.hash(row);
            let mut place = self.home(hash);
            while let Some(slot) = self.slots.get_mut(place)
                && *slot != 0
            {
                if *slot == hash | (number as u64 + 1) {
                    *slot = 0;
                    break;
                }
                place = self.after(place);
            }
        }
        self.rows = self.rows.min(first);
    }

    pub fn clear(&mut self) {
        if self.slots.len() > KEPT_SLOTS && self.slots.len() / 8 > self.rows {
            self.slots = Vec::new();
        }
        self.slots.fill(0);
        self.rows = 0;
        self.pending.clear();
    }

    /// Twice as many slots, as if the rows had been added to them in their order.
    #[cold]
    fn grow(&mut self) {
        let count = FEWEST_SLOTS.max(self.slots.len() * 2);
        let mut old = std::mem::replace(&mut self.slots, vec![0; count]);
        old.retain(|&slot| slot != 0);
        old.sort_unstable_by_key(|&slot| slot as u32);
        for slot in old {
            let mut place = self.home(slot);
            while self.slots.get(place).is_some_and(|&taken| taken != 0) {
                place = self.after(place);
            }
            if let Some(free) = self.slots.get_mut(place) {
                *free = slot;
            }
        }
    }

    /// In the upper half of the number. A strongly universal function of secret numbers: nobody
    /// can make rows meet more often than chance does.
    #[inline]
    fn hash(&self, row: Row) -> u64 {
        let sum = row.iter().zip(&self.factors).fold(self.summand, |sum, (&number, &factor)| {
            sum.wrapping_add(factor.wrapping_mul(u128::from(number)))
        });
        ((sum >> 96) as u64) << 32
    }

    #[inline]
    fn home(&self, hash: u64) -> usize {
        (hash >> 32) as usize & (self.slots.len() - 1)
    }

    #[inline]
    fn after(&self, place: usize) -> usize {
        (place + 1) & (self.slots.len() - 1)
    }
}

fn number_of(slot: u64) -> usize {
    (slot as u32) as usize - 1
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::rules::Rules;
    use crate::tables::{Table, Tables};

    /// Rows of which every third is there already.
    fn add(written: &mut WrittenKeys, keys: &mut Keys, numbers: std::ops::Range<u64>) {
        for number in numbers {
            for again in [number, number / 2] {
                written.add(keys, (again, again % 7), (1, again / 3));
            }
        }
        written.flush(keys);
    }

    #[test]
    fn each_row_stands_once_also_after_some_were_forgotten() -> Result<(), String> {
        let rules = Rules::new(Vec::new(), Vec::new(), Vec::new())?;
        let keys = &mut Tables::new(&rules).keys;
        let mut written = WrittenKeys::default();
        add(&mut written, keys, 0..300);
        for _ in 0..3 {
            let first = keys.rows;
            add(&mut written, keys, 200..3_000);
            assert_eq!(keys.rows, 3_000);
            written.add(keys, (1, 2), (3, 4)); // and another one that is not flushed
            written.forget_from(keys, first);
            keys.truncate(first);
            assert_eq!(written.slots.iter().filter(|&&slot| slot != 0).count(), 300);
        }
        add(&mut written, keys, 200..3_000);
        let distinct: HashSet<_> = (0..keys.rows).map(|row| keys.row(row)).collect();
        assert_eq!((keys.rows, distinct.len()), (3_000, 3_000));
        written.clear();
        keys.clear();
        add(&mut written, keys, 0..10);
        assert_eq!(keys.rows, 10);
        Ok(())
    }
}
