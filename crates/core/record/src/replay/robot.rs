//! The whole robot: from the registers of its servos to their goals.

use crate::convert::{Inputs, outputs, read_inputs};
use crate::row::Row;
use crate::tick::Tick;
use crate::vitals::vitals;
use gaitway_control::brain::Senses;
use gaitway_control::vitals::JointVitals;
use gaitway_control::{Brain, ControlError};
use gaitway_feetech::heard::Heard;
use gaitway_feetech::servo::ServoConfig;

#[derive(Debug)]
pub(super) struct RecordedRobot {
    brain: Brain,
    servos: Vec<ServoConfig>,
    /// P, D and I, in the order of their registers.
    gains: Vec<[u8; 3]>,
    heard: Vec<Heard>,
    joints: Vec<JointVitals>,
    inputs: Inputs,
    row: Row,
}

impl RecordedRobot {
    pub fn new(brain: Brain, servos: Vec<ServoConfig>, gains: &[[u8; 3]]) -> RecordedRobot {
        RecordedRobot {
            heard: vec![Heard::default(); servos.len()],
            joints: vec![JointVitals::default(); servos.len()],
            gains: gains.iter().map(|[p, i, d]| [*p, *d, *i]).collect(),
            servos,
            inputs: Inputs::default(),
            row: Row::of(&brain),
            brain,
        }
    }

    pub fn restore(&mut self, state: &[u8]) -> Result<(), ControlError> {
        self.brain.restore(state)
    }

    /// What the servos said. It holds for the ticks that follow, those that cannot be run included.
    pub fn hear(&mut self, tick: &Tick) {
        self.inputs = read_inputs(tick, &mut self.heard);
        for (index, heard) in self.heard.iter().enumerate() {
            let state = heard.state(&self.servos[index]);
            self.joints[index] = vitals(&state, self.gains[index], self.inputs.read);
        }
    }

    /// The tick once more; what comes out replaces what `replayed` has.
    pub fn think(&mut self, tick: &Tick, replayed: &mut Tick) {
        let senses = Senses {
            now_ns: self.inputs.read.ended_ns,
            hold: tick.held > 0,
            left_out: tick.skipped.saturating_add(tick.held),
            joints: &self.joints,
            bus_silent_s: tick.bus_silent_s,
            imu: self.inputs.imu,
            asked: self.inputs.asked,
        };
        let replaced = tick.policy.as_ref().filter(|_| tick.is_replaced);
        self.brain.think(&senses, replaced.map(|policy| policy.observation.as_slice()));
        self.row.take(self.brain.believed(&self.joints), &self.brain);
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
