//! OTLP trace requests (protobuf) to Arrow column buffers, without an object per span.
//!
//! Does what `collector/python_decoder.py` does, which is what it is tested against.
//! A cursor walks over the bytes; nothing is allocated for a field, a value or a span.

mod builder;
mod column;
mod identity;
mod json;
mod messaging;
mod number;
mod origin;
mod phrases;
mod plain;
mod rows;
mod rules;
mod span;
mod tables;
mod text;
mod wire;
mod written;

#[cfg(feature = "python")]
mod python;

pub use builder::{Appended, Builder};
pub use column::{Buffers, Column};
pub use rules::{Rules, ToldColumn};
pub use tables::Tables;
pub use wire::Flaw;
