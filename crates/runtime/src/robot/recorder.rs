//! How a tick gets into the ring: what went in before the brain thinks, what came out at its end.

use crate::pacer::Wake;
use gaitway_control::Brain;
use gaitway_control::brain::{Asked, Senses};
use gaitway_control::imu::ImuSample;
use gaitway_control::vitals::JointVitals;
use gaitway_drivers::feetech::bus::ServoBus;
use gaitway_drivers::feetech::heard::Heard;
use gaitway_record::ReadTimes;
use gaitway_record::ring::{RowSink, RowSource, ring};
use gaitway_record::row::{self, Durations, Row};

/// Time between two keyframes, s: a replay begins at one, and a rare one costs the loop nothing.
const KEYFRAME_S: u32 = 10;

/// The loop's end of the ring, and what it remembers from the beginning of a tick to its end.
#[derive(Debug)]
pub(crate) struct TickRecorder {
    sink: RowSink,
    keyframe_ticks: u32,
    until_keyframe: u32,
    keyframe: Vec<u8>,
    /// What was heard of each servo before the slow read, which comes after the brain.
    heard: Vec<Heard>,
    inputs: Inputs,
}

#[derive(Debug, Default)]
struct Inputs {
    read: ReadTimes,
    bus_silent_s: f32,
    imu: Option<ImuSample>,
    asked: Asked,
    is_replaced: bool,
}

impl TickRecorder {
    /// A ring for so many ticks of `brain`, and its other end.
    pub fn new(brain: &Brain, ticks: usize) -> (TickRecorder, RowSource) {
        let row = Row::of(brain);
        let (sink, source) = ring(&row, ticks);
        let keyframe = Vec::with_capacity(row.keyframe.capacity());
        let keyframe_ticks = brain.controller().loop_hz() * KEYFRAME_S;
        let (heard, inputs) = (row.heard, Inputs::default());
        (TickRecorder { sink, keyframe_ticks, until_keyframe: 0, keyframe, heard, inputs }, source)
    }

    /// What goes into the tick.
    pub fn begin(
        &mut self,
        bus: &ServoBus,
        read: ReadTimes,
        senses: &Senses,
        is_replaced: bool,
        brain: &Brain,
    ) {
        self.heard.iter_mut().zip(bus.states()).for_each(|(heard, state)| *heard = state.heard());
        self.keyframe.clear();
        if self.until_keyframe == 0 {
            self.until_keyframe = self.keyframe_ticks;
            brain.save_into(&mut self.keyframe);
        }
        self.until_keyframe -= 1;
        let (bus_silent_s, imu, asked) = (senses.bus_silent_s, senses.imu, senses.asked);
        self.inputs = Inputs { read, bus_silent_s, imu, asked, is_replaced };
    }

    /// What came of it. After a row that found no room the next has a keyframe: a replay goes on from there.
    pub fn push(&mut self, wake: &Wake, durations: Durations, joints: &[JointVitals], brain: &Brain) {
        let before = self.sink.dropped();
        let (heard, inputs, keyframe) = (&self.heard, &self.inputs, &self.keyframe);
        self.sink.push(|row| {
            row.wake = row::Wake {
                tick: wake.tick,
                deadline_ns: wake.deadline_ns,
                woken_ns: wake.now_ns,
                lateness_ns: wake.lateness_ns,
                skipped: wake.skipped,
                held: wake.held,
            };
            row.read = inputs.read;
            row.bus_silent_s = inputs.bus_silent_s;
            (row.imu, row.asked, row.is_replaced) = (inputs.imu, inputs.asked, inputs.is_replaced);
            row.heard.copy_from_slice(heard);
            row.joints.copy_from_slice(joints);
            row.take(brain);
            row.durations = durations;
            row.keyframe.clear();
            row.keyframe.extend_from_slice(keyframe);
        });
        if self.sink.dropped() != before {
            self.until_keyframe = 0;
        }
    }
}
