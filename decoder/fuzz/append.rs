//! A request goes into a builder that holds another: refused ones leave nothing behind,
//! columns agree in their lengths, texts are UTF-8.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use tracestitch_decoder::{Builder, Rules};

thread_local! {
    static BUILDER: RefCell<Builder> = RefCell::new(new_builder());
}

fn new_builder() -> Builder {
    let column = |name: &str, kind: &str, each, names: &[&str]| {
        (name.to_owned(), kind.to_owned(), each, true, names.iter().map(|n| n.to_string()).collect())
    };
    let columns = vec![
        column("system", "string", false, &["a", "s"]),
        column("destination_name", "string", false, &["d", "b"]),
        column("temporary", "bool", false, &["t", "a"]),
        column("message_id", "string", true, &["m", "i", "a"]),
        column("kafka_partition", "int", true, &["p", "a"]),
        column("kafka_offset", "int", true, &["o"]),
        column("sequence_number", "string", true, &["q"]),
    ];
    let correlation = vec![("order".to_owned(), vec!["o".to_owned(), "a".to_owned()])];
    match Rules::new(columns, correlation, vec![vec!["s".to_owned()]; 5]) {
        Ok(rules) => Builder::new(rules),
        Err(flaw) => panic!("{flaw}"),
    }
}

fuzz_target!(|payload: &[u8]| {
    BUILDER.with_borrow_mut(|builder| {
        let rows = |builder: &Builder| -> Vec<usize> {
            builder.tables().list().iter().map(|(_, rows, _)| *rows).collect()
        };
        if builder.tables().nbytes() > 1 << 20 {
            builder.clear();
        }
        builder.pad();
        let (before, held) = (rows(builder), builder.tables().nbytes());
        let outcome = builder.append(payload);
        builder.pad();
        if outcome.is_err() {
            assert_eq!((rows(builder), builder.tables().nbytes()), (before, held));
        }
        for (_, rows, columns) in builder.tables().list() {
            for column in columns {
                let buffers = column.buffers();
                if let Some(offsets) = buffers.offsets {
                    assert_eq!(offsets.len(), (rows + 1) * 4);
                    assert!(std::str::from_utf8(buffers.data).is_ok());
                } else {
                    assert!(rows == 0 || buffers.data.len() >= rows.div_ceil(8));
                }
                if let Some(validity) = buffers.validity {
                    assert_eq!(validity.len(), rows.div_ceil(8));
                }
            }
        }
    });
});
