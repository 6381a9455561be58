//! `Contacts`: the contact switches on their pins, for tools.

use crate::errors;
use crate::here::Here;
use crate::robot::Robot;
use gaitway_platform::gpio;
use gaitway_runtime::robot::contacts::{ContactReader, ContactSlot};
use pyo3::prelude::*;
use std::path::PathBuf;
use std::sync::Arc;

#[pyclass(frozen, module = "gaitway._native")]
pub struct Contacts {
    reader: Here<ContactReader>,
    contact: Arc<ContactSlot>,
}

#[pymethods]
impl Contacts {
    /// Reads the switches of `robot` on the GPIO chip `path`; the header's where none is named.
    #[new]
    #[pyo3(signature = (robot, path=None))]
    fn new(py: Python<'_>, robot: &Robot, path: Option<PathBuf>) -> PyResult<Contacts> {
        let Some(path) = path.or_else(gpio::header_chip) else {
            let hint = "a Raspberry Pi has one; on another board name it: ls /dev/gpiochip*";
            return Err(errors::usage("expected a GPIO chip with a header, found none".to_owned(), hint));
        };
        let contact = Arc::new(ContactSlot::default());
        let pins: Vec<u32> = robot.profile.contacts.iter().filter_map(|contact| contact.pin).collect();
        let theirs = Arc::clone(&contact);
        let reader = py.detach(|| ContactReader::start(&path, &pins, theirs));
        let reader = reader.map_err(|error| errors::usage(error.to_string(), error.hint()))?;
        Ok(Contacts { reader: Here::new(reader), contact })
    }

    /// Where there is contact, in the order of the profile.
    fn contact(&self) -> PyResult<Vec<bool>> {
        let count = self.reader.get()?.edges().len();
        Ok(self.contact.take()[..count].iter().map(|share| *share > 0.5).collect())
    }

    /// Edges seen on each line.
    fn edges(&self) -> PyResult<Vec<u64>> {
        Ok(self.reader.get()?.edges())
    }
}
