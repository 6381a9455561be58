//! A controller that somebody else stepped: from the sensors it was given to its goals.

use crate::stepped;
use crate::tick::Tick;
use gaitway_control::{ControlError, Controller};
use gaitway_model::{Command, Sensors};

#[derive(Debug)]
pub(super) struct RecordedController {
    controller: Controller,
    sensors: Sensors,
}

impl RecordedController {
    pub fn new(controller: Controller) -> RecordedController {
        RecordedController { sensors: Sensors::still(controller.joints(), controller.contacts()), controller }
    }

    pub fn restore(&mut self, state: &[u8]) -> Result<(), ControlError> {
        self.controller.restore(state)
    }

    /// The tick once more; what comes out replaces what `replayed` has.
    pub fn step(&mut self, tick: &Tick, replayed: &mut Tick) {
        let mut command = Command::default();
        stepped::read_inputs(tick, &mut self.sensors, &mut command);
        // Rows have its length. Were there no network its record would stay, which differs.
        let _ = self.controller.step(&self.sensors, &command);
        stepped::outputs(replayed, &self.controller);
    }
}
