//! One Span (opentelemetry/proto/trace/v1/trace.proto), its links and events.

use std::borrow::Cow;
use std::ops::Range;

use crate::builder::Walk;
use crate::json::{Object, Writer};
use crate::rules::Rules;
use crate::tables::Tables;
use crate::text::valid;
use crate::wire::{Cursor, FIXED32, FIXED64, LENGTH, VARINT, Walked, tag};

/// 11 April 2262: times are signed 64-bit nanoseconds.
const LATEST: u64 = i64::MAX as u64;

const TRACE_ID: u32 = tag(1, LENGTH);
const SPAN_ID: u32 = tag(2, LENGTH);
const TRACE_STATE: u32 = tag(3, LENGTH);
const PARENT_SPAN_ID: u32 = tag(4, LENGTH);
const NAME: u32 = tag(5, LENGTH);
const KIND: u32 = tag(6, VARINT);
const START_TIME: u32 = tag(7, FIXED64);
const END_TIME: u32 = tag(8, FIXED64);
const ATTRIBUTES: u32 = tag(9, LENGTH);
const DROPPED_ATTRIBUTES: u32 = tag(10, VARINT);
const EVENTS: u32 = tag(11, LENGTH);
const DROPPED_EVENTS: u32 = tag(12, VARINT);
const LINKS: u32 = tag(13, LENGTH);
const DROPPED_LINKS: u32 = tag(14, VARINT);
const STATUS: u32 = tag(15, LENGTH);
const FLAGS: u32 = tag(16, FIXED32);

const STATUS_MESSAGE: u32 = tag(2, LENGTH);
const STATUS_CODE: u32 = tag(3, VARINT);

const EVENT_TIME: u32 = tag(1, FIXED64);
const EVENT_NAME: u32 = tag(2, LENGTH);
const EVENT_ATTRIBUTES: u32 = tag(3, LENGTH);
const EVENT_DROPPED: u32 = tag(4, VARINT);

const LINK_ATTRIBUTES: u32 = tag(4, LENGTH);
const LINK_DROPPED: u32 = tag(5, VARINT);
const LINK_FLAGS: u32 = tag(6, FIXED32);

/// A span's fields as they stand in the request; attributes are in the tables' open texts.
#[derive(Default)]
pub struct Span<'a> {
    pub trace_id: &'a [u8],
    pub span_id: &'a [u8],
    pub parent_span_id: &'a [u8],
    pub trace_state: &'a [u8],
    pub name: &'a [u8],
    pub kind: i32,
    pub start: u64,
    pub end: u64,
    pub status_code: i32,
    pub status_message: &'a [u8],
    pub flags: u32,
    pub dropped_attributes: u32,
    pub dropped_events: u32,
    pub dropped_links: u32,
    pub latest_event: u64,
}

/// What links and events have in common: where their attributes stand.
pub struct Attached {
    /// Of the JSON text in the open text of their table.
    pub text: Range<usize>,
    /// Of the pairs in `Writers::parts`.
    pub pairs: Range<usize>,
    pub dropped: u32,
}

pub struct Link<'a> {
    pub trace_id: &'a [u8],
    pub span_id: &'a [u8],
    pub trace_state: Cow<'a, [u8]>,
    pub flags: u32,
    pub attached: Attached,
}

pub struct Event<'a> {
    pub time: u64,
    pub name: Cow<'a, [u8]>,
    pub attached: Attached,
}

/// One writer for a span's own attributes, which stay open while parts come and go.
#[derive(Default)]
pub struct Writers {
    pub span: Writer,
    pub parts: Writer,
}

impl<'a> Span<'a> {
    /// Reads a span at depth 3. Links and events are added to those of the walk. The object is
    /// that of the attributes.
    pub fn read(
        message: &'a [u8],
        rules: &Rules,
        tables: &mut Tables,
        writers: &mut Writers,
        walk: &mut Walk<'a>,
    ) -> Walked<(Self, Object)> {
        Walk::count(&mut walk.parts_left)?;
        let mut span = Span::default();
        let out = tables.spans.attributes.open_text();
        let object = writers.span.open_object(out);
        let mut cursor = Cursor::new(message);
        span.read_beginning(&mut cursor);
        while let Some(tag) = cursor.tag()? {
            match tag {
                ATTRIBUTES => {
                    writers.span.add_pair(out, &object, rules, cursor.bytes()?, 3)?;
                    while let Some(pair) = cursor.short_bytes(ATTRIBUTES) {
                        writers.span.add_pair(out, &object, rules, pair, 3)?;
                    }
                }
                TRACE_ID => span.trace_id = cursor.bytes()?,
                SPAN_ID => span.span_id = cursor.bytes()?,
                PARENT_SPAN_ID => span.parent_span_id = cursor.bytes()?,
                TRACE_STATE => span.trace_state = cursor.bytes()?,
                NAME => span.name = cursor.bytes()?,
                KIND => span.kind = cursor.varint()? as i32,
                START_TIME => span.start = cursor.fixed64()?,
                END_TIME => span.end = cursor.fixed64()?,
                FLAGS => span.flags = cursor.fixed32()?,
                STATUS => span.read_status(cursor.bytes()?)?,
                DROPPED_ATTRIBUTES => span.dropped_attributes = cursor.varint()? as u32,
                DROPPED_EVENTS => span.dropped_events = cursor.varint()? as u32,
                DROPPED_LINKS => span.dropped_links = cursor.varint()? as u32,
                EVENTS => {
                    Walk::count(&mut walk.parts_left)?;
                    let out = tables.events.attributes.open_text();
                    let event = Event::read(cursor.bytes()?, rules, out, &mut writers.parts)?;
                    span.latest_event = span.latest_event.max(event.time);
                    walk.events.push(event);
                }
                LINKS => {
                    Walk::count(&mut walk.parts_left)?;
                    let out = tables.links.attributes.open_text();
                    walk.links.push(Link::read(cursor.bytes()?, rules, out, &mut writers.parts)?);
                }
                _ => cursor.skip(tag, 3)?,
            }
        }
        writers.span.close_object(out, &object);
        Ok((span, object))
    }

