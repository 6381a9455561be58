//! The whole robot: from the registers of its servos to their goals.

use crate::convert::{Inputs, outputs, read_inputs};
use crate::readings::joint_reading;
use crate::row::Row;
use crate::tick::Tick;
use gaitway_control::control_stack::TickInputs;
use gaitway_control::readings::JointReading;
use gaitway_control::{ControlError, ControlStack};
use gaitway_feetech::heard::Heard;
use gaitway_feetech::servo::ServoConfig;

#[derive(Debug)]
pub(super) struct RecordedRobot {
    stack: ControlStack,
    servos: Vec<ServoConfig>,
    /// P, D and I, in the order of their registers.
    gains: Vec<[u8; 3]>,
    heard: Vec<Heard>,
    joints: Vec<JointReading>,
    inputs: Inputs,
    row: Row,
}

impl RecordedRobot {
    pub fn new(stack: ControlStack, servos: Vec<ServoConfig>, gains: &[[u8; 3]]) -> RecordedRobot {
        RecordedRobot {
            heard: vec![Heard::default(); servos.len()],
            joints: vec![JointReading::default(); servos.len()],
            gains: gains.iter().map(|[p, i, d]| [*p, *d, *i]).collect(),
            servos,
            inputs: Inputs::default(),
            row: Row::of(&stack),
            stack,
        }
    }

    pub fn restore(&mut self, state: &[u8]) -> Result<(), ControlError> {
        self.stack.restore(state)
    }

    /// What the servos said. It holds for the ticks that follow, those that cannot be run included.
    pub fn hear(&mut self, tick: &Tick) {
        self.inputs = read_inputs(tick, &mut self.heard);
        for (index, heard) in self.heard.iter().enumerate() {
            let state = heard.state(&self.servos[index]);
            self.joints[index] = joint_reading(&state, self.gains[index], self.inputs.read);
        }
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
