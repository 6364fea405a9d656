//! What attributes say to typed columns and correlation keys.
//!
//! Values are read from the JSON text that is stored, which holds all that matters: the
//! text of a number or a boolean is the one that people compare.

use crate::json::{Form, Pair};
use crate::rules::{Rules, Target, Type};
use crate::text::unescape;

/// Longer values are documents, not ids. In characters.
const LONGEST_ID: usize = 512;

#[derive(Clone, Copy)]
pub enum Value {
    /// From where to where it stands in the attributes' JSON.
    Text(usize, usize),
    /// From where to where it stands in the reader's own memory.
    Unescaped(usize, usize),
    Int(i64),
    Flag(bool),
}

/// A value for a typed column or a correlation key.
#[derive(Clone, Copy)]
pub struct Found {
    pub index: u16,
    pub priority: u16,
    pub value: Value,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Text,
    /// The first of an array of texts.
    First,
    Int,
    Real,
    Flag,
}

#[derive(Default)]
pub struct Reader {
    /// By column, the winner of each first.
    pub typed: Vec<Found>,
    /// By key, the winner of each first.
    pub correlation: Vec<Found>,
    unescaped: Vec<u8>,
}

impl Reader {
    /// Reads the attributes whose names the rules know. `json` holds the pairs.
    #[inline]
    pub fn read(&mut self, rules: &Rules, json: &[u8], pairs: &[Pair], with_correlation: bool) {
        self.typed.clear();
        self.correlation.clear();
        self.unescaped.clear();
        for pair in pairs {
            let Some(name) = rules.name(pair.told.name) else { continue };
            let Some((class, value)) = self.plain(json, pair) else { continue };
            let text = text_of(json, &self.unescaped, value);
            for &Target { index, priority, kind } in &name.typed {
                if let Some(value) = coerce(kind, class, value, text) {
                    self.typed.push(Found { index, priority, value });
                }
            }
            if with_correlation && !name.correlation.is_empty() && is_id(text) {
                for &Target { index, priority, .. } in &name.correlation {
                    self.correlation.push(Found { index, priority, value });
                }
            }
        }
        for found in [&mut self.typed, &mut self.correlation] {
            if !found.is_sorted_by_key(rank) {
                found.sort_unstable_by_key(rank);
            }
        }
    }

    /// The plain text of one value, if it has one that is not empty.
    pub fn read_one(&mut self, json: &[u8], pair: &Pair) -> Option<Value> {
        self.unescaped.clear();
        let (_, value) = self.plain(json, pair)?;
        (!self.text(json, value).is_empty()).then_some(value)
    }

    /// A value that is a text; numbers and flags are none.
    #[inline]
    pub fn text<'t>(&'t self, json: &'t [u8], value: Value) -> &'t [u8] {
        text_of(json, &self.unescaped, value)
    }

    /// A scalar; of an array of texts the first (the Java agent's captured headers).
    #[inline(always)]
    fn plain(&mut self, json: &[u8], pair: &Pair) -> Option<(Class, Value)> {
        let (start, end) = pair.value();
        match pair.told.form {
            Form::Plain => Some((Class::Text, Value::Text(start + 1, end - 1))),
            Form::Int => Some((Class::Int, Value::Text(start, end))),
            Form::Real => Some((Class::Real, Value::Text(start, end))),
            Form::Flag => Some((Class::Flag, Value::Text(start, end))),
            _ => self.plain_inside(json, pair),
        }
    }

    /// Of what is not plain as it stands.
    #[inline(never)]
    fn plain_inside(&mut self, json: &[u8], pair: &Pair) -> Option<(Class, Value)> {
        let (start, end) = pair.value();
        match pair.told.form {
            Form::Escaped => {
                let inner = json.get(start + 1..end - 1)?;
                Some((Class::Text, self.unquoted(inner, start + 1)))
            }
            Form::Array => {
                let [b'[', b'"', inner @ ..] = json.get(start..end)? else { return None };
                let inner = inner.get(..closing_quote(inner)?)?;
                Some((Class::First, self.unquoted(inner, start + 2)))
            }
            _ => None,
        }
    }

    fn unquoted(&mut self, inner: &[u8], start: usize) -> Value {
        if !inner.contains(&b'\\') {
            return Value::Text(start, start + inner.len());
        }
        let start = self.unescaped.len();
        unescape(&mut self.unescaped, inner);
        Value::Unescaped(start, self.unescaped.len())
    }
}

/// Who stands first among what was found.
#[inline]
fn rank(found: &Found) -> u32 {
    u32::from(found.index) << 16 | u32::from(found.priority)
}

#[inline]
fn text_of<'t>(json: &'t [u8], unescaped: &'t [u8], value: Value) -> &'t [u8] {
    let text = match value {
        Value::Text(start, end) => json.get(start..end),
        Value::Unescaped(start, end) => unescaped.get(start..end),
        Value::Int(_) | Value::Flag(_) => None,
    };
    text.unwrap_or_default()
}

fn closing_quote(text: &[u8]) -> Option<usize> {
    let mut escaped = false;
    text.iter().position(|&byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })
}

#[inline]
fn coerce(kind: Type, class: Class, value: Value, text: &[u8]) -> Option<Value> {
    match (kind, class) {
        // An empty text names nothing: an older alias may.
        (Type::Text, _) => (!text.is_empty()).then_some(value),
        (Type::Captured, _) => Some(value),
        (Type::Flag, Class::Flag) => Some(Value::Flag(text == b"true")),
        (Type::Flag, Class::Text) if text.eq_ignore_ascii_case(b"true") => Some(Value::Flag(true)),
        (Type::Flag, Class::Text) if text.eq_ignore_ascii_case(b"false") => {
            Some(Value::Flag(false))
        }
        (Type::Int, Class::Int | Class::Text) => read_int(text).map(Value::Int),
        _ => None,
    }
}

/// Up to 19 decimal digits, with or without a sign, that fit 64 bits.
fn read_int(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() || digits.len() > 19 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits.iter().fold(0, |value: u64, digit| value * 10 + u64::from(digit - b'0'));
    if negative { 0i64.checked_sub_unsigned(value) } else { i64::try_from(value).ok() }
}

/// Neither blank nor a document.
fn is_id(text: &[u8]) -> bool {
    if text.is_ascii() {
        let blank = |byte: &u8| matches!(byte, b' ' | 0x09..=0x0d | 0x1c..=0x1f);
        return text.len() <= LONGEST_ID && !text.iter().all(blank);
    }
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let blank = |letter: char| letter.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&letter);
    text.chars().count() <= LONGEST_ID && !text.chars().all(blank)
}
