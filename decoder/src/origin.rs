//! Resources and instrumentation scopes: where spans come from. Each stands once in a batch.

use crate::identity::{Known, content_id, write_block};
use crate::json::{Pair, Writer, write_strings};
use crate::plain::Reader;
use crate::rules::Rules;
use crate::tables::Tables;
use crate::text::{valid, write_string};
use crate::wire::{Cursor, LENGTH, VARINT, Walked, tag};

const RESOURCE_ATTRIBUTES: u32 = tag(1, LENGTH);
const RESOURCE_DROPPED: u32 = tag(2, VARINT);
const ENTITY_REFS: u32 = tag(3, LENGTH);

const ENTITY_SCHEMA_URL: u32 = tag(1, LENGTH);
const ENTITY_TYPE: u32 = tag(2, LENGTH);
const ID_KEYS: u32 = tag(3, LENGTH);
const DESCRIPTION_KEYS: u32 = tag(4, LENGTH);

const SCOPE_NAME: u32 = tag(1, LENGTH);
const SCOPE_VERSION: u32 = tag(2, LENGTH);
const SCOPE_ATTRIBUTES: u32 = tag(3, LENGTH);
const SCOPE_DROPPED: u32 = tag(4, VARINT);

/// Longer ones are worked out every time rather than remembered.
const LONGEST_REMEMBERED: usize = 4096;
/// Then all are forgotten: bytes without end may say the same, and add no rows that a batch is
/// sealed for.
const MOST_REMEMBERED: usize = 8192;

/// Memory for one after the other.
#[derive(Default)]
pub struct Scratch {
    writer: Writer,
    reader: Reader,
    brief: Vec<u8>,
    content: Vec<u8>,
    attributes: Vec<u8>,
    entities: Vec<u8>,
}

impl Scratch {
    pub fn shrink_to(&mut self, bytes: usize) {
        self.writer.shrink_to(bytes);
        for memory in [&mut self.brief, &mut self.content, &mut self.attributes, &mut self.entities]
        {
            memory.clear();
            memory.shrink_to(bytes);
        }
    }

    /// What tells an origin apart before it is read: its kind, parts and schema URL.
    fn set_brief(&mut self, kind: u8, parts: &[&[u8]], schema_url: &[u8]) {
        self.brief.clear();
        self.brief.push(kind);
        write_block(&mut self.brief, [], parts);
        self.brief.extend_from_slice(schema_url);
    }

    fn remember(&self, known: &mut Known, id: u64) {
        if self.brief.len() > LONGEST_REMEMBERED {
            return;
        }
        if known.origins.len() >= MOST_REMEMBERED {
            known.origins.clear();
        }
        known.origins.insert(&self.brief, id);
    }
}

/// The id of a Resource, whose fields stand in `parts` (more than one are one message).
pub fn add_resource(
    tables: &mut Tables,
    known: &mut Known,
    scratch: &mut Scratch,
    rules: &Rules,
    parts: &[&[u8]],
    schema_url: &[u8],
) -> Walked<u64> {
    scratch.set_brief(0, parts, schema_url);
    if let Some(id) = known.origins.find(&scratch.brief) {
        return Ok(id);
    }
    scratch.attributes.clear();
    scratch.entities.clear();
    scratch.writer.clear();
    let object = scratch.writer.open_object(&mut scratch.attributes);
    let mut dropped = 0;
    for part in parts {
        let mut cursor = Cursor::new(part);
        while let Some(tag) = cursor.tag()? {
            match tag {
                RESOURCE_ATTRIBUTES => {
                    let (out, pair) = (&mut scratch.attributes, cursor.bytes()?);
                    scratch.writer.add_pair(out, &object, rules, pair, 2)?;
                }
                RESOURCE_DROPPED => dropped = cursor.varint()? as u32,
                ENTITY_REFS => {
                    let opening = if scratch.entities.is_empty() { b'[' } else { b',' };
                    scratch.entities.push(opening);
                    write_entity(&mut scratch.entities, cursor.bytes()?)?;
                }
                _ => cursor.skip(tag, 2)?,
            }
        }
    }
    scratch.writer.close_object(&mut scratch.attributes, &object);
    let has_entities = !scratch.entities.is_empty();
    if has_entities {
        scratch.entities.push(b']');
    } else {
        scratch.entities.extend_from_slice(b"[]");
    }
    let schema_url = valid(schema_url);
    let Scratch { content, attributes, entities, .. } = scratch;
    content.clear();
    write_block(content, [u64::from(dropped)], &[attributes, entities, &schema_url]);
    let id = content_id(content);
    if known.resources.insert(id) {
        let rows = &mut tables.resources;
        rows.resource_id.u64(id);
        let columns = [
            &mut rows.service_name,
            &mut rows.service_namespace,
            &mut rows.service_version,
            &mut rows.environment,
            &mut rows.sdk_language,
        ];
        let pairs = scratch.writer.pairs(scratch.writer.range(&object));
        for (column, names) in columns.into_iter().zip(&rules.resource) {
            let found = names.iter().find_map(|name| {
                let pair: &Pair = pairs.iter().find(|pair| pair.key(attributes) == name)?;
                scratch.reader.read_one(attributes, pair)
            });
            if let Some(value) = found {
                column.text_at(rows.rows, scratch.reader.text(attributes, value))?;
            }
        }
        rows.attributes.text(attributes)?;
        rows.dropped_attributes_count.u32(dropped);
        rows.entity_refs.text_at(rows.rows, if has_entities { entities } else { b"" })?;
        rows.schema_url.text(&schema_url)?;
        rows.rows += 1;
    }
    scratch.remember(known, id);
    Ok(id)
}

