//! The Python module `tracestitch_decoder`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::builder::{Appended, Builder};
use crate::rules::{Rules, ToldColumn};

/// Validity, offsets and data of a column.
type Buffers<'py> = (Option<Bound<'py, PyBytes>>, Option<Bound<'py, PyBytes>>, Bound<'py, PyBytes>);
/// Rows of a table, and its columns in the order of its schema.
type Table<'py> = (usize, Vec<Buffers<'py>>);

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
    fn append(
        &mut self,
        py: Python<'_>,
        payload: &Bound<'_, PyBytes>,
    ) -> PyResult<(usize, Vec<(&'static str, usize)>, usize)> {
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

    /// Every table by name, and an empty builder.
    fn seal<'py>(&mut self, py: Python<'py>) -> Vec<(&'static str, Table<'py>)> {
        self.builder.pad();
        let bytes = |buffer: &[u8]| PyBytes::new(py, buffer);
        let tables = self.builder.tables().list().into_iter().map(|(name, rows, columns)| {
            let columns = columns.into_iter().map(|column| {
                let buffers = column.buffers();
                (buffers.validity.map(bytes), buffers.offsets.map(bytes), bytes(buffers.data))
            });
            (name, (rows, columns.collect()))
        });
        let tables = tables.collect();
        py.detach(|| self.builder.clear());
        tables
    }
}

#[pymodule]
fn tracestitch_decoder(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyBuilder>()
}
