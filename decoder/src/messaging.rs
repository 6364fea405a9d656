//! Rows of `messaging` and `shapes`, and the join keys of messages.

use crate::column::Column;
use crate::identity::{Known, MESSAGE, SEQUENCE, content_id, join_key, write_block};
use crate::number::write_int;
use crate::plain::{Found, Reader, Value};
use crate::rules::Rules;
use crate::tables::{Keys, Messaging, Shapes};
use crate::text::write_string;
use crate::wire::Walked;

/// The span that a row belongs to.
#[derive(Clone, Copy)]
pub struct Part {
    pub trace: (u64, u64),
    pub span_id: u64,
    pub content_hash: u32,
}

/// Memory for one row after the other.
#[derive(Default)]
pub struct Scratch {
    content: Vec<u8>,
    text: Vec<u8>,
    winners: Vec<Found>,
}

/// Where a row's attributes are: their JSON text and what was read from it.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    pub rules: &'a Rules,
    pub json: &'a [u8],
    pub reader: &'a Reader,
}

impl<'a> Source<'a> {
    /// A value as text; integers are written to `numbers`.
    fn text(&self, value: Value, numbers: &'a mut Vec<u8>) -> &'a [u8] {
        match value {
            Value::Text(..) | Value::Unescaped(..) => self.reader.text(self.json, value),
            Value::Flag(flag) => {
                if flag {
                    b"true"
                } else {
                    b"false"
                }
            }
            Value::Int(number) => {
                numbers.clear();
                write_int(numbers, number);
                numbers
            }
        }
    }

    fn is_each(&self, found: &Found) -> bool {
        self.rules.column(found.index).is_some_and(|column| column.each)
    }
}

/// What a row is of: `part` tells the span, `kind` and `position` the link or event.
pub struct Row {
    pub part: Part,
    pub kind: &'static [u8],
    pub position: u32,
    /// Also when no marking column is filled.
    pub always: bool,
}

/// Where rows go.
pub struct Output<'a> {
    pub messaging: &'a mut Messaging,
    pub shapes: &'a mut Shapes,
    pub keys: &'a mut Keys,
    pub known: &'a mut Known,
    pub scratch: &'a mut Scratch,
}

/// Adds the row of one set of attributes, if it has one.
pub fn add_row(output: &mut Output<'_>, source: Source<'_>, row: Row) -> Walked<()> {
    let typed = &source.reader.typed;
    // A link or an event is worth a row only for what it says of one message.
    let of_span = row.kind == b"span";
    let marks = |found: &Found| {
        source.rules.column(found.index).is_some_and(|c| c.marks && (of_span || c.each))
    };
    if !row.always && !typed.iter().any(marks) {
        return Ok(());
    }
    let mut winners = std::mem::take(&mut output.scratch.winners);
    winners.clear();
    for found in typed {
        if winners.last().is_none_or(|last| last.index != found.index) {
            winners.push(*found);
        }
    }
    let shape = add_shape(output, source, &winners)?;
    let rows = &mut *output.messaging;
    rows.trace_hi.u64(row.part.trace.0);
    rows.trace_lo.u64(row.part.trace.1);
    rows.span_id.u64(row.part.span_id);
    rows.content_hash.u32(row.part.content_hash);
    rows.part.text(row.kind)?;
    rows.position.u32(row.position);
    rows.shape_id.u64(shape);
    fill(&mut rows.typed, rows.rows, source, &winners, true)?;
    if winners.len() < typed.len()
        && let Some(alternatives) = rows.typed.last_mut()
    {
        let Scratch { content, text, .. } = &mut *output.scratch;
        content.clear();
        write_alternatives(content, text, source);
        alternatives.text_at(rows.rows, content)?;
    }
    rows.rows += 1;
    add_message_keys(output, source, row.part.trace, &winners);
    output.scratch.winners = winners;
    Ok(())
}

/// Writes the winners of `messaging` (`each`) or of `shapes` to a row of their columns.
fn fill(
    columns: &mut [Column],
    row: usize,
    source: Source<'_>,
    winners: &[Found],
    each: bool,
) -> Walked<()> {
    for found in winners {
        let Some(told) = source.rules.column(found.index) else { continue };
        if told.each != each {
            continue;
        }
        let Some(column) = columns.get_mut(told.place) else { continue };
        let column = column.at(row);
        match found.value {
            Value::Int(number) => column.i64(number),
            Value::Flag(flag) => column.flag(flag),
            value => column.text(source.reader.text(source.json, value))?,
        }
    }
    Ok(())
}

