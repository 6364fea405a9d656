//! The Python module `tracestitch_decoder`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::builder::{Appended, Builder};
use crate::rules::{Rules, ToldColumn};

/// Bytes.
const LARGE: usize = 16 << 10;

/// Spans taken, why others were left out and how many, why the request was refused, whether
/// for a fault of the decoder itself.
type Outcome = (usize, Vec<(&'static str, usize)>, Option<&'static str>, bool);
/// Memory that Python can read: validity, offsets and data.
type Column<'py> = (Option<Bound<'py, PyAny>>, Option<Bound<'py, PyAny>>, Bound<'py, PyAny>);
/// Name, rows, columns in the order of the schema.
type Table<'py> = (&'static str, usize, Vec<Column<'py>>);

/// Columns under construction. One owner: it is not for several threads at once.
#[pyclass(name = "Builder", module = "tracestitch_decoder")]
struct PyBuilder {
    builder: Builder,
}

#[pymethods]
impl PyBuilder {
    /// `columns`: (name, type, each, marks, attribute names) of each typed column;
    /// `correlation`: (canonical key, attribute names); `resource`: the attribute names of
    /// each column of a resource. Winners come first.
    #[new]
    fn new(
        columns: Vec<ToldColumn>,
        correlation: Vec<(String, Vec<String>)>,
        resource: Vec<Vec<String>>,
    ) -> PyResult<Self> {
        let rules = Rules::new(columns, correlation, resource).map_err(PyValueError::new_err)?;
        Ok(PyBuilder { builder: Builder::new(rules) })
    }

    /// Takes in requests in their order until the builder holds `full` spans: what became of
    /// each, and the bytes held. Nothing of a refused request stays.
    fn append_all(
        &mut self,
        py: Python<'_>,
        payloads: Vec<Bound<'_, PyBytes>>,
        full: usize,
    ) -> (Vec<Outcome>, usize) {
        let requests: Vec<&[u8]> = payloads.iter().map(|payload| payload.as_bytes()).collect();
        let builder = &mut self.builder;
        py.detach(|| {
            let mut outcomes = Vec::with_capacity(requests.len());
            for request in requests {
                if builder.tables().spans.rows >= full {
                    break;
                }
                // The builder cuts itself back when a panic passes through it.
                let appended = catch_unwind(AssertUnwindSafe(|| builder.append(request)));
                outcomes.push(match appended {
                    Ok(Ok(Appended { spans, rejected })) => (spans, rejected, None, false),
                    Ok(Err(flaw)) => (0, Vec::new(), Some(flaw.0), false),
                    Err(_) => (0, Vec::new(), Some("the native decoder has a fault"), true),
                });
            }
            (outcomes, builder.tables().nbytes())
        })
    }

    /// All tables, and an empty builder. `allocate` gives writable memory of a size in bytes;
    /// it is asked for large columns, for which fresh memory would be slow.
    fn seal<'py>(
        &mut self,
        py: Python<'py>,
        allocate: &Bound<'py, PyAny>,
    ) -> PyResult<Vec<Table<'py>>> {
        self.builder.pad();
        let copy = |piece: &[u8]| -> PyResult<Bound<'py, PyAny>> {
            if piece.len() < LARGE {
                return Ok(PyBytes::new(py, piece).into_any());
            }
            let memory = allocate.call1((piece.len(),))?;
            PyBuffer::<u8>::get(&memory)?.copy_from_slice(py, piece)?;
            Ok(memory)
        };
        let mut tables = Vec::new();
        for (name, rows, columns) in self.builder.tables().list() {
            let mut copies = Vec::with_capacity(columns.len());
            for column in columns {
                let buffers = column.buffers();
                let validity = buffers.validity.map(copy).transpose()?;
                let offsets = buffers.offsets.map(copy).transpose()?;
                copies.push((validity, offsets, copy(buffers.data)?));
            }
            tables.push((name, rows, copies));
        }
        py.detach(|| self.builder.clear());
        Ok(tables)
    }
}

#[pymodule]
fn tracestitch_decoder(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyBuilder>()
}
