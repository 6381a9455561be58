//! `Feet`: the foot switches on their pins, for tools.

use crate::errors;
use crate::here::Here;
use crate::robot::Robot;
use gaitway_platform::gpio;
use gaitway_runtime::robot::feet::{Contact, FeetReader};
use pyo3::prelude::*;
use std::path::PathBuf;
use std::sync::Arc;

#[pyclass(frozen, module = "gaitway._native")]
pub struct Feet {
    reader: Here<FeetReader>,
    contact: Arc<Contact>,
}

#[pymethods]
impl Feet {
    /// Reads the switches of `robot` on the GPIO chip `path`; the header's where none is named.
    #[new]
    #[pyo3(signature = (robot, path=None))]
    fn new(py: Python<'_>, robot: &Robot, path: Option<PathBuf>) -> PyResult<Feet> {
        let Some(path) = path.or_else(gpio::header_chip) else {
            let hint = "a Raspberry Pi has one; on another board name it: ls /dev/gpiochip*";
            return Err(errors::usage("expected a GPIO chip with a header, found none".to_owned(), hint));
        };
        let contact = Arc::new(Contact::default());
        let (pins, theirs) = (robot.profile.pins.foot_switch, Arc::clone(&contact));
        let reader = py.detach(|| FeetReader::start(&path, pins, theirs));
        let reader = reader.map_err(|error| errors::usage(error.to_string(), error.hint()))?;
        Ok(Feet { reader: Here::new(reader), contact })
    }

    /// Which feet are on the ground, left then right.
    fn contact(&self) -> [bool; 2] {
        self.contact.take().map(|share| share > 0.5)
    }

    /// Edges seen on each line.
    fn edges(&self) -> PyResult<[u64; 2]> {
        Ok(self.reader.get()?.edges())
    }
}
