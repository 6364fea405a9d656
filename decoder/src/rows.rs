//! What is written for one span that was read.

use std::ops::Range;

use crate::builder::{Builder, Walk};
use crate::column::Column;
use crate::identity::{
    CORRELATION, Correlated, Key, WORK, content_hash, content_id, join_key, write_block,
};
use crate::messaging::{Output, Part, Row, Source, add_row};
use crate::number::write_uint;
use crate::span::{Attached, Event, Link, Span, span_number, trace_halves};
use crate::text::valid;
use crate::wire::Walked;

const INTERNAL: i32 = 1;
const CLIENT: i32 = 3;
const PRODUCER: i32 = 4;
const CONSUMER: i32 = 5;
const SECOND: u64 = 1_000_000_000;
/// More than the services that one batch is usually from.
const RECENT_WORK: usize = 256;

/// The ids of a span's resource and scope.
pub type Origin = (u64, u64);

impl Builder {
    /// `pairs` are those of its attributes, whose text is the open text of their column.
    pub fn add_span(
        &mut self,
        span: &Span<'_>,
        pairs: Range<usize>,
        (resource, scope): Origin,
        walk: &Walk<'_>,
    ) -> Walked<()> {
        let (name, trace_state) = (valid(span.name), valid(span.trace_state));
        let status_message = valid(span.status_message);
        let parent = span_number(span.parent_span_id);
        self.content.clear();
        let texts: [&[u8]; 3] = [&name, &trace_state, &status_message];
        self.write_content(span, parent, (resource, scope), texts, walk);
        let part = Part {
            trace: trace_halves(span.trace_id),
            span_id: span_number(span.span_id),
            content_hash: content_hash(&self.content),
        };
        let (json, pairs) = (self.tables.spans.attributes.texts(), self.writers.span.pairs(pairs));
        self.reader.read(&self.rules, json, pairs, true);
        let correlation = self.add_correlation(part.trace)?;
        self.add_work_keys(span, &name, parent, resource, part.trace);
        let always = matches!(span.kind, PRODUCER | CONSUMER);
        self.add_message(Row { part, kind: b"span", position: 0, always })?;

        let rows = &mut self.tables.spans;
        let row = rows.rows;
        rows.trace_hi.u64(part.trace.0);
        rows.trace_lo.u64(part.trace.1);
        rows.span_id.u64(part.span_id);
        rows.content_hash.u32(part.content_hash);
        if parent != 0 {
            rows.parent_span_id.at(row).u64(parent);
        }
        rows.resource_id.u64(resource);
        rows.scope_id.u64(scope);
        rows.name.text(&name)?;
        rows.kind.i32(span.kind);
        rows.flags.u32_at(row, span.flags);
        rows.trace_state.text_at(row, &trace_state)?;
        rows.start_time_unix_nano.u64(span.start);
        rows.end_time_unix_nano.u64(span.end);
        rows.status_code.i32(span.status_code);
        rows.status_message.text_at(row, &status_message)?;
        rows.attributes.end_text()?;
        rows.dropped_attributes_count.u32_at(row, span.dropped_attributes);
        rows.dropped_events_count.u32_at(row, span.dropped_events);
        rows.dropped_links_count.u32_at(row, span.dropped_links);
        if let Some(correlation) = correlation {
            rows.correlation_id.at(row).u64(correlation);
        }
        rows.rows += 1;
        for (position, link) in (0..).zip(&walk.links) {
            self.add_link(part, position, link)?;
        }
        for (position, event) in (0..).zip(&walk.events) {
            self.add_event(part, position, event)?;
        }
        Ok(())
    }

    /// The canonical bytes that the content hash is taken of.
    fn write_content(
        &mut self,
        span: &Span<'_>,
        parent: u64,
        (resource, scope): Origin,
        [name, trace_state, status_message]: [&[u8]; 3],
        walk: &Walk<'_>,
    ) {
        let content = &mut self.content;
        let attributes = &self.tables.spans.attributes;
        let json = attributes.texts().get(attributes.open_from()..).unwrap_or_default();
        let numbers = [
            parent,
            resource,
            scope,
            i64::from(span.kind) as u64,
            u64::from(span.flags),
            span.start,
            span.end,
            i64::from(span.status_code) as u64,
            u64::from(span.dropped_attributes),
            u64::from(span.dropped_events),
            u64::from(span.dropped_links),
            walk.links.len() as u64,
            walk.events.len() as u64,
        ];
        write_block(content, numbers, &[name, trace_state, status_message, json]);
        for link in &walk.links {
            let (hi, lo) = trace_halves(link.trace_id);
            let (flags, dropped) = (u64::from(link.flags), u64::from(link.attached.dropped));
            let json = text_of(&self.tables.links.attributes, &link.attached);
            let numbers = [hi, lo, span_number(link.span_id), flags, dropped];
            write_block(content, numbers, &[&link.trace_state, json]);
        }
        for event in &walk.events {
            let json = text_of(&self.tables.events.attributes, &event.attached);
            let numbers = [event.time, u64::from(event.attached.dropped)];
            write_block(content, numbers, &[&event.name, json]);
        }
    }

    fn add_link(&mut self, part: Part, position: u32, link: &Link<'_>) -> Walked<()> {
        let (hi, lo) = trace_halves(link.trace_id);
        let rows = &mut self.tables.links;
        rows.trace_hi.u64(part.trace.0);
        rows.trace_lo.u64(part.trace.1);
        rows.span_id.u64(part.span_id);
        rows.content_hash.u32(part.content_hash);
        rows.position.u32(position);
        rows.linked_trace_hi.u64(hi);
        rows.linked_trace_lo.u64(lo);
        rows.linked_span_id.u64(span_number(link.span_id));
        rows.trace_state.text_at(rows.rows, &link.trace_state)?;
        rows.flags.u32(link.flags);
        rows.attributes.end_text_at(link.attached.text.end)?;
        rows.dropped_attributes_count.u32(link.attached.dropped);
        rows.rows += 1;
        let json = self.tables.links.attributes.texts();
        let pairs = self.writers.parts.pairs(link.attached.pairs.clone());
        self.reader.read(&self.rules, json, pairs, false);
        self.add_message(Row { part, kind: b"link", position, always: false })
    }

