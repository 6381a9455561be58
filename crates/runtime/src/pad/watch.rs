//! A pad looked at by a tool: everything it says, and what would come of it. Nothing is driven.

use super::device::{AxisNow, Device};
use super::error::PadError;
use super::finder::Finder;
use super::layouts::NamedLayout;
use gaitway_gamepad::evdev::Event;
use gaitway_gamepad::{Button, Controls, Operator, Reach};
use gaitway_model::Command;
use std::path::{Path, PathBuf};

/// What came, and how the pad stands then.
#[derive(Debug, Clone)]
pub struct Heard {
    /// Every event, and what its code is in the layout.
    pub events: Vec<(Event, Option<&'static str>)>,
    /// Sticks, triggers and buttons.
    pub controls: Controls,
    /// Buttons that were pressed.
    pub pressed: Vec<Button>,
    /// What the robot would be asked.
    pub command: Command,
    /// The sticks move the head.
    pub moves_head: bool,
}

/// A pad that somebody looks at.
#[derive(Debug)]
pub struct PadWatch {
    device: Device,
    operator: Operator,
}

impl PadWatch {
    /// The pad `path`, or the first that is found, with `layout` or its own.
    pub fn open(
        path: Option<PathBuf>,
        layout: Option<NamedLayout>,
        reach: Reach,
    ) -> Result<PadWatch, PadError> {
        let found = Finder::new(path.clone(), layout).find();
        let mut device = found.ok_or_else(|| PadError::of_missing(path.as_deref()))?;
        let mut operator = Operator::new(reach);
        operator.take_up(&device.pad.look());
        Ok(PadWatch { device, operator })
    }

    /// What it calls itself; empty where it is no input device.
    pub fn name(&self) -> &str {
        &self.device.name
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.device.path
    }

    /// Name of its layout.
    pub fn layout(&self) -> &str {
        &self.device.layout
    }

    /// Every axis it has, as it stands.
    pub fn axes(&self) -> Vec<AxisNow> {
        self.device.axes()
    }

    /// Waits up to `wait_ns`, a second at most, for something to come. `None` where the pad is gone.
    pub fn wait(&mut self, wait_ns: u64) -> Option<Heard> {
        let mut events = Vec::new();
        if !self.device.take(wait_ns, |event| events.push(event)) {
            return None;
        }
        let events = events.into_iter().map(|event| (event, self.device.pad.meaning(event))).collect();
        let (controls, mut pressed) = (self.device.pad.look(), Vec::new());
        self.operator.update(&controls, |button| pressed.push(button));
        let phase_factor_offset = self.operator.phase_factor_offset();
        let command = Command { phase_factor_offset, ..Command::of(&self.operator.command()) };
        Some(Heard { events, controls, pressed, command, moves_head: self.operator.moves_head() })
    }
}
