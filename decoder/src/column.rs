//! One Arrow column under construction, in the buffers that Arrow defines: bits of
//! validity, 32-bit offsets, values in the machine's byte order.
//!
//! A column is cut back to any number of rows, which is how a bad request disappears.

use crate::wire::{Flaw, Walked};

const LONGEST: usize = i32::MAX as usize;
/// Memory that a column keeps for the next batch however little was in this one.
const KEPT: usize = 32 << 20;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Numbers of this many bytes, a power of two.
    Number(usize),
    Text,
    Flag,
}

#[derive(Default, Clone)]
struct Bits {
    bytes: Vec<u8>,
    length: usize,
    unset: usize,
}

impl Bits {
    #[inline]
    fn push(&mut self, bit: bool) {
        let place = self.length & 7;
        if place == 0 {
            self.bytes.push(0);
        }
        if let Some(last) = self.bytes.last_mut() {
            *last |= u8::from(bit) << place;
        }
        self.length += 1;
        self.unset += usize::from(!bit);
    }

    fn push_unset(&mut self, count: usize) {
        self.length += count;
        self.unset += count;
        self.bytes.resize(self.length.div_ceil(8), 0);
    }

    fn truncate(&mut self, length: usize) {
        let length = length.min(self.length);
        self.length = length;
        self.bytes.truncate(length.div_ceil(8));
        if let Some(last) = self.bytes.last_mut()
            && length & 7 != 0
        {
            *last &= (1 << (length & 7)) - 1;
        }
        let set: u32 = self.bytes.iter().map(|byte| byte.count_ones()).sum();
        self.unset = length - set as usize;
    }
}

pub struct Column {
    kind: Kind,
    nullable: bool,
    valid: Bits,
    flags: Bits,
    offsets: Vec<u8>,
    data: Vec<u8>,
}

/// The buffers of a column, as `pyarrow.Array.from_buffers` takes them.
pub struct Buffers<'a> {
    pub validity: Option<&'a [u8]>,
    pub offsets: Option<&'a [u8]>,
    pub data: &'a [u8],
}

impl Column {
    pub fn new(kind: Kind, nullable: bool) -> Self {
        let offsets = if kind == Kind::Text { vec![0; 4] } else { Vec::new() };
        let (valid, flags) = Default::default();
        Column { kind, nullable, valid, flags, offsets, data: Vec::new() }
    }

    #[inline]
    fn is_there(&mut self, there: bool) {
        if self.nullable {
            self.valid.push(there);
        }
    }

    #[inline]
    pub fn u64(&mut self, value: u64) {
        self.is_there(true);
        self.data.extend_from_slice(&value.to_ne_bytes());
    }

    #[inline]
    pub fn i64(&mut self, value: i64) {
        self.is_there(true);
        self.data.extend_from_slice(&value.to_ne_bytes());
    }

    #[inline]
    pub fn u32(&mut self, value: u32) {
        self.is_there(true);
        self.data.extend_from_slice(&value.to_ne_bytes());
    }

    #[inline]
    pub fn i32(&mut self, value: i32) {
        self.is_there(true);
        self.data.extend_from_slice(&value.to_ne_bytes());
    }

    #[inline]
    pub fn u8(&mut self, value: u8) {
        self.is_there(true);
        self.data.push(value);
    }

    #[inline]
    pub fn flag(&mut self, value: bool) {
        self.is_there(true);
        self.flags.push(value);
    }

    #[inline]
    pub fn text(&mut self, value: &[u8]) -> Walked<()> {
        self.data.extend_from_slice(value);
        self.end_text()
    }

    /// What was written to `open_text` since the last row becomes a row.
    #[inline]
    pub fn end_text(&mut self) -> Walked<()> {
        self.is_there(true);
        self.push_offset(self.data.len())
    }

    /// As `end_text`, of several rows: `end` is what `open_text` was long then.
    #[inline]
    pub fn end_text_at(&mut self, end: usize) -> Walked<()> {
        self.is_there(true);
        self.push_offset(end)
    }

    #[inline]
    fn push_offset(&mut self, end: usize) -> Walked<()> {
        if end > LONGEST {
            return Err(Flaw("more than 2 GiB of text stand in one batch"));
        }
        self.offsets.extend_from_slice(&(end as u32).to_ne_bytes());
        Ok(())
    }

    /// The text column's bytes, to write the next row's text to.
    pub fn open_text(&mut self) -> &mut Vec<u8> {
        &mut self.data
    }

    /// All texts one after the other, the open one last.
    #[inline]
    pub fn texts(&self) -> &[u8] {
        &self.data
    }

