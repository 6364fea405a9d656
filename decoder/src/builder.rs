//! Requests go in, columns come out.

use crate::identity::Known;
use crate::messaging;
use crate::origin::{self, add_resource, add_scope};
use crate::plain::Reader;
use crate::rules::Rules;
use crate::span::{Event, Link, Span, Writers};
use crate::tables::{Mark, Tables};
use crate::wire::{Cursor, Flaw, LENGTH, Walked, tag};

const RESOURCE_SPANS: u32 = tag(1, LENGTH);

const RESOURCE: u32 = tag(1, LENGTH);
const SCOPE_SPANS: u32 = tag(2, LENGTH);
const SCOPE: u32 = tag(1, LENGTH);
const SPANS: u32 = tag(2, LENGTH);
const SCHEMA_URL: u32 = tag(3, LENGTH);

/// Messages in one request. The largest requests hold a tenth of it; more are two bytes each,
/// and would take forty times as much memory.
const MOST_PARTS: usize = 2_000_000;
/// Of one message: as text they can become six times as long, an entity thirty times, and a
/// store has to hold that text in one piece.
const MOST_SPAN_BYTES: usize = 8 << 20;
const MOST_ORIGIN_BYTES: usize = 1 << 20;
/// Bytes that memory for one row keeps for the next batch.
const KEPT: usize = 1 << 20;

/// What one request gave.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Appended {
    pub spans: usize,
    /// Why spans were left out and how many, in the order of the first of each.
    pub rejected: Vec<(&'static str, usize)>,
}

pub struct Builder {
    pub(crate) rules: Rules,
    pub(crate) tables: Tables,
    pub(crate) known: Known,
    pub(crate) writers: Writers,
    pub(crate) reader: Reader,
    pub(crate) message: messaging::Scratch,
    pub(crate) content: Vec<u8>,
    pub(crate) brief: Vec<u8>,
    origin: origin::Scratch,
}

impl Builder {
    pub fn new(rules: Rules) -> Self {
        Builder {
            tables: Tables::new(&rules),
            rules,
            known: Known::default(),
            writers: Writers::default(),
            reader: Reader::default(),
            origin: origin::Scratch::default(),
            message: messaging::Scratch::default(),
            content: Vec::new(),
            brief: Vec::new(),
        }
    }

    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// Takes in an ExportTraceServiceRequest. With an error, and after a panic, the builder
    /// holds what it held before.
    pub fn append(&mut self, payload: &[u8]) -> Walked<Appended> {
        let guard = &mut Guard { mark: self.tables.mark(), builder: self, done: false };
        let appended = Appended::default();
        let (links, events) = (Vec::new(), Vec::new());
        let mut walk = Walk { links, events, parts_left: MOST_PARTS, appended };
        guard.builder.read_request(payload, &mut walk)?;
        guard.builder.known.keys.flush(&mut guard.builder.tables.keys);
        guard.done = true;
        Ok(walk.appended)
    }

    /// Makes the tables whole, before they are read.
    pub fn pad(&mut self) {
        self.tables.pad();
    }

    /// Empty again; keeps its memory.
    pub fn clear(&mut self) {
        self.tables.clear();
        self.known.clear();
        self.content = Vec::new();
        self.brief = Vec::new();
        self.writers.span.shrink_to(KEPT);
        self.writers.parts.shrink_to(KEPT);
        self.origin.shrink_to(KEPT);
    }