    fn add_event(&mut self, part: Part, position: u32, event: &Event<'_>) -> Walked<()> {
        let rows = &mut self.tables.events;
        rows.trace_hi.u64(part.trace.0);
        rows.trace_lo.u64(part.trace.1);
        rows.span_id.u64(part.span_id);
        rows.content_hash.u32(part.content_hash);
        rows.position.u32(position);
        rows.time_unix_nano.u64(event.time);
        rows.name.text(&event.name)?;
        rows.attributes.end_text_at(event.attached.text.end)?;
        rows.dropped_attributes_count.u32(event.attached.dropped);
        rows.rows += 1;
        let json = self.tables.events.attributes.texts();
        let pairs = self.writers.parts.pairs(event.attached.pairs.clone());
        self.reader.read(&self.rules, json, pairs, false);
        self.add_message(Row { part, kind: b"event", position, always: false })
    }

    /// The row of what was read last.
    fn add_message(&mut self, row: Row) -> Walked<()> {
        let tables = &mut self.tables;
        let json = match row.kind {
            b"link" => tables.links.attributes.texts(),
            b"event" => tables.events.attributes.texts(),
            _ => tables.spans.attributes.texts(),
        };
        let mut output = Output {
            messaging: &mut tables.messaging,
            shapes: &mut tables.shapes,
            keys: &mut tables.keys,
            known: &mut self.known,
            scratch: &mut self.message,
        };
        add_row(&mut output, Source { rules: &self.rules, json, reader: &self.reader }, row)
    }

    /// The id of the set of correlation values that were read, `None` of an empty one.
    fn add_correlation(&mut self, trace: (u64, u64)) -> Walked<Option<u64>> {
        let found = &self.reader.correlation;
        if found.is_empty() {
            return Ok(None);
        }
        let json = self.tables.spans.attributes.texts();
        // Of several spellings of a key the first.
        let pairs = found.chunk_by(|one, other| one.index == other.index).filter_map(|group| {
            let winner = group.first()?;
            let key = self.rules.correlation.get(usize::from(winner.index))?;
            Some((winner.index, key.as_bytes(), self.reader.text(json, winner.value)))
        });
        self.brief.clear();
        for (index, _, value) in pairs.clone() {
            self.brief.extend_from_slice(&index.to_le_bytes());
            write_block(&mut self.brief, [], &[value]);
        }
        let (known, keys) = (&mut self.known, &mut self.tables.keys);
        let place = known.correlation_sets.find(&self.brief);
        if let Some(set) = place.and_then(|place| known.correlated.get_mut(place as usize)) {
            if set.trace != trace {
                set.trace = trace;
                for key in &set.keys {
                    known.keys.add(keys, trace, *key);
                }
            }
            return Ok(Some(set.id));
        }
        let mut join_keys = Vec::new();
        for (_, key, value) in pairs.clone() {
            join_keys.push(join_key(&mut self.content, CORRELATION, &[key, value]));
        }
        self.content.clear();
        for (_, key, value) in pairs.clone() {
            write_block(&mut self.content, [], &[key, value]);
        }
        let id = content_id(&self.content);
        if known.correlation.insert(id) {
            let rows = &mut self.tables.correlation;
            for (_, key, value) in pairs {
                rows.correlation_id.u64(id);
                rows.key.text(key)?;
                rows.value.text(value)?;
                rows.rows += 1;
            }
        }
        for key in &join_keys {
            known.keys.add(keys, trace, *key);
        }
        known.correlation_sets.insert(&self.brief, known.correlated.len() as u64);
        known.correlated.push(Correlated { id, keys: join_keys.into(), trace });
        Ok(Some(id))
    }

    /// The seconds in which a process stopped receiving, or began work of its own.
    fn add_work_keys(
        &mut self,
        span: &Span<'_>,
        name: &[u8],
        parent: u64,
        resource: u64,
        trace: (u64, u64),
    ) {
        let receives = || name.windows(7).any(|word| word.eq_ignore_ascii_case(b"receive"));
        let (first, count) = match span.kind {
            CLIENT | CONSUMER if receives() => (span.end / SECOND, 2),
            INTERNAL if parent == 0 => (span.start / SECOND, 1),
            _ => return,
        };
        for second in first..first + count {
            let key = self.work_key(resource, second);
            self.known.keys.add(&mut self.tables.keys, trace, key);
        }
    }

    fn work_key(&mut self, resource: u64, second: u64) -> Key {
        let place = (resource ^ second) as usize % RECENT_WORK;
        if let Some(Some((asked, key))) = self.known.work.get(place)
            && *asked == (resource, second)
        {
            return *key;
        }
        let mut texts = Vec::with_capacity(40);
        write_uint(&mut texts, resource);
        let middle = texts.len();
        write_uint(&mut texts, second);
        let (first, rest) = texts.split_at_checked(middle).unwrap_or_default();
        let key = join_key(&mut self.content, WORK, &[first, rest]);
        self.known.work.resize(RECENT_WORK, None);
        if let Some(recent) = self.known.work.get_mut(place) {
            *recent = Some(((resource, second), key));
        }
        key
    }
}

fn text_of<'t>(column: &'t Column, attached: &Attached) -> &'t [u8] {
    column.texts().get(attached.text.clone()).unwrap_or_default()
}
