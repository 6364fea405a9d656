//! The Python module `tracestitch_decoder`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::builder::{Appended, Builder};
use crate::rules::{Rules, ToldColumn};

/// Bytes.
const LARGE: usize = 16 << 10;

/// Spans taken, why others were left out and how many, bytes held.
type Taken = (usize, Vec<(&'static str, usize)>, usize);
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

    /// Takes in a request: (spans taken, [(reason, spans left out for it)], bytes held).
    /// Raises ValueError for bytes that are no request, RuntimeError for a fault of the
    /// decoder itself; the builder holds then what it held before.
    fn append(&mut self, py: Python<'_>, payload: &Bound<'_, PyBytes>) -> PyResult<Taken> {
        let payload = payload.as_bytes();
        let builder = &mut self.builder;
        let outcome = py.detach(|| {
            // The builder cuts itself back when a panic passes through it.
            let appended = catch_unwind(AssertUnwindSafe(|| builder.append(payload)));
            (appended, builder.tables().nbytes())
        });
        match outcome {
            (Ok(Ok(Appended { spans, rejected })), held) => Ok((spans, rejected, held)),
            (Ok(Err(flaw)), _) => Err(PyValueError::new_err(flaw.0)),
            (Err(_), _) => Err(PyRuntimeError::new_err("the native decoder has a fault")),
        }
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