    /// Where the open text begins.
    #[inline]
    pub fn open_from(&self) -> usize {
        self.offsets.last_chunk().map_or(0, |end| u32::from_ne_bytes(*end) as usize)
    }

    /// Drops what was written to the open text.
    pub fn drop_open(&mut self) {
        self.data.truncate(self.open_from());
    }

    /// Padded up to this row, to write it: how a column is written that is mostly null, or 0
    /// where nothing is null.
    #[inline]
    pub fn at(&mut self, row: usize) -> &mut Self {
        self.pad(row);
        self
    }

    /// Up to this number of rows, with nulls or, where nothing is null, zeros.
    #[inline]
    pub fn pad(&mut self, rows: usize) {
        let missing = rows.saturating_sub(self.rows());
        if missing > 0 {
            self.push_missing(missing);
        }
    }

    #[inline]
    fn rows(&self) -> usize {
        match self.kind {
            Kind::Number(width) => self.data.len() >> width.trailing_zeros(),
            Kind::Flag => self.flags.length,
            Kind::Text => self.offsets.len() / 4 - 1,
        }
    }

    fn push_missing(&mut self, missing: usize) {
        if self.nullable {
            self.valid.push_unset(missing);
        }
        match self.kind {
            Kind::Number(width) => self.data.resize(self.data.len() + missing * width, 0),
            Kind::Flag => self.flags.push_unset(missing),
            Kind::Text => {
                let end = (self.data.len() as u32).to_ne_bytes();
                for _ in 0..missing {
                    self.offsets.extend_from_slice(&end);
                }
            }
        }
    }

    /// Likewise, of a text that is absent when it is empty.
    #[inline]
    pub fn text_at(&mut self, row: usize, value: &[u8]) -> Walked<()> {
        if value.is_empty() { Ok(()) } else { self.at(row).text(value) }
    }

    /// Likewise, of a number that is 0 where it is padded.
    #[inline]
    pub fn u32_at(&mut self, row: usize, value: u32) {
        if value != 0 {
            self.at(row).u32(value);
        }
    }

    pub fn truncate(&mut self, rows: usize) {
        match self.kind {
            Kind::Number(width) => self.data.truncate(rows * width),
            Kind::Flag => self.flags.truncate(rows),
            Kind::Text => {
                self.offsets.truncate((rows + 1) * 4);
                self.drop_open();
            }
        }
        if self.nullable {
            self.valid.truncate(rows);
        }
    }

    /// Empty; keeps its memory, as long as it is not much more than it had use for.
    pub fn clear(&mut self) {
        let used = self.data.len();
        self.truncate(0);
        if self.data.capacity() > KEPT && self.data.capacity() / 4 > used {
            self.data.shrink_to(KEPT.max(used));
        }
    }

    /// When it is padded to this number of rows.
    pub fn nbytes(&self, rows: usize) -> usize {
        let bits = rows.div_ceil(8);
        let values = match self.kind {
            Kind::Number(width) => rows * width,
            Kind::Flag => bits,
            Kind::Text => (rows + 1) * 4 + self.data.len(),
        };
        values + if self.nullable { bits } else { 0 }
    }

    pub fn buffers(&self) -> Buffers<'_> {
        Buffers {
            validity: (self.valid.unset > 0).then_some(&self.valid.bytes),
            offsets: (self.kind == Kind::Text).then_some(&self.offsets),
            data: if self.kind == Kind::Flag { &self.flags.bytes } else { &self.data },
        }
    }

    /// The number in a row of a column of 64-bit numbers.
    pub fn number_at(&self, row: usize) -> Option<u64> {
        let (_, rest) = self.data.split_at_checked(row * 8)?;
        rest.first_chunk().map(|bytes| u64::from_ne_bytes(*bytes))
    }

    /// The number in a row of a column of bytes.
    pub fn byte_at(&self, row: usize) -> Option<u8> {
        self.data.get(row).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_cut_back_in_the_middle_of_a_byte_and_of_a_text() {
        let mut column = Column::new(Kind::Text, true);
        for row in 0..11 {
            let text: &[u8] = if row % 3 == 0 { b"" } else { b"ab" };
            column.text_at(row, text).unwrap_or_default();
        }
        column.open_text().extend_from_slice(b"half a text");
        column.truncate(5);
        assert_eq!(column.texts(), b"ababab");
        let buffers = column.buffers();
        assert_eq!(buffers.validity, Some(&[0b10110][..]));
        assert_eq!(buffers.offsets.map(<[u8]>::len), Some(24));
        column.at(6).text(b"c").unwrap_or_default();
        assert_eq!(column.buffers().validity, Some(&[0b1010110][..]));
    }
}
