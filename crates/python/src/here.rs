//! What has threads, ports or files of its own belongs to the process that made it.

use crate::errors;
use pyo3::prelude::*;

/// A value that is of use in its own process only. After a fork the child has a copy: its threads do not run, its
/// locks may be held by them for ever, and its files and sockets are the parent's, who goes on using them. The child
/// is told so, and leaves everything as it is.
pub(crate) struct Here<T> {
    value: Option<T>,
    process: u32,
}

impl<T> Here<T> {
    pub(crate) fn new(value: T) -> Here<T> {
        Here { value: Some(value), process: std::process::id() }
    }

    pub(crate) fn get(&self) -> PyResult<&T> {
        let (is_here, process) = (self.is_here(), self.process);
        self.value.as_ref().filter(|_| is_here).ok_or_else(|| elsewhere(process))
    }

    pub(crate) fn get_mut(&mut self) -> PyResult<&mut T> {
        let (is_here, process) = (self.is_here(), self.process);
        self.value.as_mut().filter(|_| is_here).ok_or_else(|| elsewhere(process))
    }

    /// The value, to be ended.
    pub(crate) fn take(mut self) -> PyResult<T> {
        self.get()?;
        self.value.take().ok_or_else(|| elsewhere(self.process))
    }

    fn is_here(&self) -> bool {
        std::process::id() == self.process
    }
}

impl<T> Drop for Here<T> {
    fn drop(&mut self) {
        if !self.is_here() {
            // Ending it would wait for threads that are not here, and remove files that are the parent's.
            std::mem::forget(self.value.take());
        }
    }
}

fn elsewhere(process: u32) -> PyErr {
    let message = format!(
        "expected to be used in process {process}, which made it, found process {}, which was forked from it",
        std::process::id()
    );
    errors::usage(
        message,
        "make another one in this process, or begin it with multiprocessing's method \"spawn\"",
    )
}