fn add_shape(output: &mut Output<'_>, source: Source<'_>, winners: &[Found]) -> Walked<u64> {
    let Output { shapes, known, .. } = output;
    let Scratch { content, text, .. } = &mut *output.scratch;
    content.clear();
    for found in winners.iter().filter(|found| !source.is_each(found)) {
        content.extend_from_slice(&found.index.to_le_bytes());
        write_block(content, [], &[source.text(found.value, text)]);
    }
    if let Some(shape) = known.shape_ids.find(content) {
        return Ok(shape);
    }
    let brief = content.clone();
    content.clear();
    let mut shaping = winners.iter().filter(|found| !source.is_each(found)).peekable();
    for (index, _) in (0u16..).zip(&source.rules.columns).filter(|(_, column)| !column.each) {
        match shaping.next_if(|found| found.index == index) {
            Some(found) => write_block(content, [], &[source.text(found.value, text)]),
            None => write_block(content, [], &[b""]),
        }
    }
    let shape = content_id(content);
    if known.shapes.insert(shape) {
        shapes.shape_id.u64(shape);
        fill(&mut shapes.typed, shapes.rows, source, winners, false)?;
        shapes.rows += 1;
    }
    known.shape_ids.insert(&brief, shape);
    Ok(shape)
}

/// `{column: [texts]}` of what disagreed with the winners, nothing when all agree.
#[cold]
fn write_alternatives(out: &mut Vec<u8>, numbers: &mut Vec<u8>, source: Source<'_>) {
    let mut groups: Vec<(&str, Vec<Vec<u8>>)> = Vec::new();
    for group in source.reader.typed.chunk_by(|one, other| one.index == other.index) {
        let mut texts = group.iter().map(|found| as_python(source, found.value, numbers));
        let Some(winner) = texts.next() else { continue };
        let mut losers: Vec<Vec<u8>> = Vec::new();
        for text in texts {
            if text != winner && !losers.contains(&text) {
                losers.push(text);
            }
        }
        let name = group.first().and_then(|found| source.rules.column(found.index));
        if let (false, Some(column)) = (losers.is_empty(), name) {
            groups.push((&column.name, losers));
        }
    }
    groups.sort();
    for (place, (name, losers)) in groups.iter().enumerate() {
        out.push(if place == 0 { b'{' } else { b',' });
        write_string(out, name.as_bytes());
        out.push(b':');
        crate::json::write_strings(out, losers.iter().map(Vec::as_slice));
    }
    if !groups.is_empty() {
        out.push(b'}');
    }
}

/// As Python's `str` writes it: booleans with a capital.
fn as_python(source: Source<'_>, value: Value, numbers: &mut Vec<u8>) -> Vec<u8> {
    match value {
        Value::Flag(flag) => {
            if flag {
                b"True".to_vec()
            } else {
                b"False".to_vec()
            }
        }
        _ => source.text(value, numbers).to_vec(),
    }
}

fn add_message_keys(
    output: &mut Output<'_>,
    source: Source<'_>,
    trace: (u64, u64),
    winners: &[Found],
) {
    let Output { keys, known, .. } = output;
    let Scratch { content, text, .. } = &mut *output.scratch;
    let columns = &source.rules.key_columns;
    let find = |column: Option<u16>| {
        let place = winners.binary_search_by_key(&column?, |found| found.index).ok()?;
        winners.get(place).map(|found| found.value)
    };
    let mut add = |key| known.keys.add(keys, trace, key);
    let message_id = find(columns.message_id);
    for value in [message_id, find(columns.event_id)].into_iter().flatten() {
        let id = strip(source.text(value, text));
        if !id.is_empty() {
            add(join_key(content, MESSAGE, &[id]));
        }
    }
    if let (Some(partition), Some(topic)) =
        (find(columns.kafka_partition), find(columns.destination_name))
    {
        // Some clients send the bare offset as the message id.
        let is_offset = |value: &Value| {
            let mut numbers = Vec::new();
            let id = strip(source.text(*value, &mut numbers));
            !id.is_empty() && id.iter().all(u8::is_ascii_digit)
        };
        if let Some(offset) = find(columns.kafka_offset).or(message_id.filter(is_offset)) {
            let mut position = strip(source.text(topic, text)).to_vec();
            for value in [partition, offset] {
                position.push(b'.');
                position.extend_from_slice(strip(source.text(value, text)));
            }
            add(join_key(content, MESSAGE, &[&position]));
        }
    }
    if let Some(sequence) = find(columns.sequence_number) {
        let sequence = strip(source.text(sequence, text));
        if !sequence.is_empty() {
            add(join_key(content, SEQUENCE, &[sequence]));
        }
    }
}

/// Without the blanks around it.
fn strip(text: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| matches!(byte, b' ' | 0x09..=0x0d);
    let start = text.iter().position(|byte| !is_blank(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !is_blank(byte)).map_or(start, |last| last + 1);
    text.get(start..end).unwrap_or_default()
}