fn write_entity(out: &mut Vec<u8>, message: &[u8]) -> Walked<()> {
    let (mut schema_url, mut name) = (&b""[..], &b""[..]);
    let (mut id_keys, mut description_keys) = (Vec::new(), Vec::new());
    let mut cursor = Cursor::new(message);
    while let Some(tag) = cursor.tag()? {
        match tag {
            ENTITY_SCHEMA_URL => schema_url = cursor.bytes()?,
            ENTITY_TYPE => name = cursor.bytes()?,
            ID_KEYS => id_keys.push(cursor.bytes()?),
            DESCRIPTION_KEYS => description_keys.push(cursor.bytes()?),
            _ => cursor.skip(tag, 3)?,
        }
    }
    out.extend_from_slice(b"{\"schema_url\":");
    write_string(out, schema_url);
    out.extend_from_slice(b",\"type\":");
    write_string(out, name);
    out.extend_from_slice(b",\"id_keys\":");
    write_strings(out, id_keys.into_iter());
    out.extend_from_slice(b",\"description_keys\":");
    write_strings(out, description_keys.into_iter());
    out.push(b'}');
    Ok(())
}

/// The id of an InstrumentationScope, whose fields stand in `parts`.
pub fn add_scope(
    tables: &mut Tables,
    known: &mut Known,
    scratch: &mut Scratch,
    rules: &Rules,
    parts: &[&[u8]],
    schema_url: &[u8],
) -> Walked<u64> {
    scratch.set_brief(1, parts, schema_url);
    if let Some(id) = known.origins.find(&scratch.brief) {
        return Ok(id);
    }
    scratch.attributes.clear();
    scratch.writer.clear();
    let object = scratch.writer.open_object(&mut scratch.attributes);
    let (mut name, mut version, mut dropped) = (&b""[..], &b""[..], 0);
    for part in parts {
        let mut cursor = Cursor::new(part);
        while let Some(tag) = cursor.tag()? {
            match tag {
                SCOPE_NAME => name = cursor.bytes()?,
                SCOPE_VERSION => version = cursor.bytes()?,
                SCOPE_ATTRIBUTES => {
                    let (out, pair) = (&mut scratch.attributes, cursor.bytes()?);
                    scratch.writer.add_pair(out, &object, rules, pair, 3)?;
                }
                SCOPE_DROPPED => dropped = cursor.varint()? as u32,
                _ => cursor.skip(tag, 3)?,
            }
        }
    }
    scratch.writer.close_object(&mut scratch.attributes, &object);
    let Scratch { content, attributes, .. } = scratch;
    let (name, version, schema_url) = (valid(name), valid(version), valid(schema_url));
    content.clear();
    let texts: [&[u8]; 4] = [&name, &version, attributes, &schema_url];
    write_block(content, [u64::from(dropped)], &texts);
    let id = content_id(content);
    if known.scopes.insert(id) {
        let rows = &mut tables.scopes;
        rows.scope_id.u64(id);
        rows.name.text(&name)?;
        rows.version.text(&version)?;
        rows.attributes.text(attributes)?;
        rows.dropped_attributes_count.u32(dropped);
        rows.schema_url.text(&schema_url)?;
        rows.rows += 1;
    }
    scratch.remember(known, id);
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builder::Builder;

    /// A request with a resource without attributes, and a field that nobody knows.
    fn request(unknown: u32) -> Vec<u8> {
        let mut resource = vec![15 << 3 | 5];
        resource.extend_from_slice(&unknown.to_le_bytes());
        let mut request = vec![1 << 3 | 2, 7, 1 << 3 | 2, 5];
        request.extend_from_slice(&resource);
        request
    }

    #[test]
    fn bytes_that_say_the_same_are_not_all_remembered() -> Result<(), String> {
        let mut builder = Builder::new(Rules::new(Vec::new(), Vec::new(), Vec::new())?);
        let mut most = 0;
        for unknown in 0..2 * MOST_REMEMBERED as u32 + 10 {
            builder.append(&request(unknown)).map_err(|flaw| flaw.0)?;
            most = most.max(builder.known.origins.len());
        }
        assert_eq!(most, MOST_REMEMBERED);
        assert_eq!(builder.tables().resources.rows, 1);
        Ok(())
    }
}
