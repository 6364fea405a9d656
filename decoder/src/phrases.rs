//! Attributes that come again and again, such as the method of a request: what they read as
//! JSON, found by the bytes that they came as.

use crate::json::Form;

/// Enough for what the services of one process say again and again, and not much for a cache.
const PLACES: usize = 1 << 9;
/// Bytes of a message. Shorter ones are as soon read, longer ones are rarely the same.
const SHORTEST: usize = 16;
const LONGEST: usize = 64;
/// Bytes of a text: no longer than its message unless something is escaped in it.
const LONGEST_TEXT: usize = LONGEST + 8;
/// 2^64 divided by the golden ratio: multiplied with it, a number's bits all reach the top.
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

#[derive(Clone, Copy)]
pub struct Phrase {
    message_length: u8,
    text_length: u8,
    key_length: u8,
    pub told: Told,
    message: [u8; LONGEST],
    text: [u8; LONGEST_TEXT],
}

impl Phrase {
    const NONE: Phrase = Phrase {
        message_length: 0,
        text_length: 0,
        key_length: 0,
        told: Told { hash: 0, name: 0, form: Form::Null },
        message: [0; LONGEST],
        text: [0; LONGEST_TEXT],
    };

    /// Appends `,"key":value`.
    #[inline]
    pub fn write(&self, out: &mut Vec<u8>) {
        let end = out.len() + usize::from(self.text_length);
        // All of it and back again: a copy of a known length is a few instructions.
        out.extend_from_slice(&self.text);
        out.truncate(end);
    }

    /// Appends `"key":value`.
    pub fn write_first(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.text.get(1..self.text_length.into()).unwrap_or_default());
    }

    /// Of the key with its quotes.
    #[inline]
    pub fn key_length(&self) -> usize {
        self.key_length.into()
    }

    #[inline]
    fn is_of(&self, message: &[u8]) -> bool {
        let known = self.message.get(..self.message_length.into()).unwrap_or_default();
        // In words of a known length, the last of which may be looked at twice.
        known.len() == message.len()
            && known.last_chunk::<16>() == message.last_chunk()
            && known.as_chunks::<16>().0 == message.as_chunks::<16>().0
    }
}

/// What else is known of a pair.
#[derive(Clone, Copy)]
pub struct Told {
    /// `end_hash` of the key's text.
    pub hash: u32,
    /// The number of its name in the rules; 0 for one that they do not know.
    pub name: u16,
    pub form: Form,
}

/// What is looked at first of a place: little, so that it stays near.
#[derive(Clone, Copy, Default)]
struct Mixes {
    /// Of the message that stands here.
    kept: u64,
    /// Of the message that was not found here last: only what comes again takes a place.
    missed: u64,
}

/// Each in the one place that its bytes lead to.
#[derive(Default)]
pub struct Phrases {
    mixes: Vec<Mixes>,
    places: Vec<Phrase>,
}

impl Phrases {
    #[inline]
    pub fn find(&self, message: &[u8], mix: u64) -> Option<&Phrase> {
        let place = place_of(mix);
        self.mixes.get(place).filter(|mixes| mixes.kept == mix)?;
        self.places.get(place).filter(|phrase| phrase.is_of(message))
    }

    /// Whether it should be kept once it is read.
    pub fn is_worth(&mut self, mix: u64) -> bool {
        if self.places.is_empty() {
            self.mixes.resize(PLACES, Mixes::default());
            self.places.resize(PLACES, Phrase::NONE);
        }
        let missed = self.mixes.get_mut(place_of(mix)).map(|mixes| &mut mixes.missed);
        missed.is_some_and(|missed| std::mem::replace(missed, mix) == mix)
    }

    /// `text` without the comma. What has no room is not kept.
    #[cold]
    pub fn keep(&mut self, message: &[u8], mix: u64, text: &[u8], key_length: usize, told: Told) {
        let place = place_of(mix);
        let (mixes, phrase) = (self.mixes.get_mut(place), self.places.get_mut(place));
        let (Some(mixes), Some(phrase)) = (mixes, phrase) else { return };
        let message_room = phrase.message.get_mut(..message.len());
        let text_room = phrase.text.get_mut(..text.len() + 1);
        if let (Some(message_room), Some([comma, text_room @ ..])) = (message_room, text_room) {
            message_room.copy_from_slice(message);
            *comma = b',';
            text_room.copy_from_slice(text);
            // There is room for fewer than 256 bytes.
            [phrase.message_length, phrase.text_length, phrase.key_length] =
                [message.len(), text.len() + 1, key_length].map(|length| length as u8);
            phrase.told = told;
            mixes.kept = mix;
        }
    }
}

/// A number from the length, beginning, middle and end of a message, if it may be kept.
#[inline]
pub fn mix(message: &[u8]) -> Option<u64> {
    let length = message.len();
    if !(SHORTEST..=LONGEST).contains(&length) {
        return None;
    }
    let (_, from_middle) = message.split_at_checked(length / 2 - 4)?;
    let [first, middle, last] =
        [message.first_chunk::<8>()?, from_middle.first_chunk()?, message.last_chunk()?]
            .map(|bytes| u64::from_le_bytes(*bytes));
    let mixed = (first ^ last.rotate_left(23)).wrapping_mul(MIX) ^ middle ^ length as u64;
    Some(mixed.wrapping_mul(MIX))
}

fn place_of(mix: u64) -> usize {
    (mix >> 40) as usize % PLACES
}
