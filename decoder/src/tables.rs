//! The tables of a batch, column for column as `storage/schema.py` declares them.

use crate::column::{Column, Kind};
use crate::rules::Rules;

const U64: (Kind, bool) = (Kind::Number(8), false);
const U64_NULL: (Kind, bool) = (Kind::Number(8), true);
const I64: (Kind, bool) = (Kind::Number(8), false);
const U32: (Kind, bool) = (Kind::Number(4), false);
const I32: (Kind, bool) = (Kind::Number(4), false);
const U8: (Kind, bool) = (Kind::Number(1), false);
const TEXT: (Kind, bool) = (Kind::Text, false);
const TEXT_NULL: (Kind, bool) = (Kind::Text, true);

/// A table with these columns and, after them, typed ones that the rules name. Those are
/// nullable and shorter than the table until they are padded.
macro_rules! table {
    ($(#[$doc:meta])* $name:ident { $($column:ident: $kind:expr),+ $(,)? }) => {
        $(#[$doc])*
        pub struct $name {
            pub rows: usize,
            $(pub $column: Column,)+
            pub typed: Vec<Column>,
        }

        impl $name {
            fn new(typed: impl Iterator<Item = Kind>) -> Self {
                $name {
                    rows: 0,
                    $($column: Column::new($kind.0, $kind.1),)+
                    typed: typed.map(|kind| Column::new(kind, true)).collect(),
                }
            }
        }

        impl Table for $name {
            fn rows(&self) -> usize {
                self.rows
            }

            fn columns(&self) -> Vec<&Column> {
                let mut columns = vec![$(&self.$column),+];
                columns.extend(&self.typed);
                columns
            }

            fn each(&mut self, act: impl Fn(&mut Column)) {
                $(act(&mut self.$column);)+
                self.typed.iter_mut().for_each(act);
            }

            fn set_rows(&mut self, rows: usize) {
                self.rows = rows;
            }
        }
    };
}

pub trait Table {
    fn rows(&self) -> usize;
    fn columns(&self) -> Vec<&Column>;
    fn each(&mut self, act: impl Fn(&mut Column));
    fn set_rows(&mut self, rows: usize);

    /// Cuts every column back, also where a row was only half written.
    fn truncate(&mut self, rows: usize) {
        self.each(|column| column.truncate(rows));
        self.set_rows(rows);
    }

    /// Every column as long as the table.
    fn pad(&mut self) {
        let rows = self.rows();
        self.each(|column| column.pad(rows));
    }

    fn clear(&mut self) {
        self.each(Column::clear);
        self.set_rows(0);
    }
}

table!(Resources {
    resource_id: U64,
    service_name: TEXT_NULL,
    service_namespace: TEXT_NULL,
    service_version: TEXT_NULL,
    environment: TEXT_NULL,
    sdk_language: TEXT_NULL,
    attributes: TEXT,
    dropped_attributes_count: U32,
    entity_refs: TEXT_NULL,
    schema_url: TEXT,
});

table!(Scopes {
    scope_id: U64,
    name: TEXT,
    version: TEXT,
    attributes: TEXT,
    dropped_attributes_count: U32,
    schema_url: TEXT,
});

table!(Spans {
    trace_hi: U64,
    trace_lo: U64,
    span_id: U64,
    content_hash: U32,
    parent_span_id: U64_NULL,
    resource_id: U64,
    scope_id: U64,
    name: TEXT,
    kind: I32,
    flags: U32,
    trace_state: TEXT_NULL,
    start_time_unix_nano: I64,
    end_time_unix_nano: I64,
    status_code: I32,
    status_message: TEXT_NULL,
    attributes: TEXT,
    dropped_attributes_count: U32,
    dropped_events_count: U32,
    dropped_links_count: U32,
    correlation_id: U64_NULL,
});

table!(Links {
    trace_hi: U64,
    trace_lo: U64,
    span_id: U64,
    content_hash: U32,
    position: U32,
    linked_trace_hi: U64,
    linked_trace_lo: U64,
    linked_span_id: U64,
    trace_state: TEXT_NULL,
    flags: U32,
    attributes: TEXT,
    dropped_attributes_count: U32,
});

table!(Events {
    trace_hi: U64,
    trace_lo: U64,
    span_id: U64,
    content_hash: U32,
    position: U32,
    time_unix_nano: I64,
    name: TEXT,
    attributes: TEXT,
    dropped_attributes_count: U32,
});

table!(
    /// The typed columns end with `alternatives`.
    Messaging {
        trace_hi: U64,
        trace_lo: U64,
        span_id: U64,
        content_hash: U32,
        part: TEXT,
        position: U32,
        shape_id: U64,
    }
);

table!(Shapes { shape_id: U64 });

table!(Correlation { correlation_id: U64, key: TEXT, value: TEXT });

table!(Keys { trace_hi: U64, trace_lo: U64, kind: U8, key_hash: U64 });

impl Keys {
    /// Trace, kind and hash of a row.
    #[inline]
    pub fn row(&self, row: usize) -> Option<[u64; 4]> {
        Some([
            self.trace_hi.number_at(row)?,
            self.trace_lo.number_at(row)?,
            u64::from(self.kind.byte_at(row)?),
            self.key_hash.number_at(row)?,
        ])
    }

    #[inline]
    pub fn push(&mut self, [hi, lo, kind, hash]: [u64; 4]) {
        self.trace_hi.u64(hi);
        self.trace_lo.u64(lo);
        self.kind.u8(kind as u8);
        self.key_hash.u64(hash);
        self.rows += 1;
    }
}

pub struct Tables {
    pub resources: Resources,
    pub scopes: Scopes,
    pub spans: Spans,
    pub links: Links,
    pub events: Events,
    pub messaging: Messaging,
    pub shapes: Shapes,
    pub correlation: Correlation,
    pub keys: Keys,
}

/// Name, rows and columns of a table.
pub type Entry<'t> = (&'static str, usize, Vec<&'t Column>);

/// Rows of each table at one moment.
pub struct Mark {
    pub resources: usize,
    pub scopes: usize,
    pub spans: usize,
    pub links: usize,
    pub events: usize,
    pub messaging: usize,
    pub shapes: usize,
    pub correlation: usize,
    pub keys: usize,
}

impl Tables {
    pub fn new(rules: &Rules) -> Self {
        let none = std::iter::empty;
        Tables {
            resources: Resources::new(none()),
            scopes: Scopes::new(none()),
            spans: Spans::new(none()),
            links: Links::new(none()),
            events: Events::new(none()),
            messaging: Messaging::new(rules.message_kinds().chain([Kind::Text])),
            shapes: Shapes::new(rules.shape_kinds()),
            correlation: Correlation::new(none()),
            keys: Keys::new(none()),
        }
    }

    pub fn mark(&self) -> Mark {
        Mark {
            resources: self.resources.rows,
            scopes: self.scopes.rows,
            spans: self.spans.rows,
            links: self.links.rows,
            events: self.events.rows,
            messaging: self.messaging.rows,
            shapes: self.shapes.rows,
            correlation: self.correlation.rows,
            keys: self.keys.rows,
        }
    }

    pub fn truncate(&mut self, mark: &Mark) {
        self.resources.truncate(mark.resources);
        self.scopes.truncate(mark.scopes);
        self.spans.truncate(mark.spans);
        self.links.truncate(mark.links);
        self.events.truncate(mark.events);
        self.messaging.truncate(mark.messaging);
        self.shapes.truncate(mark.shapes);
        self.correlation.truncate(mark.correlation);
        self.keys.truncate(mark.keys);
    }

    pub fn clear(&mut self) {
        self.resources.clear();
        self.scopes.clear();
        self.spans.clear();
        self.links.clear();
        self.events.clear();
        self.messaging.clear();
        self.shapes.clear();
        self.correlation.clear();
        self.keys.clear();
    }

    pub fn nbytes(&self) -> usize {
        let list = self.list().into_iter();
        let columns =
            list.flat_map(|(_, rows, columns)| columns.into_iter().map(move |c| (c, rows)));
        columns.map(|(column, rows)| column.nbytes(rows)).sum()
    }

    /// Ends the columns that are written only where they are neither null nor 0.
    pub fn pad(&mut self) {
        self.resources.pad();
        self.scopes.pad();
        self.spans.pad();
        self.links.pad();
        self.events.pad();
        self.messaging.pad();
        self.shapes.pad();
        self.correlation.pad();
        self.keys.pad();
    }

    /// Name, rows and columns of each table.
    pub fn list(&self) -> Vec<Entry<'_>> {
        fn entry<'a>(name: &'static str, table: &'a impl Table) -> Entry<'a> {
            (name, table.rows(), table.columns())
        }
        vec![
            entry("resources", &self.resources),
            entry("scopes", &self.scopes),
            entry("spans", &self.spans),
            entry("links", &self.links),
            entry("events", &self.events),
            entry("messaging", &self.messaging),
            entry("shapes", &self.shapes),
            entry("correlation", &self.correlation),
            entry("keys", &self.keys),
        ]
    }
}
