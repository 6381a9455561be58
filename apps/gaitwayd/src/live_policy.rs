//! Another policy for a robot that runs: read, checked and made ready beside the loop, handed over, and what it replaces
//! dropped here.

use crate::arguments::PolicySettings;
use crate::load::{self, LoadError};
use crate::recording::Recorded;
use gaitway_control::control_stack::ControlStackOptions;
use gaitway_control::{Controller, Gains, Options, Policy};
use gaitway_model::{Contract, RobotProfile};
use gaitway_protocol::{Code, Refusal};
use gaitway_record::{About, DeviceLog};
use gaitway_runtime::api::LiveSwap;
use gaitway_runtime::devices::actuator_log;
use gaitway_runtime::recorder::{RING_TICKS, Recorder};
use gaitway_runtime::robot::recorder::TickRecorder;
use gaitway_runtime::robot::{Swap, SwapGiver};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};

/// Ticks of a policy over which the goals go over to one that a client wants.
const BLEND_TICKS: u32 = 3;

/// What a policy must fit that takes over while the robot runs.
pub(crate) struct Running {
    pub profile: RobotProfile,
    /// What cannot change while it runs.
    pub gains: Vec<Gains>,
    pub loop_hz: u32,
    pub settled: ControlStackOptions,
    /// Bytes that the actuators leave in each tick.
    pub row_len: usize,
    /// Where the recorder goes that follows, and how it is begun; `None` where nothing is recorded.
    pub recording: Option<(SyncSender<Recorder>, Recorded)>,
    /// Observations of the first policy are written down, or replaced.
    pub keeps_observations: bool,
}

/// The way of policies to the loop. A copy is the same way.
#[derive(Clone)]
pub(crate) struct LivePolicies {
    running: Arc<Running>,
    door: Arc<Mutex<Door>>,
}

struct Door {
    giver: SwapGiver,
    given: u64,
    taken: u64,
}

impl LivePolicies {
    pub fn new(running: Running, giver: SwapGiver) -> LivePolicies {
        let door = Arc::new(Mutex::new(Door { giver, given: 0, taken: 0 }));
        LivePolicies { running: Arc::new(running), door }
    }

    /// Reads the policy of these settings, and makes it ready.
    pub fn prepare(&self, settings: &PolicySettings) -> Result<Box<dyn LiveSwap>, Refusal> {
        let running = &self.running;
        if running.keeps_observations {
            return Err(impossible(
                "the observations of the policy that runs are written down, or replaced",
                "start gaitwayd without --save-obs and --replay-obs",
            ));
        }
        let told = |error: LoadError| impossible(&error.to_string(), &error.hint());
        let (policy, onnx) = load::policy(settings).map_err(told)?;
        let options = load::options(settings).map_err(told)?;
        let controller = load::setup(settings, &policy, &running.profile, &options).map_err(told)?.controller;
        self.check(&controller)?;
        let blend_ticks = BLEND_TICKS * controller.divider();
        let recorded =
            running.recording.as_ref().map(|(_, what)| self.record(what, (&policy, &onnx), &options));
        let (ring, recorder) = recorded.transpose()?.unzip();
        let swap = Some(Box::new(Swap::new(controller, ring, blend_ticks)));
        Ok(Box::new(Ready {
            way: self.clone(),
            contract: policy.contract().clone(),
            swap,
            recorder,
            number: 0,
        }))
    }

    /// Drops what the loop has replaced.
    pub fn collect(&self) {
        self.door.lock().unwrap_or_else(PoisonError::into_inner).collect();
    }

    fn check(&self, controller: &Controller) -> Result<(), Refusal> {
        let running = &self.running;
        if controller.loop_hz() != running.loop_hz {
            let (expected, found) = (running.loop_hz, controller.loop_hz());
            let message = format!(
                "the loop runs at {expected} Hz: expected a policy for that, found one for {found} Hz"
            );
            return Err(impossible(
                &message,
                "make the robot limp first: then gaitwayd starts again with it",
            ));
        }
        let names = running.profile.joints.iter().map(|joint| &joint.name);
        let mut pairs = names.zip(running.gains.iter().zip(controller.gains()));
        if let Some((name, (expected, found))) = pairs.find(|(_, (expected, found))| expected != found) {
            let message =
                format!("gains of {name}: expected {expected:?} as the servos have, found {found:?}");
            return Err(impossible(
                &message,
                "make the robot limp first: then gaitwayd starts again with it",
            ));
        }
        Ok(())
    }

    /// The ring of its ticks, and who writes them down.
    fn record(
        &self,
        what: &Recorded,
        (policy, onnx): (&Policy, &[u8]),
        options: &Options,
    ) -> Result<(TickRecorder, Recorder), Refusal> {
        let running = &self.running;
        let failed =
            |error: &dyn std::fmt::Display| impossible(&error.to_string(), "start gaitwayd with --no-record");
        let log: Box<dyn DeviceLog> =
            actuator_log(&running.profile, &running.gains).map_err(|error| failed(&error))?;
        let settled = Some((running.settled, &*log));
        let about =
            About::new(&running.profile, (policy, onnx), options, settled).map_err(|error| failed(&error))?;
        // The rows of its ring are made by one like it.
        let like = Controller::new(policy, &running.profile, options).map_err(|error| failed(&error))?;
        let (ring, source) = TickRecorder::of_next(&running.profile, like, running.row_len, RING_TICKS);
        Ok((ring, what.recorder((source, log), about)))
    }
}

impl Door {
    fn collect(&mut self) {
        while let Some(swap) = self.giver.take_back() {
            self.taken += 1;
            drop(swap);
        }
    }
}

/// A policy that is ready, and the recorder of its ticks.
struct Ready {
    way: LivePolicies,
    contract: Contract,
    swap: Option<Box<Swap>>,
    recorder: Option<Recorder>,
    /// How many had been given with it.
    number: u64,
}

impl LiveSwap for Ready {
    fn contract(&self) -> &Contract {
        &self.contract
    }

    fn give(&mut self) -> Result<(), Refusal> {
        let busy =
            || impossible("the control loop has another policy to take first", "try again in a few seconds");
        let mut door = self.way.door.lock().unwrap_or_else(PoisonError::into_inner);
        door.collect();
        if door.given > door.taken {
            return Err(busy());
        }
        let Some(swap) = self.swap.take() else { return Err(busy()) };
        // First: its ticks come as soon as the loop has it.
        if let (Some((next, _)), Some(recorder)) = (&self.way.running.recording, self.recorder.take()) {
            next.try_send(recorder).map_err(|_| busy())?;
        }
        door.giver.give(swap).map_err(|_| busy())?;
        door.given += 1;
        self.number = door.given;
        Ok(())
    }

    fn is_taken(&mut self) -> bool {
        let mut door = self.way.door.lock().unwrap_or_else(PoisonError::into_inner);
        door.collect();
        self.number > 0 && door.taken >= self.number
    }
}

fn impossible(message: &str, hint: &str) -> Refusal {
    Refusal::new(Code::NotPossible, message, hint)
}
