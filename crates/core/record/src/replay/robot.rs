//! The whole robot: from what its actuators said to their goals.

use crate::convert::{Inputs, outputs, read_inputs};
use crate::device::DeviceLog;
use crate::message::DecodeError;
use crate::row::Row;
use crate::tick::Tick;
use gaitway_control::control_stack::TickInputs;
use gaitway_control::readings::JointReading;
use gaitway_control::{ControlError, ControlStack};

#[derive(Debug)]
pub(super) struct RecordedRobot {
    stack: ControlStack,
    log: Box<dyn DeviceLog>,
    joints: Vec<JointReading>,
    inputs: Inputs,
    row: Row,
}

impl RecordedRobot {
    pub fn new(stack: ControlStack, log: Box<dyn DeviceLog>) -> RecordedRobot {
        RecordedRobot {
            joints: vec![JointReading::default(); stack.controller().joints()],
            inputs: Inputs::default(),
            row: Row::of(&stack, 0),
            log,
            stack,
        }
    }

    pub fn restore(&mut self, state: &[u8]) -> Result<(), ControlError> {
        self.stack.restore(state)
    }

    /// What the actuators said. It holds for the ticks that follow, those that cannot be run included.
    pub fn hear(&mut self, tick: &Tick) -> Result<(), DecodeError> {
        self.inputs = read_inputs(tick);
        self.log.take(&tick.actuators)?;
        self.log.read(self.inputs.read, &mut self.joints);
        Ok(())
    }

    /// The tick once more; what comes out replaces what `replayed` has.
    pub fn think(&mut self, tick: &Tick, replayed: &mut Tick) {
        let inputs = TickInputs {
            now_ns: self.inputs.read.ended_ns,
            hold: tick.held > 0,
            left_out: tick.skipped.saturating_add(tick.held),
            joints: &self.joints,
            bus_silent_s: tick.bus_silent_s,
            imu: self.inputs.imu,
            asked: self.inputs.asked,
        };
        let replaced = tick.policy.as_ref().filter(|_| tick.is_replaced);
        self.stack.think(&inputs, replaced.map(|policy| policy.observation.as_slice()));
        self.row.take(self.stack.believed(&self.joints), &self.stack);
        clear_fault(replayed);
        outputs(replayed, &self.row);
        // Durations are the robot's own.
        (replayed.read_ns, replayed.compute_ns) = (tick.read_ns, tick.compute_ns);
        (replayed.write_ns, replayed.tick_ns) = (tick.write_ns, tick.tick_ns);
    }
}

fn clear_fault(tick: &mut Tick) {
    tick.fault.clear();
    tick.fault_reaction.clear();
    (tick.fault_joint, tick.fault_value) = (0, 0.0);
}
