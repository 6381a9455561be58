//! Running recorded ticks again: the servos' registers, the IMU and what operators wanted go through the same code that
//! ran on the robot, and everything that comes out is compared to the bit.

mod controller;
mod robot;

use crate::device::DeviceLog;
use crate::message::{DecodeError, Value, encode, flatten};
use crate::tick::{ACTUATORS, Keyframe, Tick};
use controller::RecordedController;
use gaitway_control::{ControlError, ControlStack, Controller};
use robot::RecordedRobot;

/// A recorded robot that thinks again, or a recorded controller that somebody else stepped.
#[derive(Debug)]
pub struct Replay {
    again: Again,
    /// True where its state is that of the recording.
    is_in_step: bool,
    /// The tick that the last keyframe was taken before.
    keyframe_tick: Option<u64>,
    dropped: u64,
    recorded: Vec<u8>,
    replayed: Vec<u8>,
}

#[derive(Debug)]
enum Again {
    Robot(Box<RecordedRobot>),
    Controller(Box<RecordedController>),
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
    /// A robot like the recorded one, and the log of its actuators; it begins with the first keyframe.
    pub fn new(stack: ControlStack, log: Box<dyn DeviceLog>) -> Replay {
        Replay::of(Again::Robot(Box::new(RecordedRobot::new(stack, log))))
    }

    /// A controller like the recorded one.
    pub fn of_controller(controller: Controller) -> Replay {
        Replay::of(Again::Controller(Box::new(RecordedController::new(controller))))
    }

    fn of(again: Again) -> Replay {
        Replay {
            again,
            is_in_step: false,
            keyframe_tick: None,
            dropped: 0,
            recorded: Vec::new(),
            replayed: Vec::new(),
        }
    }

    /// The state before the tick of that number. Where no tick was missing it is the state it has.
    pub fn take_keyframe(&mut self, keyframe: &Keyframe) -> Result<(), ControlError> {
        match &mut self.again {
            Again::Robot(robot) => robot.restore(&keyframe.brain)?,
            Again::Controller(controller) => controller.restore(&keyframe.brain)?,
        }
        self.keyframe_tick = Some(keyframe.tick);
        Ok(())
    }

    /// Runs a tick again.
    pub fn run(&mut self, tick: &Tick) -> Verdict {
        let lacks_nothing = tick.dropped == self.dropped;
        self.dropped = tick.dropped;
        self.is_in_step = self.keyframe_tick == Some(tick.tick) || (self.is_in_step && lacks_nothing);
        if let Again::Robot(robot) = &mut self.again
            && let Err(error) = robot.hear(tick)
        {
            return Verdict::Differs(unreadable(tick.tick, &error));
        }
        if !self.is_in_step {
            return Verdict::Skipped;
        }
        let mut replayed = tick.clone();
        match &mut self.again {
            Again::Robot(robot) => robot.think(tick, &mut replayed),
            Again::Controller(controller) => controller.step(tick, &mut replayed),
        }
        self.judge(tick, &mut replayed)
    }

    fn judge(&mut self, tick: &Tick, replayed: &mut Tick) -> Verdict {
        let mut recorded = tick.clone();
        self.recorded.clear();
        self.replayed.clear();
        encode(&mut recorded, &mut self.recorded);
        encode(replayed, &mut self.replayed);
        if self.recorded == self.replayed {
            return Verdict::Same;
        }
        Verdict::Differs(first_difference(tick.tick, &flatten(&mut recorded), &flatten(replayed)))
    }
}

fn unreadable(tick: u64, error: &DecodeError) -> Difference {
    let (place, replayed) = (ACTUATORS.to_owned(), "a message of their driver".to_owned());
    Difference { tick, place, recorded: error.to_string(), replayed }
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
