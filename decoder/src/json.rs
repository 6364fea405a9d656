//! AnyValue and KeyValue (opentelemetry/proto/common/v1/common.proto) as JSON text.
//!
//! Text grows at the end of one buffer. Protobuf lets any field stand twice, so values and
//! objects stay open until their message is over: a scalar's last occurrence wins, arrays
//! and objects that stand twice are one.

use std::collections::HashMap;
use std::ops::Range;

use crate::identity::end_hash;
use crate::number::{write_double, write_int};
use crate::phrases::{Phrases, Told, mix};
use crate::rules::Rules;
use crate::text::{write_base64, write_string};
use crate::wire::{Cursor, FIXED64, LENGTH, VARINT, Walked, tag};

/// Levels of arrays and objects that are kept.
const DEEPEST: u32 = 30;
const TOO_DEEP: &[u8] = b"\"[nested too deeply]\"";
/// Values inside a message at this depth are not looked at. Links and events stand six
/// messages deep, a level of a value adds at most three; protobuf allows 100.
const DEEPEST_MESSAGE: u32 = 6 + 3 * DEEPEST;
/// Objects of more pairs than this look their keys up in a map.
const FEW: usize = 24;

const KEY: u32 = tag(1, LENGTH);
const VALUE: u32 = tag(2, LENGTH);
const VALUES: u32 = tag(1, LENGTH);

const STRING_VALUE: u32 = tag(1, LENGTH);
const BOOL_VALUE: u32 = tag(2, VARINT);
const INT_VALUE: u32 = tag(3, VARINT);
const DOUBLE_VALUE: u32 = tag(4, FIXED64);
const ARRAY_VALUE: u32 = tag(5, LENGTH);
const KVLIST_VALUE: u32 = tag(6, LENGTH);
const BYTES_VALUE: u32 = tag(7, LENGTH);
const STRING_VALUE_STRINDEX: u32 = tag(8, VARINT);

// Tags of one byte.
const KEY_BYTE: u8 = KEY as u8;
const VALUE_BYTE: u8 = VALUE as u8;
const STRING_BYTE: u8 = STRING_VALUE as u8;

/// What a value's text is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Null,
    /// A string in which nothing is escaped.
    Plain,
    Escaped,
    Int,
    Real,
    Flag,
    Bytes,
    Array,
    Object,
}

/// Where a pair stands in the text: `"key":value`.
#[derive(Clone, Copy)]
pub struct Pair {
    start: usize,
    key_end: usize,
    end: usize,
    pub told: Told,
}

impl Pair {
    /// The key as JSON text without its quotes.
    #[inline]
    pub fn key<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        text.get(self.start + 1..self.key_end - 1).unwrap_or_default()
    }

    #[inline]
    fn quoted_key<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        text.get(self.start..self.key_end).unwrap_or_default()
    }

    /// Where the value stands.
    #[inline]
    pub fn value(&self) -> (usize, usize) {
        (self.key_end + 1, self.end)
    }
}

/// An object that pairs are added to.
pub struct Object {
    start: usize,
    /// The pairs of this object stand on the stack from here on.
    base: usize,
}

/// A value that is being written. It is null until something of it is.
struct Open {
    form: Form,
    start: usize,
    base: usize,
}

/// Writes objects. Holds the pairs of those that are open, the innermost last.
#[derive(Default)]
pub struct Writer {
    pairs: Vec<Pair>,
    spare: Vec<u8>,
    phrases: Phrases,
}

impl Writer {
    pub fn clear(&mut self) {
        self.pairs.clear();
    }

    /// Gives memory back beyond about so many bytes.
    pub fn shrink_to(&mut self, bytes: usize) {
        self.pairs.clear();
        self.pairs.shrink_to(bytes / size_of::<Pair>());
        self.spare.clear();
        self.spare.shrink_to(bytes);
    }

    #[inline]
    pub fn open_object(&mut self, out: &mut Vec<u8>) -> Object {
        let object = Object { start: out.len(), base: self.pairs.len() };
        out.push(b'{');
        object
    }

