//! What the main thread does while the loop runs: says what happened, listens for the end, brings a port back, and
//! keeps the guard in place.

use crate::arguments::Arguments;
use crate::daemon::Running;
use crate::error::DaemonError;
use crate::keys::Keys;
use crate::log::Log;
use crate::pad::Pads;
use crate::recording::Recording;
use gaitway_contract::RobotProfile;
use gaitway_control::arbiter::Source;
use gaitway_control::supervisor::Wish;
use gaitway_drivers::feetech::bus::ServoBus;
use gaitway_drivers::feetech::error::BusError;
use gaitway_runtime::guard::Guard;
use gaitway_runtime::robot::{Event, Mailbox, setup};
use gaitway_runtime::termination::Termination;
use gaitway_runtime::{Clock, MonotonicClock, PortError, SerialPort};
use serde_json::json;

/// Between two looks, ns.
const LOOK_NS: u64 = 10_000_000;
/// Between two tries to open a port that is gone, ns.
const REOPEN_NS: u64 = 200_000_000;
/// Between two lines of a dry run, ns.
const SHOW_NS: u64 = 1_000_000_000;

/// Minds a loop that runs.
pub(crate) struct Minder<'a> {
    arguments: &'a Arguments,
    profile: &'a RobotProfile,
    clock: MonotonicClock,
    /// The frame that makes every servo limp.
    torque_off: Vec<u8>,
    guard: Option<Guard>,
    /// Where the program was started from a terminal.
    keys: Option<Keys>,
    port_gone_since_ns: Option<u64>,
    shown_ns: u64,
    is_ending: bool,
}

impl<'a> Minder<'a> {
    pub fn new(
        arguments: &'a Arguments,
        profile: &'a RobotProfile,
        log: &mut Log,
    ) -> Result<Minder<'a>, BusError> {
        let mut bus = ServoBus::new(&setup::servos(profile), setup::link(profile))?;
        Ok(Minder {
            arguments,
            profile,
            clock: MonotonicClock::default(),
            torque_off: bus.torque_off().to_vec(),
            guard: None,
            keys: Keys::of_stdin(arguments.keyboard, log),
            port_gone_since_ns: None,
            shown_ns: 0,
            is_ending: false,
        })
    }

    /// True where somebody can press keys.
    pub fn has_keys(&self) -> bool {
        self.keys.is_some()
    }

    /// Puts a guard on `port`; a dry run writes nothing, and needs none.
    pub fn guard(&mut self, port: &SerialPort) -> Result<(), DaemonError> {
        if !self.arguments.dry_run {
            let descriptor = port.try_clone_fd().map_err(failed_to_clone)?;
            self.guard =
                Some(Guard::start(descriptor, &self.torque_off, self.keys.as_ref().map(Keys::terminal))?);
        }
        Ok(())
    }

    /// Lets the guard go: the torque is off.
    pub fn dismiss(&mut self, log: &mut Log) {
        if let Some(Err(error)) = self.guard.take().map(Guard::goodbye) {
            log.say("warn", "guard", json!({ "error": error.to_string(), "hint": error.hint() }));
        }
    }

    /// Minds the loop until its thread has ended.
    pub fn mind(
        &mut self,
        running: &Running,
        recording: Option<&Recording>,
        pads: &mut Pads,
        termination: &Termination,
        mailbox: &Mailbox,
        log: &mut Log,
    ) {
        let end_ns = self.arguments.seconds.map(|seconds| self.clock.now_ns() + (seconds * 1e9) as u64);
        while !running.thread.is_finished() {
            self.clock.wait_until(self.clock.now_ns() + LOOK_NS);
            for event in running.events.try_iter() {
                self.follow(&event.event);
                log.event(&event, self.profile);
            }
            if let Some(recording) = recording {
                recording.tell(log);
            }
            let now_ns = self.clock.now_ns();
            let is_time = end_ns.is_some_and(|end_ns| now_ns >= end_ns);
            self.listen(running, pads, termination, mailbox, is_time, log);
            pads.follow(log);
            self.bring_port_back(running, now_ns, log);
            self.check_guard(mailbox, log);
            self.show(running, now_ns, log);
            log.show(&running.status, self.profile);
        }
    }

    fn follow(&mut self, event: &Event) {
        match event {
            Event::PortGone(_) => self.port_gone_since_ns = Some(0),
            Event::PortBack => self.port_gone_since_ns = None,
            _ => {}
        }
    }

    /// Keys, signals, the end of the time, and a stdout nobody reads any more.
    fn listen(
        &mut self,
        running: &Running,
        pads: &mut Pads,
        termination: &Termination,
        mailbox: &Mailbox,
        is_time: bool,
        log: &mut Log,
    ) {
        let is_ending = self.is_ending;
        let asked = self.keys.as_mut().and_then(|keys| keys.follow(pads, mailbox, is_ending, log));
        if self.is_ending && mailbox.wish().0 != Wish::Limp {
            // A pad's button does not get up again what is about to end.
            mailbox.set_wish(Wish::Limp, false);
        }
        let stop = termination.requested();
        if stop.is_some_and(|stop| stop.at_once) {
            mailbox.set_wish(Wish::Limp, true);
        }
        let why = match stop {
            Some(stop) => stop.reason,
            None if log.is_lost() => "nobody reads the log",
            None if is_time => "time is over",
            None => match asked {
                Some(why) => why,
                None => return,
            },
        };
        if !self.is_ending {
            self.is_ending = true;
            mailbox.set_wish(Wish::Limp, stop.is_some_and(|stop| stop.at_once));
            running.control.end_when_limp();
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
        let Ok(port) = SerialPort::open(&self.arguments.serial_port, self.profile.servo_bus.baud) else {
            return;
        };
        if let Err(error) = self.guard(&port) {
            log.say("error", "guard", json!({ "error": error.to_string(), "hint": error.hint() }));
            return;
        }
        // A loop that has not fetched the one before has ended.
        let _ = running.ports.try_send(port);
    }

    /// Without a guard nobody would cut the torque after a SIGKILL: then the robot does not stay on its feet.
    fn check_guard(&mut self, mailbox: &Mailbox, log: &mut Log) {
        if self.guard.as_mut().is_some_and(|guard| !guard.is_alive()) {
            self.guard = None;
            mailbox.set_emergency_stop(Source::Program);
            log.say("error", "the guard is gone: emergency stop", json!({ "hint": "start again" }));
        }
    }

    /// A dry run shows what it would tell the servos.
    fn show(&mut self, running: &Running, now_ns: u64, log: &mut Log) {
        if !self.arguments.dry_run || now_ns < self.shown_ns + SHOW_NS {
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
