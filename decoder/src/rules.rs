//! What `storage/attributes.toml` tells: which attribute names fill which typed columns,
//! correlation keys and columns of a resource.

use crate::column::Kind;
use crate::identity::end_hash;
use crate::text::write_string;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Type {
    Text,
    /// A text that may be empty.
    Captured,
    Int,
    Flag,
}

impl Type {
    fn named(name: &str) -> Option<Type> {
        match name {
            "string" => Some(Type::Text),
            "captured" => Some(Type::Captured),
            "int" => Some(Type::Int),
            "bool" => Some(Type::Flag),
            _ => None,
        }
    }

    fn kind(self) -> Kind {
        match self {
            Type::Text | Type::Captured => Kind::Text,
            Type::Int => Kind::Number(8),
            Type::Flag => Kind::Flag,
        }
    }
}

/// A typed column as it is told: name, type, whether it stands in `messaging` (else in
/// `shapes`), whether it marks a messaging span, attribute names with the winner first.
pub type ToldColumn = (String, String, bool, bool, Vec<String>);

pub struct TypedColumn {
    pub name: String,
    kind: Type,
    pub each: bool,
    pub marks: bool,
    /// Among the columns of its table.
    pub place: usize,
}

/// A target that an attribute fills, and which of several attributes wins: the lowest.
#[derive(Clone, Copy)]
pub struct Target {
    pub index: u16,
    pub priority: u16,
    pub kind: Type,
}

#[derive(Default)]
pub struct Name {
    /// As JSON text without quotes, as attribute keys are compared.
    text: Vec<u8>,
    /// Behind a comma, with quotes and a colon.
    pub quoted: Vec<u8>,
    /// Whether it reads the same in a request as in JSON.
    pub is_plain: bool,
    pub typed: Vec<Target>,
    pub correlation: Vec<Target>,
}

/// Columns that join keys are made of.
#[derive(Default)]
pub struct KeyColumns {
    pub message_id: Option<u16>,
    pub event_id: Option<u16>,
    pub sequence_number: Option<u16>,
    pub kafka_offset: Option<u16>,
    pub kafka_partition: Option<u16>,
    pub destination_name: Option<u16>,
}

pub struct Rules {
    pub columns: Vec<TypedColumn>,
    /// Canonical keys in their order.
    pub correlation: Vec<String>,
    /// Names for each column of a resource, as JSON text without quotes.
    pub resource: Vec<Vec<Vec<u8>>>,
    pub key_columns: KeyColumns,
    names: Vec<Name>,
    /// Open addressing: place of a name plus one, 0 for none. Its content is ours, so that
    /// no request can make a search long.
    slots: Vec<u16>,
}

impl Rules {
    /// Keys of `correlation` are distinct. An error is a sentence.
    pub fn new(
        columns: Vec<ToldColumn>,
        mut correlation: Vec<(String, Vec<String>)>,
        resource: Vec<Vec<String>>,
    ) -> Result<Self, String> {
        correlation.sort();
        let mut rules = Rules {
            columns: Vec::new(),
            correlation: correlation.iter().map(|(key, _)| key.clone()).collect(),
            resource: resource
                .iter()
                .map(|names| names.iter().map(|n| json(n)).collect())
                .collect(),
            key_columns: KeyColumns::default(),
            names: Vec::new(),
            slots: Vec::new(),
        };
        for (index, (name, kind, each, marks, names)) in columns.into_iter().enumerate() {
            let Some(kind) = Type::named(&kind) else {
                return Err(format!("the column {name} has the unknown type {kind}"));
            };
            rules.add(&names, index, kind, |name| &mut name.typed)?;
            let place = rules.columns.iter().filter(|other| other.each == each).count();
            rules.columns.push(TypedColumn { name, kind, each, marks, place });
        }
        for (index, (_, names)) in correlation.iter().enumerate() {
            rules.add(names, index, Type::Text, |name| &mut name.correlation)?;
        }
        rules.key_columns = rules.find_key_columns();
        rules.fill_slots();
        Ok(rules)
    }

    fn add(
        &mut self,
        names: &[String],
        index: usize,
        kind: Type,
        targets: fn(&mut Name) -> &mut Vec<Target>,
    ) -> Result<(), String> {
        let small = |number: usize| u16::try_from(number).map_err(|_| "too many names".to_owned());
        for (priority, name) in names.iter().enumerate() {
            let target = Target { index: small(index)?, priority: small(priority)?, kind };
            let text = json(name);
            let place = self.names.iter().position(|other| other.text == text);
            match place.and_then(|place| self.names.get_mut(place)) {
                Some(known) => targets(known).push(target),
                None => {
                    let quoted = [b",\"", text.as_slice(), b"\":"].concat();
                    let is_plain = text == name.as_bytes();
                    let mut new = Name { text, quoted, is_plain, ..Name::default() };
                    targets(&mut new).push(target);
                    self.names.push(new);
                }
            }
        }
        small(self.names.len() + 1).map(drop)
    }

    fn find_key_columns(&self) -> KeyColumns {
        let find = |name: &str| {
            let place = self.columns.iter().position(|column| column.name == name);
            place.and_then(|place| u16::try_from(place).ok())
        };
        KeyColumns {
            message_id: find("message_id"),
            event_id: find("event_id"),
            sequence_number: find("sequence_number"),
            kafka_offset: find("kafka_offset"),
            kafka_partition: find("kafka_partition"),
            destination_name: find("destination_name"),
        }
    }

    fn fill_slots(&mut self) {
        self.slots = vec![0; (self.names.len() * 8).next_power_of_two()];
        for (number, name) in (1..).zip(&self.names) {
            let mut slot = end_hash(&name.text) as usize % self.slots.len();
            while self.slots.get(slot).is_some_and(|&taken| taken != 0) {
                slot = (slot + 1) % self.slots.len();
            }
            if let Some(free) = self.slots.get_mut(slot) {
                *free = number;
            }
        }
    }

    /// `key` is JSON text without quotes, `hash` its `end_hash`.
    #[inline]
    pub fn find(&self, key: &[u8], hash: u32) -> Option<(u16, &Name)> {
        let mut slot = hash as usize & (self.slots.len() - 1);
        loop {
            let number = *self.slots.get(slot)?;
            let name = self.name(number)?;
            if name.text == key {
                return Some((number, name));
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }

    /// By its number.
    #[inline]
    pub fn name(&self, number: u16) -> Option<&Name> {
        self.names.get(usize::from(number).checked_sub(1)?)
    }

    pub fn column(&self, index: u16) -> Option<&TypedColumn> {
        self.columns.get(usize::from(index))
    }

    pub fn message_kinds(&self) -> impl Iterator<Item = Kind> + '_ {
        self.columns.iter().filter(|column| column.each).map(|column| column.kind.kind())
    }

    pub fn shape_kinds(&self) -> impl Iterator<Item = Kind> + '_ {
        self.columns.iter().filter(|column| !column.each).map(|column| column.kind.kind())
    }
}

fn json(name: &str) -> Vec<u8> {
    let mut quoted = Vec::new();
    write_string(&mut quoted, name.as_bytes());
    quoted.get(1..quoted.len() - 1).unwrap_or_default().to_vec()
}
