//! The protobuf wire format: a cursor over the bytes of one message.
//!
//! Rules are those of the protobuf encoding guide as `upb` applies them: a tag has at most
//! five bytes and 32 bits, a length at most five bytes and 31 bits, a number at most ten
//! bytes of which 64 bits count. Groups are only ever unknown fields.

pub const VARINT: u32 = 0;
pub const FIXED64: u32 = 1;
pub const LENGTH: u32 = 2;
const START_GROUP: u32 = 3;
const END_GROUP: u32 = 4;
pub const FIXED32: u32 = 5;

/// Messages and groups inside each other that protobuf parsers accept.
pub const DEEPEST: u32 = 100;

/// The bytes are no protobuf message, or hold more than a builder can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flaw(pub &'static str);

pub type Walked<T> = Result<T, Flaw>;

const IN_A_NUMBER: Flaw = Flaw("the message ends inside a number");
const IN_A_FIELD: Flaw = Flaw("the message ends inside a field");
const TOO_LONG: Flaw = Flaw("a field is longer than the message");

/// The tag of a field: its number and wire type.
pub const fn tag(number: u32, wire: u32) -> u32 {
    number << 3 | wire
}

#[derive(Clone, Copy)]
pub struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub fn new(message: &'a [u8]) -> Self {
        Cursor { rest: message }
    }

    /// The next field's tag, `None` at the end of the message.
    #[inline]
    pub fn tag(&mut self) -> Walked<Option<u32>> {
        match self.rest {
            [] => Ok(None),
            [byte @ 8..0x80, rest @ ..] => {
                self.rest = rest;
                Ok(Some(u32::from(*byte)))
            }
            _ => self.long_tag().map(Some),
        }
    }

    #[cold]
    fn long_tag(&mut self) -> Walked<u32> {
        let tag = self.number(5)?;
        match u32::try_from(tag) {
            Ok(tag) if tag >= 8 => Ok(tag),
            _ => Err(Flaw("a field has no valid number")),
        }
    }

    #[inline]
    pub fn varint(&mut self) -> Walked<u64> {
        match self.rest {
            [byte @ ..0x80, rest @ ..] => {
                self.rest = rest;
                Ok(u64::from(*byte))
            }
            _ => self.number(10),
        }
    }

    #[inline]
    fn number(&mut self, longest: u32) -> Walked<u64> {
        let mut value = 0;
        for place in 0..longest {
            let Some((&byte, rest)) = self.rest.split_first() else {
                return Err(IN_A_NUMBER);
            };
            self.rest = rest;
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(IN_A_NUMBER)
    }

    #[inline]
    pub fn fixed64(&mut self) -> Walked<u64> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(IN_A_FIELD)?;
        self.rest = rest;
        Ok(u64::from_le_bytes(*bytes))
    }

    #[inline]
    pub fn fixed32(&mut self) -> Walked<u32> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(IN_A_FIELD)?;
        self.rest = rest;
        Ok(u32::from_le_bytes(*bytes))
    }

    /// What a field of wire type LENGTH holds.
    #[inline]
    pub fn bytes(&mut self) -> Walked<&'a [u8]> {
        let length = match self.rest {
            [byte @ ..0x80, rest @ ..] => {
                self.rest = rest;
                u64::from(*byte)
            }
            _ => self.number(5)?,
        };
        let length = i32::try_from(length).map_err(|_| TOO_LONG)?;
        let length = usize::try_from(length).map_err(|_| TOO_LONG)?;
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(TOO_LONG)?;
        self.rest = rest;
        Ok(bytes)
    }

    /// The bytes of the field that comes next, if it has this tag of wire type LENGTH and is
    /// short, as nearly all of them are. Otherwise the cursor stays where it is.
    #[inline]
    pub fn short_bytes(&mut self, tag: u32) -> Option<&'a [u8]> {
        match self.rest {
            [next, length @ ..0x80, rest @ ..] if u32::from(*next) == tag => {
                let (bytes, rest) = rest.split_at_checked(usize::from(*length))?;
                self.rest = rest;
                Some(bytes)
            }
            _ => None,
        }
    }

    /// Passes over a field that is not known. `depth` counts the messages around it.
    #[cold]
    pub fn skip(&mut self, tag: u32, depth: u32) -> Walked<()> {
        match tag & 7 {
            VARINT => self.varint().map(drop),
            FIXED64 => self.fixed64().map(drop),
            LENGTH => self.bytes().map(drop),
            FIXED32 => self.fixed32().map(drop),
            START_GROUP => self.skip_group(tag >> 3, depth + 1),
            END_GROUP => Err(Flaw("a group ends that did not begin")),
            _ => Err(Flaw("a field has no valid type")),
        }
    }

    fn skip_group(&mut self, number: u32, depth: u32) -> Walked<()> {
        if depth > DEEPEST {
            return Err(Flaw("groups are nested too deeply"));
        }
        while let Some(tag) = self.tag()? {
            if tag == self::tag(number, END_GROUP) {
                return Ok(());
            }
            self.skip(tag, depth)?;
        }
        Err(Flaw("a group does not end"))
    }
}