    /// Ends an object. Of a key that stands twice the last value is kept, where the first
    /// stood, as in a Python dict.
    #[inline]
    pub fn close_object(&mut self, out: &mut Vec<u8>, object: &Object) {
        let count = self.pairs.len() - object.base;
        if count > 1 && self.has_repeated_key(out, object.base) {
            self.drop_repeated(out, object);
        }
        out.push(b'}');
    }

    /// Where the pairs of an object stand that was closed last.
    #[inline]
    pub fn range(&self, object: &Object) -> Range<usize> {
        object.base..self.pairs.len()
    }

    /// Pairs that nothing was forgotten of.
    #[inline]
    pub fn pairs(&self, range: Range<usize>) -> &[Pair] {
        self.pairs.get(range).unwrap_or_default()
    }

    #[inline]
    fn has_repeated_key(&self, out: &[u8], base: usize) -> bool {
        let pairs = self.pairs.get(base..).unwrap_or_default();
        if pairs.len() > FEW {
            return true; // to be found out with a map
        }
        let mut seen = 0u64;
        for (place, pair) in pairs.iter().enumerate() {
            let bit = 1u64 << (pair.told.hash & 63);
            if seen & bit != 0 {
                let mut before = pairs.iter().take(place);
                if before
                    .any(|one| one.told.hash == pair.told.hash && one.key(out) == pair.key(out))
                {
                    return true;
                }
            }
            seen |= bit;
        }
        false
    }

    #[cold]
    fn drop_repeated(&mut self, out: &mut Vec<u8>, object: &Object) {
        let pairs = self.pairs.get(object.base..).unwrap_or_default();
        let mut places: HashMap<&[u8], usize> = HashMap::with_capacity(pairs.len());
        let mut kept: Vec<(Pair, Pair)> = Vec::with_capacity(pairs.len()); // key, value
        for pair in pairs {
            let place = *places.entry(pair.quoted_key(out)).or_insert(kept.len());
            match kept.get_mut(place) {
                Some((_, value)) => *value = *pair,
                None => kept.push((*pair, *pair)),
            }
        }
        if kept.len() == pairs.len() {
            return;
        }
        self.spare.clear();
        let mut moved = Vec::with_capacity(kept.len());
        for (key, value) in &kept {
            if !self.spare.is_empty() {
                self.spare.push(b',');
            }
            let start = object.start + 1 + self.spare.len();
            self.spare.extend_from_slice(key.quoted_key(out));
            let key_end = object.start + 1 + self.spare.len();
            self.spare.push(b':');
            let (from, to) = value.value();
            self.spare.extend_from_slice(out.get(from..to).unwrap_or_default());
            let end = object.start + 1 + self.spare.len();
            let told = Told { form: value.told.form, ..key.told };
            moved.push(Pair { start, key_end, end, told });
        }
        out.truncate(object.start + 1);
        out.extend_from_slice(&self.spare);
        self.pairs.truncate(object.base);
        self.pairs.extend_from_slice(&moved);
    }

    /// Adds a KeyValue that stands in a message at `depth`.
    #[inline]
    pub fn add_pair(
        &mut self,
        out: &mut Vec<u8>,
        object: &Object,
        rules: &Rules,
        message: &[u8],
        depth: u32,
    ) -> Walked<()> {
        let follows = self.pairs.len() > object.base;
        let Some(mix) = mix(message) else {
            return self.pair(out, follows, Some(rules), message, 0, depth + 1);
        };
        let start = out.len() + usize::from(follows);
        if let Some(phrase) = self.phrases.find(message, mix) {
            if follows {
                phrase.write(out)
            } else {
                phrase.write_first(out)
            }
            let key_end = start + phrase.key_length();
            self.pairs.push(Pair { start, key_end, end: out.len(), told: phrase.told });
            return Ok(());
        }
        self.pair(out, follows, Some(rules), message, 0, depth + 1)?;
        if self.phrases.is_worth(mix)
            && let Some(&Pair { start, key_end, end, told }) = self.pairs.last()
        {
            let text = out.get(start..end).unwrap_or_default();
            self.phrases.keep(message, mix, text, key_end - start, told);
        }
        Ok(())
    }