    /// What stands first where fields come in the order of their numbers, as nearly always.
    #[inline]
    fn read_beginning(&mut self, cursor: &mut Cursor<'a>) {
        for (tag, field) in [
            (TRACE_ID, &mut self.trace_id),
            (SPAN_ID, &mut self.span_id),
            (PARENT_SPAN_ID, &mut self.parent_span_id),
            (NAME, &mut self.name),
        ] {
            if let Some(bytes) = cursor.short_bytes(tag) {
                *field = bytes;
            }
        }
    }

    /// Called again, goes on with the same status.
    fn read_status(&mut self, message: &'a [u8]) -> Walked<()> {
        let mut cursor = Cursor::new(message);
        while let Some(tag) = cursor.tag()? {
            match tag {
                STATUS_MESSAGE => self.status_message = cursor.bytes()?,
                STATUS_CODE => self.status_code = cursor.varint()? as i32,
                _ => cursor.skip(tag, 4)?,
            }
        }
        Ok(())
    }

    /// Why the span cannot be kept.
    #[inline]
    pub fn flaw(&self) -> Option<&'static str> {
        let is_id = |id: &[u8], length| id.len() == length && id.iter().any(|&byte| byte != 0);
        if !is_id(self.trace_id, 16) {
            return Some("trace_id is not 16 bytes, or all zero");
        }
        if !is_id(self.span_id, 8) {
            return Some("span_id is not 8 bytes, or all zero");
        }
        if !matches!(self.parent_span_id.len(), 0 | 8) {
            return Some("parent_span_id is not 8 bytes");
        }
        if self.start.max(self.end).max(self.latest_event) > LATEST {
            return Some("a time is beyond the year 2262");
        }
        None
    }
}

impl<'a> Event<'a> {
    fn read(
        message: &'a [u8],
        rules: &Rules,
        out: &mut Vec<u8>,
        writer: &mut Writer,
    ) -> Walked<Self> {
        let (mut time, mut name, mut dropped) = (0, &b""[..], 0);
        let start = out.len();
        let object = writer.open_object(out);
        let mut cursor = Cursor::new(message);
        while let Some(tag) = cursor.tag()? {
            match tag {
                EVENT_TIME => time = cursor.fixed64()?,
                EVENT_NAME => name = cursor.bytes()?,
                EVENT_ATTRIBUTES => writer.add_pair(out, &object, rules, cursor.bytes()?, 4)?,
                EVENT_DROPPED => dropped = cursor.varint()? as u32,
                _ => cursor.skip(tag, 4)?,
            }
        }
        writer.close_object(out, &object);
        let pairs = writer.range(&object);
        let attached = Attached { text: start..out.len(), pairs, dropped };
        Ok(Event { time, name: valid(name), attached })
    }
}

impl<'a> Link<'a> {
    fn read(
        message: &'a [u8],
        rules: &Rules,
        out: &mut Vec<u8>,
        writer: &mut Writer,
    ) -> Walked<Self> {
        let (mut trace_id, mut span_id, mut trace_state) = (&b""[..], &b""[..], &b""[..]);
        let (mut flags, mut dropped) = (0, 0);
        let start = out.len();
        let object = writer.open_object(out);
        let mut cursor = Cursor::new(message);
        while let Some(tag) = cursor.tag()? {
            match tag {
                TRACE_ID => trace_id = cursor.bytes()?,
                SPAN_ID => span_id = cursor.bytes()?,
                TRACE_STATE => trace_state = cursor.bytes()?,
                LINK_ATTRIBUTES => writer.add_pair(out, &object, rules, cursor.bytes()?, 4)?,
                LINK_DROPPED => dropped = cursor.varint()? as u32,
                LINK_FLAGS => flags = cursor.fixed32()?,
                _ => cursor.skip(tag, 4)?,
            }
        }
        writer.close_object(out, &object);
        let pairs = writer.range(&object);
        let attached = Attached { text: start..out.len(), pairs, dropped };
        Ok(Link { trace_id, span_id, trace_state: valid(trace_state), flags, attached })
    }
}

/// High and low half, big-endian; zeros for an id of another length.
#[inline]
pub fn trace_halves(id: &[u8]) -> (u64, u64) {
    if id.len() != 16 {
        return (0, 0);
    }
    let (hi, lo) = id.split_at_checked(8).unwrap_or_default();
    (span_number(hi), span_number(lo))
}

/// Zero for an id of another length.
#[inline]
pub fn span_number(id: &[u8]) -> u64 {
    id.try_into().map_or(0, u64::from_be_bytes)
}
