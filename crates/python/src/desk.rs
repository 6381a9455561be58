//! `ServoDesk`: servos one at a time, whatever their ids.

use crate::count::Count;
use crate::errors;
use crate::here::Here;
use crate::robot::Robot;
use gaitway_feetech::registers::{self, Register};
use gaitway_feetech::settings::settings_of;
use gaitway_feetech::single::Heard;
use gaitway_platform::{MonotonicClock, SerialPort};
use gaitway_runtime::desk::Desk;
use gaitway_runtime::line::LineReport;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

type Servos = Desk<SerialPort, MonotonicClock>;

#[pyclass(frozen, module = "gaitway._native")]
pub struct ServoDesk {
    /// Until it is closed.
    desk: Here<Mutex<Option<Servos>>>,
}

impl ServoDesk {
    fn with<T: Send>(
        &self,
        py: Python<'_>,
        act: impl FnOnce(&mut Servos) -> Result<T, gaitway_platform::PortError> + Send,
    ) -> PyResult<T> {
        let desk = self.desk.get()?;
        let done = py.detach(|| desk.lock().unwrap_or_else(PoisonError::into_inner).as_mut().map(act));
        let done = done.ok_or_else(|| errors::usage("the desk is closed".to_owned(), "open another one"))?;
        done.map_err(|error| errors::bus(error.to_string(), error.hint()))
    }
}

#[pymethods]
impl ServoDesk {
    /// Opens the port `path` at `baud`.
    #[new]
    fn new(py: Python<'_>, path: PathBuf, baud: Count) -> PyResult<ServoDesk> {
        let baud = baud.narrow("baud")?;
        let port = py.detach(|| SerialPort::open(&path, baud));
        let port = port.map_err(|error| errors::bus(error.to_string(), &error.hint()))?;
        let desk = Desk::new(port, MonotonicClock::default(), baud);
        Ok(ServoDesk { desk: Here::new(Mutex::new(Some(desk))) })
    }

    /// "silence", "garbage", or the names of the faults the servo reports.
    #[pyo3(signature = (servo_id, tries=Count(3)))]
    fn ping<'py>(&self, py: Python<'py>, servo_id: Count, tries: Count) -> PyResult<Bound<'py, PyAny>> {
        let (id, tries) = (servo_id.narrow("servo_id")?, tries.narrow::<u8>("tries")?);
        match self.with(py, |desk| desk.ping(id, usize::from(tries)))? {
            Heard::Silence => Ok("silence".into_pyobject(py)?.into_any()),
            Heard::Garbage => Ok("garbage".into_pyobject(py)?.into_any()),
            Heard::Answer { faults, .. } => faults.names().collect::<Vec<_>>().into_pyobject(py),
        }
    }

    /// Every register of a servo by name; `None` where it does not answer soundly.
    fn read<'py>(&self, py: Python<'py>, servo_id: Count) -> PyResult<Option<Bound<'py, PyDict>>> {
        let id = servo_id.narrow("servo_id")?;
        let end = registers::ALL.iter().map(Register::end).max().unwrap_or_default();
        let Heard::Answer { data, .. } = self.with(py, |desk| desk.read(id, 0, end))? else {
            return Ok(None);
        };
        let found = PyDict::new(py);
        for register in registers::ALL {
            let bytes = &data[usize::from(register.address)..usize::from(register.end())];
            let high = bytes.get(1).copied().unwrap_or_default();
            found.set_item(register.name, register.decode(u16::from_le_bytes([bytes[0], high])))?;
        }
        Ok(Some(found))
    }

    /// Writes a setting for good; true where it reads back as written.
    fn save(&self, py: Python<'_>, servo_id: Count, register: &str, value: Count) -> PyResult<bool> {
        let (id, value) = (servo_id.narrow("servo_id")?, value.narrow("value")?);
        let known = registers::ALL.iter().find(|known| known.name == register && known.eeprom);
        let Some(&known) = known else {
            let names: Vec<_> =
                registers::ALL.iter().filter(|known| known.eeprom).map(|known| known.name).collect();
            let message = format!("register {register:?}: expected a setting that is kept");
            return Err(errors::usage(message, &format!("one of {}", names.join(", "))));
        };
        self.with(py, |desk| desk.save(id, known, value))
    }

    /// What lies between here and these servos, which answer alone: whether the adaptor echoes, and whether bulk reads
    /// work, `None` where too few answer.
    fn check_line(&self, py: Python<'_>, servo_ids: Vec<Count>) -> PyResult<(bool, Option<bool>)> {
        let ids = servo_ids.iter().map(|id| id.narrow("servo_ids")).collect::<PyResult<Vec<u8>>>()?;
        let found = self.with(py, |desk| desk.check_line(&ids))?;
        Ok((found.echoes, found.bulk_reads))
    }

    /// Makes a servo limp.
    fn torque_off(&self, py: Python<'_>, servo_id: Count) -> PyResult<()> {
        let id = servo_id.narrow("servo_id")?;
        self.with(py, |desk| desk.torque_off(id)).map(drop)
    }

    /// What is said of an echo and of bulk reads that fail, each with what to do.
    #[staticmethod]
    fn line_words() -> ((&'static str, &'static str), (&'static str, &'static str)) {
        (LineReport::ECHO, LineReport::NO_BULK)
    }

    /// The settings of a joint's servo that it keeps, for one that holds `registers`.
    #[staticmethod]
    fn settings(
        robot: &Robot,
        joint: Count,
        registers: HashMap<String, i32>,
    ) -> PyResult<Vec<(&'static str, i32)>> {
        let settings = settings_of(&robot.profile, joint.narrow("joint")?)
            .map_err(|error| errors::usage(error.to_string(), "correct the settings in the profile"))?;
        let kept = settings.iter().filter(|setting| setting.register.eeprom);
        let value = |name: &str| registers.get(name).copied().unwrap_or_default();
        Ok(kept
            .map(|setting| (setting.register.name, setting.want.value(value(setting.register.name))))
            .collect())
    }

    /// Closes the port.
    fn close(&self, py: Python<'_>) {
        let Ok(desk) = self.desk.get() else { return };
        py.detach(|| drop(desk.lock().unwrap_or_else(PoisonError::into_inner).take()));
    }
}