    fn pair(
        &mut self,
        out: &mut Vec<u8>,
        follows: bool,
        rules: Option<&Rules>,
        message: &[u8],
        level: u32,
        depth: u32,
    ) -> Walked<()> {
        if let Some((key, text)) = as_short_texts(message)
            && depth < DEEPEST_MESSAGE
        {
            let start = out.len() + usize::from(follows);
            let (name, hash) = write_key(out, follows, key, rules);
            let key_end = out.len() - 1;
            let form = if write_string(out, text) { Form::Plain } else { Form::Escaped };
            let told = Told { hash, name, form };
            self.pairs.push(Pair { start, key_end, end: out.len(), told });
            return Ok(());
        }
        let (mut key, mut value, mut values) = (&b""[..], &b""[..], 0);
        let mut cursor = Cursor::new(message);
        while let Some(tag) = cursor.tag()? {
            match tag {
                KEY => key = cursor.bytes()?,
                VALUE => {
                    value = cursor.bytes()?;
                    values += 1;
                }
                _ => cursor.skip(tag, depth)?,
            }
        }
        let start = out.len() + usize::from(follows);
        let (name, hash) = write_key(out, follows, key, rules);
        let key_end = out.len() - 1;
        let mut open = self.open_value(out);
        if values == 1 {
            self.merge(out, &mut open, value, level, depth)?;
        } else if values > 1 {
            self.merge_all(out, &mut open, message, level, depth)?;
        }
        self.close_value(out, &open);
        let told = Told { hash, name, form: open.form };
        self.pairs.push(Pair { start, key_end, end: out.len(), told });
        Ok(())
    }

    /// Every occurrence of a KeyValue's value.
    #[cold]
    fn merge_all(
        &mut self,
        out: &mut Vec<u8>,
        open: &mut Open,
        message: &[u8],
        level: u32,
        depth: u32,
    ) -> Walked<()> {
        let mut cursor = Cursor::new(message);
        while let Some(tag) = cursor.tag()? {
            match tag {
                VALUE => self.merge(out, open, cursor.bytes()?, level, depth)?,
                _ => cursor.skip(tag, depth)?,
            }
        }
        Ok(())
    }

    #[inline]
    fn open_value(&self, out: &[u8]) -> Open {
        Open { form: Form::Null, start: out.len(), base: self.pairs.len() }
    }

    /// Reads an AnyValue that stands in a message at `depth`.
    fn merge(
        &mut self,
        out: &mut Vec<u8>,
        open: &mut Open,
        message: &[u8],
        level: u32,
        depth: u32,
    ) -> Walked<()> {
        if depth >= DEEPEST_MESSAGE {
            return Ok(());
        }
        let depth = depth + 1;
        let mut cursor = Cursor::new(message);
        if let Some(text) = cursor.short_bytes(STRING_VALUE) {
            self.string(out, open, text);
        }
        while let Some(tag) = cursor.tag()? {
            match tag {
                STRING_VALUE => {
                    let text = cursor.bytes()?;
                    self.string(out, open, text);
                }
                INT_VALUE => {
                    let number = cursor.varint()?;
                    self.reset(out, open, Form::Int);
                    write_int(out, number as i64);
                }
                BOOL_VALUE => {
                    let flag = cursor.varint()? != 0;
                    self.reset(out, open, Form::Flag);
                    out.extend_from_slice(if flag { b"true" } else { b"false" });
                }
                DOUBLE_VALUE => {
                    let number = f64::from_bits(cursor.fixed64()?);
                    let form = if number.is_finite() { Form::Real } else { Form::Plain };
                    self.reset(out, open, form);
                    write_double(out, number);
                }
                BYTES_VALUE => {
                    let bytes = cursor.bytes()?;
                    self.reset(out, open, Form::Bytes);
                    out.extend_from_slice(b"{\"bytes\":");
                    write_base64(out, bytes);
                    out.push(b'}');
                }
                STRING_VALUE_STRINDEX => {
                    cursor.varint()?; // of another signal
                    self.reset(out, open, Form::Null);
                }
                ARRAY_VALUE => {
                    self.nested(out, open, Form::Array, cursor.bytes()?, level, depth)?
                }
                KVLIST_VALUE => {
                    self.nested(out, open, Form::Object, cursor.bytes()?, level, depth)?;
                }
                _ => cursor.skip(tag, depth)?,
            }
        }
        Ok(())
    }