    fn read_request<'a>(&mut self, payload: &'a [u8], walk: &mut Walk<'a>) -> Walked<()> {
        let mut cursor = Cursor::new(payload);
        while let Some(tag) = cursor.tag()? {
            match tag {
                RESOURCE_SPANS => self.read_resource_spans(cursor.bytes()?, walk)?,
                _ => cursor.skip(tag, 0)?,
            }
        }
        Ok(())
    }

    fn read_resource_spans<'a>(&mut self, message: &'a [u8], walk: &mut Walk<'a>) -> Walked<()> {
        Walk::count(&mut walk.parts_left)?;
        let (parts, schema_url) = read_head(message, RESOURCE, 1)?;
        let Builder { tables, known, origin, rules, .. } = self;
        let resource = add_resource(tables, known, origin, rules, &parts, schema_url)?;
        let mut cursor = Cursor::new(message);
        while let Some(tag) = cursor.tag()? {
            match tag {
                SCOPE_SPANS => self.read_scope_spans(cursor.bytes()?, resource, walk)?,
                _ => cursor.skip(tag, 1)?,
            }
        }
        Ok(())
    }

    fn read_scope_spans<'a>(
        &mut self,
        message: &'a [u8],
        resource: u64,
        walk: &mut Walk<'a>,
    ) -> Walked<()> {
        Walk::count(&mut walk.parts_left)?;
        let (parts, schema_url) = read_head(message, SCOPE, 2)?;
        let Builder { tables, known, origin, rules, .. } = self;
        let scope = add_scope(tables, known, origin, rules, &parts, schema_url)?;
        let mut cursor = Cursor::new(message);
        while let Some(tag) = cursor.tag()? {
            match tag {
                SPANS => self.read_span(cursor.bytes()?, (resource, scope), walk)?,
                _ => cursor.skip(tag, 2)?,
            }
        }
        Ok(())
    }

    fn read_span<'a>(
        &mut self,
        message: &'a [u8],
        origin: (u64, u64),
        walk: &mut Walk<'a>,
    ) -> Walked<()> {
        if message.len() > MOST_SPAN_BYTES {
            return Err(Flaw("a span of more than 8 MiB is in it"));
        }
        walk.links.clear();
        walk.events.clear();
        self.writers.span.clear();
        self.writers.parts.clear();
        let (tables, writers) = (&mut self.tables, &mut self.writers);
        let (span, object) = Span::read(message, &self.rules, tables, writers, walk)?;
        if let Some(reason) = span.flaw() {
            tables.spans.attributes.drop_open();
            tables.links.attributes.drop_open();
            tables.events.attributes.drop_open();
            walk.reject(reason);
            return Ok(());
        }
        let pairs = writers.span.range(&object);
        self.add_span(&span, pairs, origin, walk)?;
        walk.appended.spans += 1;
        Ok(())
    }
}

/// What one request holds while it is walked.
pub struct Walk<'a> {
    pub links: Vec<Link<'a>>,
    pub events: Vec<Event<'a>>,
    /// Messages that the request may still have.
    pub parts_left: usize,
    appended: Appended,
}

impl Walk<'_> {
    /// Counts one message of a request: what has a row of its own, or may have.
    #[inline]
    pub fn count(parts_left: &mut usize) -> Walked<()> {
        *parts_left = parts_left.checked_sub(1).ok_or(Flaw(
            "more than 2,000,000 resources, scopes, spans, links and events are in it",
        ))?;
        Ok(())
    }

    fn reject(&mut self, reason: &'static str) {
        let rejected = &mut self.appended.rejected;
        match rejected.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => rejected.push((reason, 1)),
        }
    }
}

/// Takes back what a request appended, unless it is done.
struct Guard<'b> {
    builder: &'b mut Builder,
    mark: Mark,
    done: bool,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if !self.done {
            let Builder { tables, known, .. } = &mut *self.builder;
            known.forget_after(tables, &self.mark);
            tables.truncate(&self.mark);
        }
    }
}

/// All occurrences of a message's first field, and its schema URL.
fn read_head(message: &[u8], first: u32, depth: u32) -> Walked<(Vec<&[u8]>, &[u8])> {
    let (mut parts, mut schema_url) = (Vec::with_capacity(1), &b""[..]);
    let mut cursor = Cursor::new(message);
    while let Some(tag) = cursor.tag()? {
        match tag {
            SCHEMA_URL => schema_url = cursor.bytes()?,
            _ if tag == first => parts.push(cursor.bytes()?),
            _ => cursor.skip(tag, depth)?,
        }
    }
    if parts.iter().map(|part| part.len()).sum::<usize>() + schema_url.len() > MOST_ORIGIN_BYTES {
        return Err(Flaw("a resource or scope of more than 1 MiB is in it"));
    }
    Ok((parts, schema_url))
}
