//! Running recorded ticks again: the servos' registers, the IMU and what operators wanted go through the same code that
//! ran on the robot, and everything that comes out is compared to the bit.

use crate::convert::{outputs, read_inputs};
use crate::message::{Value, encode, flatten};
use crate::row::Row;
use crate::tick::{Keyframe, Tick};
use crate::vitals::vitals;
use gaitway_control::brain::Senses;
use gaitway_control::vitals::JointVitals;
use gaitway_control::{Brain, ControlError};
use gaitway_drivers::feetech::heard::Heard;
use gaitway_drivers::feetech::servo::ServoConfig;

/// A recorded robot that thinks again.
#[derive(Debug)]
pub struct Replay {
    brain: Brain,
    servos: Vec<ServoConfig>,
    gains: Vec<[u8; 3]>,
    heard: Vec<Heard>,
    joints: Vec<JointVitals>,
    row: Row,
    /// True where the brain's state is that of the recording.
    is_in_step: bool,
    /// The tick that the last keyframe was taken before.
    keyframe_tick: Option<u64>,
    dropped: u64,
    recorded: Vec<u8>,
    replayed: Vec<u8>,
}

/// What became of a tick.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Every bit is as recorded.
    Same,
    /// Something is not.
    Differs(Difference),
    /// Ticks before it are missing, and it has no keyframe: there was nothing to run it from.
    Skipped,
}

/// The first value that is not as recorded, in the order in which they are computed.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Number of the tick.
    pub tick: u64,
    /// Where the value stands in the record.
    pub place: String,
    /// What was recorded.
    pub recorded: String,
    /// What came out now.
    pub replayed: String,
}

impl Replay {
    /// A robot like the recorded one; it begins with the first keyframe. `gains` are P, I and D of each servo, register units.
    pub fn new(brain: Brain, servos: Vec<ServoConfig>, gains: &[[u8; 3]]) -> Replay {
        let row = Row::of(&brain);
        Replay {
            heard: vec![Heard::default(); servos.len()],
            joints: vec![JointVitals::default(); servos.len()],
            // The registers come in the order P, D, I.
            gains: gains.iter().map(|[p, i, d]| [*p, *d, *i]).collect(),
            servos,
            row,
            brain,
            is_in_step: false,
            keyframe_tick: None,
            dropped: 0,
            recorded: Vec::new(),
            replayed: Vec::new(),
        }
    }

    /// The brain as it is after the last tick.
    pub fn brain(&self) -> &Brain {
        &self.brain
    }

    /// The state before the tick of that number. Where no tick was missing it is the state the brain has.
    pub fn take_keyframe(&mut self, keyframe: &Keyframe) -> Result<(), ControlError> {
        self.brain.restore(&keyframe.brain)?;
        self.keyframe_tick = Some(keyframe.tick);
        Ok(())
    }

    /// Runs a tick again.
    pub fn run(&mut self, tick: &Tick) -> Verdict {
        let lacks_nothing = tick.dropped == self.dropped;
        self.dropped = tick.dropped;
        self.is_in_step = self.keyframe_tick == Some(tick.tick) || (self.is_in_step && lacks_nothing);
        let inputs = read_inputs(tick, &mut self.heard);
        for (index, heard) in self.heard.iter().enumerate() {
            let state = heard.state(&self.servos[index]);
            self.joints[index] = vitals(&state, self.gains[index], inputs.read);
        }
        if !self.is_in_step {
            return Verdict::Skipped;
        }
        let senses = Senses {
            now_ns: inputs.read.ended_ns,
            hold: tick.held > 0,
            left_out: tick.skipped.saturating_add(tick.held),
            joints: &self.joints,
            bus_silent_s: tick.bus_silent_s,
            imu: inputs.imu,
            asked: inputs.asked,
        };
        let replaced = tick.policy.as_ref().filter(|_| tick.is_replaced);
        self.brain.think(&senses, replaced.map(|policy| policy.observation.as_slice()));
        self.row.take(&self.joints, &self.brain);
        self.judge(tick)
    }

    fn judge(&mut self, tick: &Tick) -> Verdict {
        let mut recorded = tick.clone();
        let mut replayed = Tick { fault: String::new(), ..tick.clone() };
        clear_fault(&mut replayed);
        outputs(&mut replayed, &self.row);
        // Durations are the robot's own.
        (replayed.read_ns, replayed.compute_ns) = (tick.read_ns, tick.compute_ns);
        (replayed.write_ns, replayed.tick_ns) = (tick.write_ns, tick.tick_ns);
        self.recorded.clear();
        self.replayed.clear();
        encode(&mut recorded, &mut self.recorded);
        encode(&mut replayed, &mut self.replayed);
        if self.recorded == self.replayed {
            return Verdict::Same;
        }
        Verdict::Differs(first_difference(tick.tick, &flatten(&mut recorded), &flatten(&mut replayed)))
    }
}

fn clear_fault(tick: &mut Tick) {
    tick.fault_reaction.clear();
    (tick.fault_joint, tick.fault_value) = (0, 0.0);
}

fn first_difference(tick: u64, recorded: &[Value], replayed: &[Value]) -> Difference {
    let mut pairs = recorded.iter().zip(replayed);
    let (place, recorded, replayed) = match pairs.find(|(a, b)| a != b) {
        Some((a, b)) if a.place == b.place => (a.place.clone(), a.kind.to_string(), b.kind.to_string()),
        Some((a, b)) => (a.place.clone(), a.kind.to_string(), format!("nothing, but {}", b.place)),
        None => ("its length".to_owned(), recorded.len().to_string(), replayed.len().to_string()),
    };
    Difference { tick, place, recorded, replayed }
}
