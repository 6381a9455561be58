//! How a tick gets into the ring: what went in before the control stack thinks, what came out at its end.

use crate::pacer::Wake;
use gaitway_control::control_stack::TickInputs;
use gaitway_control::readings::JointReading;
use gaitway_control::{ControlStack, Controller};
use gaitway_model::RobotProfile;
use gaitway_record::ReadTimes;
use gaitway_record::ring::{RowSink, RowSource, ring};
use gaitway_record::row::{self, Durations, Row};

/// Time between two keyframes, s: a replay begins at one, and a rare one costs the loop nothing.
const KEYFRAME_S: u32 = 10;

/// The loop's end of the ring, and the row of the tick that is under way.
#[derive(Debug)]
pub struct TickRecorder {
    sink: RowSink,
    keyframe_ticks: u32,
    until_keyframe: u32,
    row: Option<Box<Row>>,
}

impl TickRecorder {
    /// A ring for so many ticks of `stack`, whose actuators leave so many bytes in each, and its other end.
    pub fn new(stack: &ControlStack, device_len: usize, ticks: usize) -> (TickRecorder, RowSource) {
        let (sink, source) = ring(&Row::of(stack, device_len), ticks);
        let keyframe_ticks = stack.controller().loop_hz() * KEYFRAME_S;
        (TickRecorder { sink, keyframe_ticks, until_keyframe: 0, row: None }, source)
    }

    /// The same for a controller that takes the place of another on a robot of `profile`.
    pub fn of_next(
        profile: &RobotProfile,
        controller: Controller,
        device_len: usize,
        ticks: usize,
    ) -> (TickRecorder, RowSource) {
        TickRecorder::new(&ControlStack::new(profile, controller), device_len, ticks)
    }

    /// What goes into the tick; `write_row` leaves what was heard of the actuators. After a tick that found no row the next that does has a keyframe: a replay goes on from
    /// there.
    pub fn begin(
        &mut self,
        write_row: impl FnOnce(&mut [u8]),
        read: ReadTimes,
        inputs: &TickInputs,
        is_replaced: bool,
        stack: &ControlStack,
    ) {
        self.row = self.sink.take();
        let Some(row) = &mut self.row else {
            self.until_keyframe = 0;
            return;
        };
        row.keyframe.clear();
        if self.until_keyframe == 0 {
            self.until_keyframe = self.keyframe_ticks;
            stack.save_into(&mut row.keyframe);
        }
        self.until_keyframe -= 1;
        row.read = read;
        row.bus_silent_s = inputs.bus_silent_s;
        (row.imu, row.is_replaced) = (inputs.imu, is_replaced);
        row.asked.copy_from(&inputs.asked);
        // Before the slow read, which comes after the control stack.
        write_row(&mut row.device);
    }

    /// What came of it.
    pub fn push(&mut self, wake: &Wake, durations: Durations, joints: &[JointReading], stack: &ControlStack) {
        let Some(mut row) = self.row.take() else { return };
        row.wake = row::Wake {
            tick: wake.tick,
            deadline_ns: wake.deadline_ns,
            woken_ns: wake.now_ns,
            lateness_ns: wake.lateness_ns,
            skipped: wake.skipped,
            held: wake.held,
        };
        row.take(joints, stack);
        row.durations = durations;
        self.sink.send(row);
    }
}