    #[inline]
    fn string(&mut self, out: &mut Vec<u8>, open: &mut Open, text: &[u8]) {
        self.reset(out, open, Form::Plain);
        if !write_string(out, text) {
            open.form = Form::Escaped;
        }
    }

    /// Reads an ArrayValue or a KeyValueList.
    fn nested(
        &mut self,
        out: &mut Vec<u8>,
        open: &mut Open,
        form: Form,
        message: &[u8],
        level: u32,
        depth: u32,
    ) -> Walked<()> {
        if open.form != form {
            self.reset(out, open, form);
            out.push(if form == Form::Array { b'[' } else { b'{' });
        }
        let depth = depth + 1;
        let mut cursor = Cursor::new(message);
        while let Some(tag) = cursor.tag()? {
            if tag != VALUES {
                cursor.skip(tag, depth)?;
                continue;
            }
            let item = cursor.bytes()?;
            let follows = out.len() > open.start + 1;
            if form == Form::Object {
                self.pair(out, follows, None, item, level + 1, depth + 1)?;
                continue;
            }
            if follows {
                out.push(b',');
            }
            let mut open_item = self.open_value(out);
            self.merge(out, &mut open_item, item, level + 1, depth)?;
            self.close_value(out, &open_item);
        }
        if level == DEEPEST {
            // Read for its faults, not kept.
            self.reset(out, open, Form::Plain);
            out.extend_from_slice(TOO_DEEP);
        }
        Ok(())
    }

    /// Drops what an earlier member of the oneof had written.
    #[inline]
    fn reset(&mut self, out: &mut Vec<u8>, open: &mut Open, form: Form) {
        if open.form != Form::Null {
            out.truncate(open.start);
            self.pairs.truncate(open.base);
        }
        open.form = form;
    }

    #[inline]
    fn close_value(&mut self, out: &mut Vec<u8>, open: &Open) {
        match open.form {
            Form::Null => out.extend_from_slice(b"null"),
            Form::Array => out.push(b']'),
            Form::Object => {
                let object = Object { start: open.start, base: open.base };
                self.close_object(out, &object);
                self.pairs.truncate(open.base);
            }
            _ => {}
        }
    }
}

/// Key and value of a KeyValue as nearly everybody writes them: each once, the value a text,
/// both of fewer than 128 bytes.
#[inline]
fn as_short_texts(message: &[u8]) -> Option<(&[u8], &[u8])> {
    let [KEY_BYTE, key_length @ ..0x80, rest @ ..] = message else { return None };
    let (key, rest) = rest.split_at_checked(usize::from(*key_length))?;
    let [VALUE_BYTE, value_length @ ..0x80, STRING_BYTE, length @ ..0x80, text @ ..] = rest else {
        return None;
    };
    let fits = usize::from(*length) == text.len() && *value_length == *length + 2;
    fits.then_some((key, text))
}

/// Writes a comma if something is before it, a key and its colon; gives the number of its name
/// if `rules` know it, else 0, and the `end_hash` of its text.
#[inline]
fn write_key(out: &mut Vec<u8>, follows: bool, key: &[u8], rules: Option<&Rules>) -> (u16, u32) {
    let mut hash = end_hash(key);
    if let Some((number, name)) = rules.and_then(|rules| rules.find(key, hash))
        && name.is_plain
    {
        out.extend_from_slice(name.quoted.get(usize::from(!follows)..).unwrap_or_default());
        return (number, hash);
    }
    if follows {
        out.push(b',');
    }
    let start = out.len();
    let mut number = 0;
    if !write_string(out, key) {
        let text = out.get(start + 1..out.len() - 1).unwrap_or_default();
        hash = end_hash(text);
        number = rules.and_then(|rules| rules.find(text, hash)).map_or(0, |(number, _)| number);
    }
    out.push(b':');
    (number, hash)
}

/// A list of texts as a JSON array.
pub fn write_strings<'a>(out: &mut Vec<u8>, texts: impl Iterator<Item = &'a [u8]>) {
    out.push(b'[');
    for (place, text) in texts.enumerate() {
        if place > 0 {
            out.push(b',');
        }
        write_string(out, text);
    }
    out.push(b']');
}
