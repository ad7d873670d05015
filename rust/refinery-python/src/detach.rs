//! The one door for long calls: the GIL is released, the work runs on the pool it was given, and
//! errors of the core become the exceptions of `refinery.errors`.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use pyo3::exceptions::{PyOSError, PyRuntimeError};
use pyo3::prelude::*;
use refinery_core::{Error, Interrupt, Result};

/// How long a signal may wait until it is looked for.
const POLL: Duration = Duration::from_millis(100);

/// A pool of threads for the kernels; one per run, so that `threads:` is obeyed.
#[pyclass(frozen, module = "refinery._core")]
pub struct ThreadPool {
    pool: rayon::ThreadPool,
}

#[pymethods]
impl ThreadPool {
    #[new]
    fn new(threads: usize) -> PyResult<Self> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|i| format!("refinery-{i}"))
            .build()
            .map_err(|e| PyRuntimeError::new_err(e.to_string()))?;
        Ok(Self { pool })
    }

    #[getter]
    fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }
}

/// Runs `work` without the GIL, on `pool` where one is given.
pub fn detached<T: Send>(
    py: Python<'_>,
    pool: Option<&ThreadPool>,
    work: impl FnOnce() -> Result<T> + Send,
) -> PyResult<T> {
    py.detach(|| on_pool(pool, work)).map_err(to_py_err)
}

fn on_pool<T: Send>(pool: Option<&ThreadPool>, work: impl FnOnce() -> T + Send) -> T {
    match pool {
        Some(pool) => pool.pool.install(work),
        None => work(),
    }
}

/// The same for work of many seconds: the calling thread waits, lets Python's signal handlers run
/// and calls `stop` where one is given. What either raises interrupts the work, and is raised when
/// that has ended.
pub fn interruptible<T: Send>(
    py: Python<'_>,
    pool: Option<&ThreadPool>,
    stop: Option<&Py<PyAny>>,
    work: impl FnOnce(&Interrupt) -> Result<T> + Send,
) -> PyResult<T> {
    let interrupt = Interrupt::default();
    py.detach(|| {
        thread::scope(|scope| {
            let (done, is_done) = channel();
            let interrupt = &interrupt;
            let worker = scope.spawn(move || {
                let found = on_pool(pool, || work(interrupt));
                // Nobody waits any more only where the process ends.
                let _ = done.send(());
                found
            });
            let mut raised = None;
            while is_done.recv_timeout(POLL) == Err(RecvTimeoutError::Timeout) {
                if raised.is_none() {
                    raised = Python::attach(|py| ask(py, stop)).err();
                }
                if raised.is_some() {
                    interrupt.set();
                }
            }
            match (worker.join(), raised) {
                (Err(panic), _) => std::panic::resume_unwind(panic),
                (Ok(_), Some(raised)) => Err(raised),
                (Ok(found), None) => found.map_err(to_py_err),
            }
        })
    })
}

fn ask(py: Python<'_>, stop: Option<&Py<PyAny>>) -> PyResult<()> {
    py.check_signals()?;
    stop.map_or(Ok(()), |stop| stop.call0(py).map(drop))
}

/// The Python exception of a core error.
#[expect(clippy::needless_pass_by_value, reason = "a target of map_err")]
pub fn to_py_err(error: Error) -> PyErr {
    Python::attach(|py| match exception(py, &error) {
        Ok(exception) => PyErr::from_value(exception),
        Err(cause) => cause,
    })
}

fn exception<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    let errors = py.import("refinery.errors")?;
    match error {
        Error::Parameter { name, message } => {
            errors.getattr("ParameterError")?.call1((*name, message))
        }
        Error::UnknownName { kind, name } => {
            errors.getattr("UnknownNameError")?.call1((*kind, name))
        }
        Error::Model { path, message } => errors
            .getattr("ModelError")?
            .call1((path.display().to_string(), message)),
        Error::BadFile {
            path,
            reason,
            message,
        } => errors
            .getattr("BadFileError")?
            .call1((path.display().to_string(), *reason, message)),
        Error::Io { path, source } => match source.raw_os_error() {
            Some(code) => py.get_type::<PyOSError>().call1((
                code,
                source.to_string(),
                path.display().to_string(),
            )),
            None => py.get_type::<PyOSError>().call1((error.to_string(),)),
        },
        Error::Schema { column, message } => {
            errors.getattr("SchemaError")?.call1((column, message))
        }
        other => errors.getattr("RefineryError")?.call1((other.to_string(),)),
    }
}

/// Adds this file's names to the module.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<ThreadPool>()
}
