//! What the main thread does while the loop runs: says what happened, listens for the end, brings a port back, and
//! keeps the guard in place.

use crate::arguments::Settings;
use crate::error::DaemonError;
use crate::imu::Imu;
use crate::keys::Keys;
use crate::live_policy::LivePolicies;
use crate::log::Log;
use crate::loop_thread::Running;
use crate::pad::Pads;
use crate::recording::Recording;
use gaitway_control::arbiter::Source;
use gaitway_control::supervisor::CLEAR_STOP;
use gaitway_hal::actuators::Actuators;
use gaitway_model::RobotProfile;
use gaitway_platform::guard::Guard;
use gaitway_platform::heartbeat::{GUARDS, Heartbeat, LOOP_LIMIT_NS};
use gaitway_platform::{Clock, MonotonicClock, PortError, SerialPort};
use gaitway_runtime::api::{LeaseTable, PolicyShelf};
use gaitway_runtime::robot::{Event, Mailbox};
use gaitway_runtime::stop::Stop;
use serde_json::json;
use std::sync::{Mutex, PoisonError};

/// Why a loop ends that shall begin again.
pub(crate) const ANOTHER_POLICY: &str = "another policy";
/// Between two looks, ns.
const LOOK_NS: u64 = 10_000_000;
/// Between two tries to open a port that is gone, ns.
const REOPEN_NS: u64 = 200_000_000;
/// Between two tries to start a guard, ns.
const GUARD_NS: u64 = 1_000_000_000;
/// Between two lines of a dry run, ns.
const SHOW_NS: u64 = 1_000_000_000;

/// Whose threads have something to say now and then.
pub(crate) struct Reporters<'a> {
    pub recording: Option<&'a Recording>,
    /// Where another policy is wanted.
    pub policies: &'a PolicyShelf,
    /// What the loop has replaced is dropped here.
    pub live: &'a LivePolicies,
    pub imu: &'a mut Imu,
    /// Who stopped the robot.
    pub leases: &'a Mutex<LeaseTable>,
}

impl Reporters<'_> {
    fn tell(&mut self, log: &mut Log) {
        if let Some(recording) = self.recording {
            recording.tell(log);
        }
        self.imu.tell(log);
        self.live.collect();
    }

    /// A stop by a client or a gamepad; keys, signals and guards tell of theirs themselves.
    fn tell_stop(&self, log: &mut Log) {
        let leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        let by = leases.stopped_by().unwrap_or("a client of the local API that gave no name");
        log.say("warn", "emergency stop", json!({ "by": by, "hint": CLEAR_STOP }));
    }
}

/// Minds a loop that runs.
pub(crate) struct LoopMonitor<'a> {
    settings: &'a Settings,
    profile: &'a RobotProfile,
    clock: MonotonicClock,
    /// The frame that makes every servo limp.
    torque_off: Vec<u8>,
    guard: Option<Guard>,
    /// By which loop and guards watch each other.
    heartbeat: Heartbeat,
    guard_tried_ns: u64,
    /// Where the program was started from a terminal.
    keys: Option<Keys>,
    port_gone_since_ns: Option<u64>,
    shown_ns: u64,
    /// Whether a client of the local API or a gamepad has stopped the robot.
    is_stopped_by_client: bool,
    /// Why it ends, once it does.
    why: Option<&'static str>,
}

