//! `Pad`: a gamepad as it stands, for tools. Nothing is driven. `PadSender`: a pad that a program holds, as datagrams.

use crate::contract::Contract;
use crate::errors;
use gaitway_gamepad::datagram::{LEN, RemotePad};
use gaitway_gamepad::evdev::Event;
use gaitway_gamepad::seal::Key;
use gaitway_gamepad::{Button, Controls, OutOfReach, Reach};
use gaitway_model::axis::STANDARD_AXES;
use gaitway_runtime::pad::key_file::{self, PadKeyError};
use gaitway_runtime::pad::{AxisNow, Heard, NamedLayout, PadError, PadWatch, reach};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::path::PathBuf;

#[pyclass(module = "gaitway._native")]
pub struct Pad {
    watch: PadWatch,
}

#[pymethods]
impl Pad {
    /// The pad `path`, or the first that is found, with the layout of that name or file, or its own.
    #[new]
    #[pyo3(signature = (contract, *, path=None, layout=None))]
    fn new(
        py: Python<'_>,
        contract: &Contract,
        path: Option<PathBuf>,
        layout: Option<PathBuf>,
    ) -> PyResult<Pad> {
        let reach = reach(&contract.contract);
        let open = || {
            let layout = layout.as_deref().map(NamedLayout::load).transpose()?;
            PadWatch::open(path, layout, reach)
        };
        let watch =
            py.detach(open).map_err(|error: PadError| errors::usage(error.to_string(), &error.hint()))?;
        Ok(Pad { watch })
    }

    /// What it calls itself; empty where it is no input device.
    #[getter]
    fn name(&self) -> &str {
        self.watch.name()
    }

    /// Where it is.
    #[getter]
    fn path(&self) -> PathBuf {
        self.watch.path().to_owned()
    }

    /// Name of its layout.
    #[getter]
    fn layout(&self) -> &str {
        self.watch.layout()
    }

    /// Code, place, and both ends of every axis.
    fn axes(&self) -> Vec<(u16, i32, i32, i32)> {
        let row = |axis: AxisNow| (axis.code, axis.value, axis.range.min, axis.range.max);
        self.watch.axes().into_iter().map(row).collect()
    }

    /// Waits, a second at most, for something to come; None where the pad is gone.
    fn wait<'py>(&mut self, py: Python<'py>, seconds: f64) -> PyResult<Option<Bound<'py, PyDict>>> {
        let wait_ns = (seconds.clamp(0.0, 1.0) * 1e9) as u64;
        let watch = &mut self.watch;
        py.detach(|| watch.wait(wait_ns)).map(|heard| state(py, &heard)).transpose()
    }
}

#[pyclass(module = "gaitway._native")]
pub struct PadSender {
    controls: Controls,
    held: Option<Button>,
    /// Beside whatever button is held.
    stops: bool,
    pad: RemotePad,
}

impl PadSender {
    /// As the robot told it: before it has, nothing can be asked.
    fn reach(&self) -> Reach {
        self.pad.reach().copied().unwrap_or_default()
    }
}

#[pymethods]
impl PadSender {
    /// For a robot that has the key of this file, or none; its sticks are in the middle.
    #[new]
    #[pyo3(signature = (*, key=None))]
    fn new(key: Option<PathBuf>) -> PyResult<PadSender> {
        let key = key.as_deref().map(key_file::load).transpose().map_err(no_key)?;
        let pad = RemotePad::new(key.unwrap_or_else(Key::open));
        Ok(PadSender { controls: Controls::default(), held: None, stops: false, pad })
    }

    fn walk(&mut self, forward_mps: f32, leftward_mps: f32, turning_rps: f32) -> PyResult<()> {
        self.controls = self.reach().walk(forward_mps, leftward_mps, turning_rps).map_err(out_of_reach)?;
        Ok(())
    }

    fn look(&mut self, pitch_rad: f32, yaw_rad: f32, roll_rad: f32) -> PyResult<()> {
        self.controls = self.reach().look(pitch_rad, yaw_rad, roll_rad).map_err(out_of_reach)?;
        Ok(())
    }

    fn hold(&mut self, button: Option<&str>) -> PyResult<()> {
        self.held = button.map(named).transpose()?;
        Ok(())
    }

    fn stop(&mut self, is_down: bool) {
        self.stops = is_down;
    }

    fn datagram(&mut self) -> [u8; LEN] {
        let mut controls = self.controls;
        if let Some(button) = self.held {
            controls.set(button, true);
        }
        controls.set(Button::Stop, self.stops || controls.is_held(Button::Stop));
        self.pad.datagram(&controls)
    }

    /// Whether the robot's emergency stop was set at its last answer.
    #[getter]
    fn is_stopped(&self) -> bool {
        self.pad.is_stopped()
    }

    /// True for an answer of the robot.
    fn hear(&mut self, datagram: &[u8]) -> bool {
        self.pad.take(datagram)
    }
}

/// Where the key of robot and pad is unless another file is named.
#[pyfunction]
pub fn pad_key_path() -> PathBuf {
    key_file::default_path()
}

/// Makes a key in a new file.
#[pyfunction]
pub fn make_pad_key(path: PathBuf) -> PyResult<()> {
    key_file::create(&path).map_err(no_key)
}

fn no_key(error: PadKeyError) -> PyErr {
    errors::usage(error.to_string(), &error.hint())
}

fn named(name: &str) -> PyResult<Button> {
    Button::ALL.into_iter().find(|button| button.name() == name).ok_or_else(|| {
        let known = Button::ALL.map(Button::name).join(", ");
        errors::usage(format!("no button is called {name:?}"), &format!("a pad has {known}"))
    })
}

fn out_of_reach(error: OutOfReach) -> PyErr {
    errors::usage(error.to_string(), "the policy was trained for no more: Contract.envelope has every axis")
}

fn state<'py>(py: Python<'py>, heard: &Heard) -> PyResult<Bound<'py, PyDict>> {
    let controls = &heard.controls;
    let state = PyDict::new(py);
    let events: Vec<_> = heard.events.iter().map(|(event, meaning)| row(*event, *meaning)).collect();
    state.set_item("events", events)?;
    state.set_item("left", controls.left)?;
    state.set_item("right", controls.right)?;
    state.set_item("triggers", controls.triggers)?;
    let held: Vec<&str> =
        Button::ALL.into_iter().filter(|button| controls.is_held(*button)).map(Button::name).collect();
    state.set_item("held", held)?;
    let pressed: Vec<&str> = heard.pressed.iter().map(|button| button.name()).collect();
    state.set_item("pressed", pressed)?;
    state.set_item("command", &heard.command.values[..STANDARD_AXES.len()])?;
    state.set_item("moves_head", heard.moves_head)?;
    Ok(state)
}

/// Kind, code, value, and what the code is in the layout.
fn row(event: Event, meaning: Option<&'static str>) -> (&'static str, u16, i32, Option<&'static str>) {
    match event {
        Event::Key { code, is_down } => ("key", code, i32::from(is_down), meaning),
        Event::Axis { code, value } => ("axis", code, value, meaning),
        Event::Dropped => ("dropped", 0, 0, None),
    }
}