impl<'a> LoopMonitor<'a> {
    pub fn new(
        settings: &'a Settings,
        profile: &'a RobotProfile,
        actuators: &mut dyn Actuators,
        log: &mut Log,
    ) -> Result<LoopMonitor<'a>, DaemonError> {
        let mut torque_off = Vec::new();
        actuators.cut(&mut |frame| torque_off.extend_from_slice(frame));
        Ok(LoopMonitor {
            settings,
            profile,
            clock: MonotonicClock::default(),
            torque_off,
            guard: None,
            heartbeat: Heartbeat::new(LOOP_LIMIT_NS).map_err(failed_to_share)?,
            guard_tried_ns: 0,
            keys: Keys::of_stdin(settings.operator.keyboard, log),
            port_gone_since_ns: None,
            shown_ns: 0,
            is_stopped_by_client: false,
            why: None,
        })
    }

    /// The keys, where somebody can press any.
    pub fn keys(&self) -> Option<&Keys> {
        self.keys.as_ref()
    }

    /// By which loop and guards watch each other.
    pub fn heartbeat(&self) -> Heartbeat {
        self.heartbeat.clone()
    }

    /// Puts a guard on `port`; a dry run writes nothing, and needs none.
    pub fn guard(&mut self, port: &SerialPort) -> Result<(), DaemonError> {
        if !self.settings.robot.dry_run {
            let descriptor = port.try_clone_fd().map_err(failed_to_clone)?;
            let terminal = self.keys.as_ref().map(|keys| &**keys.terminal());
            self.guard = Some(Guard::start(descriptor, &self.torque_off, terminal, &self.heartbeat)?);
        }
        Ok(())
    }

    /// Lets the guard go: the torque is off.
    pub fn dismiss(&mut self, log: &mut Log) {
        if let Some(Err(error)) = self.guard.take().map(Guard::goodbye) {
            log.say("warn", "guard", json!({ "error": error.to_string(), "hint": error.hint() }));
        }
    }

    /// Minds the loop until its thread has ended; returns why it ended.
    pub fn mind(
        &mut self,
        running: &Running,
        mut reporters: Reporters,
        pads: &mut Pads,
        stop: &Stop,
        mailbox: &Mailbox,
        log: &mut Log,
    ) -> &'static str {
        let end_ns = self.settings.timing.seconds.map(|seconds| self.clock.now_ns() + (seconds * 1e9) as u64);
        while !running.thread.is_finished() {
            self.clock.wait_until(self.clock.now_ns() + LOOK_NS);
            for event in running.events.try_iter() {
                self.follow(&event.event);
                log.event(&event, self.profile);
            }
            reporters.tell(log);
            let was_stopped = self.is_stopped_by_client;
            self.is_stopped_by_client =
                [Source::Network, Source::Pad].into_iter().any(|source| mailbox.is_stopped_by(source));
            if self.is_stopped_by_client && !was_stopped {
                reporters.tell_stop(log);
            }
            let now_ns = self.clock.now_ns();
            let is_time = end_ns.is_some_and(|end_ns| now_ns >= end_ns);
            let ends = match reporters.policies.wanted() {
                Some(_) => Some(ANOTHER_POLICY),
                None => is_time.then_some("time is over"),
            };
            self.listen(pads, stop, mailbox, ends, log);
            pads.follow(log);
            self.bring_port_back(running, now_ns, log);
            self.check_guard(mailbox, now_ns, log);
            self.show(running, now_ns, log);
            log.show(&running.status, self.profile);
        }
        self.why.unwrap_or("the loop ended")
    }

    fn follow(&mut self, event: &Event) {
        match event {
            Event::PortGone(_) => self.port_gone_since_ns = Some(0),
            Event::PortBack => self.port_gone_since_ns = None,
            _ => {}
        }
    }

    /// Keys, what `ends` the run, and a stdout nobody reads any more. Signals are followed elsewhere, and told here.
    fn listen(
        &mut self,
        pads: &mut Pads,
        stop: &Stop,
        mailbox: &Mailbox,
        ends: Option<&'static str>,
        log: &mut Log,
    ) {
        let is_ending = self.why.is_some();
        let asked = self.keys.as_mut().and_then(|keys| keys.follow(stop, pads, mailbox, is_ending, log));
        let why = match stop.why() {
            Some(why) => why,
            None if log.is_lost() => "nobody reads the log",
            None => match asked.or(ends) {
                Some(why) => why,
                None => return,
            },
        };
        // What a person asks for while it ends for another policy counts more.
        if self.why.is_none_or(|before| before == ANOTHER_POLICY && why != before) {
            self.why = Some(why);
            stop.end();
            log.say("info", "stopping", json!({ "why": why }));
        }
    }

    /// A port that was unplugged is opened again, and guarded, as soon as it is there.
    fn bring_port_back(&mut self, running: &Running, now_ns: u64, log: &mut Log) {
        let is_due = |tried_ns: u64| now_ns >= tried_ns + REOPEN_NS;
        if !self.port_gone_since_ns.is_some_and(is_due) {
            return;
        }
        self.port_gone_since_ns = Some(now_ns);
        // The guard holds the dead port, and with it the lock.
        self.guard = None;
        let Ok(port) = SerialPort::open(&self.settings.robot.port, self.profile.actuators.baud) else {
            return;
        };
        if let Err(error) = self.guard(&port) {
            log.say("error", "guard", json!({ "error": error.to_string(), "hint": error.hint() }));
            return;
        }
        // A loop that has not fetched the one before has ended.
        let _ = running.ports.try_send(port);
    }

    /// Without a guard nobody would cut the torque after a SIGKILL: then the robot does not stay on its feet. One of
    /// the two that is missing is replaced while the robot walks on.
    fn check_guard(&mut self, mailbox: &Mailbox, now_ns: u64, log: &mut Log) {
        let Some(guard) = &mut self.guard else { return };
        let alive = guard.alive();
        if alive == GUARDS {
            return;
        }
        if alive == 0 {
            mailbox.set_emergency_stop(Source::Program);
        }
        if now_ns < self.guard_tried_ns + GUARD_NS {
            return;
        }
        self.guard_tried_ns = now_ns;
        let name = match alive {
            0 => "the guards are gone: emergency stop",
            _ => "a guard is gone",
        };
        match guard.complete() {
            Ok(()) => {
                let hint = "somebody killed or stopped it; another was started";
                log.say("error", name, json!({ "hint": hint, "guards": guard.pids() }));
            }
            Err(error) => {
                log.say("error", name, json!({ "error": error.to_string(), "hint": error.hint() }));
            }
        }
    }

    /// A dry run shows what it would tell the servos.
    fn show(&mut self, running: &Running, now_ns: u64, log: &mut Log) {
        if !self.settings.robot.dry_run || now_ns < self.shown_ns + SHOW_NS {
            return;
        }
        if let Some(status) = running.status.take() {
            self.shown_ns = now_ns;
            let names = self.profile.joints.iter().map(|joint| joint.name.clone());
            let targets: serde_json::Map<_, _> =
                names.zip(status.joints.iter().map(|joint| json!(joint.goal_rad))).collect();
            log.say("info", "targets", json!({ "tick": status.tick, "rad": targets }));
        }
    }
}

fn failed_to_clone(error: PortError) -> DaemonError {
    let source = std::io::Error::other(error.to_string());
    DaemonError::System { doing: "handing the port to the guard", source }
}

fn failed_to_share(source: std::io::Error) -> DaemonError {
    DaemonError::System { doing: "making the heartbeat's memory", source }
}
