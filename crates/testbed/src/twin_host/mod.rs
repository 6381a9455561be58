//! The twin on a pseudo-terminal: the emulated servo bus for any program, in real time.
//!
//! ```text
//!  program under test ── /dev/pts/N ── wire thread (owns the bus) ── mailbox ── whoever hosts the physics
//! ```
//!
//! The wire thread never waits for the physics: where the mailbox is in use it looks again a moment later.

mod error;
mod link;
mod mailbox;
mod port;
mod shared;
mod wire_thread;

pub use crate::servo_view::ServoView;
pub use error::TwinHostError;
pub use mailbox::TwinStatistics;

use gaitway_emulators::{BusOptions, Exchange, Fault, FaultPlan, JointState, ServoBus};
use gaitway_platform::clock::{Clock, MonotonicClock};
use gaitway_platform::exclusive::{Claim, Use};
use link::Link;
use mailbox::Mailbox;
use port::Port;
use rustix::event::{EventfdFlags, eventfd};
use shared::Shared;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use wire_thread::WireThread;

/// The wire thread needs little stack; the rest would be memory for nothing.
const STACK_BYTES: usize = 256 * 1024;

/// An emulated servo bus behind a device file, until it is stopped or dropped.
#[derive(Debug)]
pub struct TwinHost {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    link: Option<PathBuf>,
    /// While the bus is unplugged, too, the link's place is this twin's.
    _claim: Option<Claim>,
    servos: usize,
}

impl TwinHost {
    /// Serves factory-new servos with these ids at once. The times of the plan count from now. `link` becomes a
    /// symbolic link to the device file; it is gone while the bus is unplugged, and when the host ends. Where
    /// exchanges are kept, the wire's thread never sleeps, and their times are the program's alone.
    pub fn start(
        options: BusOptions,
        ids: &[u8],
        plan: FaultPlan,
        link: Option<&Path>,
    ) -> Result<TwinHost, TwinHostError> {
        TwinHost::start_with(options, ids, plan, link, |_| {})
    }

    /// As [`TwinHost::start`], with servos and joints as `prepare` leaves them before anybody can look.
    pub fn start_with(
        options: BusOptions,
        ids: &[u8],
        mut plan: FaultPlan,
        link: Option<&Path>,
        prepare: impl FnOnce(&mut ServoBus),
    ) -> Result<TwinHost, TwinHostError> {
        let now_ns = MonotonicClock::default().now_ns();
        for (at_ns, _) in &mut plan.schedule {
            *at_ns = at_ns.saturating_add(now_ns);
        }
        let mut bus = ServoBus::new(options, ids, plan)?;
        prepare(&mut bus);
        // The machine has been up for longer than ten seconds or for less: one step of the models, or few.
        bus.advance(now_ns);
        let claim = link.map(|path| Claim::of(path, Use::Link)).transpose()?;
        let port = Port::open(options.baud)?;
        let made = link.map(|path| Link::make(path, port.path())).transpose()?;
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
            .map_err(|errno| TwinHostError::System { what: "eventfd", error: errno.into() })?;
        let mailbox = Mailbox {
            joints: bus.servos().iter().map(|servo| servo.joint()).collect(),
            joints_are_new: false,
            faults: Vec::new(),
            servos: bus.servos().iter().map(ServoView::from).collect(),
            statistics: TwinStatistics::default(),
            exchanges: Vec::new(),
            port: port.path().to_owned(),
        };
        let (has_mail, stop) = (AtomicBool::new(false), AtomicBool::new(false));
        let shared = Arc::new(Shared { mailbox: Mutex::new(mailbox), has_mail, stop, wake });
        let link = link.map(Path::to_owned);
        let wire = WireThread::new(Arc::clone(&shared), bus, &options, port, made, link.clone());
        let thread = std::thread::Builder::new()
            .name("gaitway-wire".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || wire.run())
            .map_err(|error| TwinHostError::System { what: "wire thread", error })?;
        Ok(TwinHost { shared, thread: Some(thread), link, _claim: claim, servos: ids.len() })
    }

    /// What a program opens: the link where there is one, otherwise the device file, which is another one after
    /// each unplugging.
    pub fn path(&self) -> PathBuf {
        self.link.clone().unwrap_or_else(|| self.shared.lock().port.clone())
    }

    /// Servos on the bus.
    pub fn servos(&self) -> usize {
        self.servos
    }

    /// What the joints do now, in the order of the ids at the start, angles as the servos count them.
    pub fn set_joints(&self, joints: &[JointState]) -> Result<(), TwinHostError> {
        self.check_length("joints", joints.len())?;
        let mut mailbox = self.shared.lock();
        mailbox.joints.copy_from_slice(joints);
        mailbox.joints_are_new = true;
        self.shared.has_mail.store(true, Ordering::Release);
        Ok(())
    }

    /// What drives each joint.
    pub fn read_servos(&self, views: &mut [ServoView]) -> Result<(), TwinHostError> {
        self.check_length("views", views.len())?;
        views.copy_from_slice(&self.shared.lock().servos);
        Ok(())
    }

    /// Something goes wrong now.
    pub fn inject(&self, fault: Fault) -> Result<(), TwinHostError> {
        fault.check(self.servos)?;
        self.shared.lock().faults.push(fault);
        self.shared.has_mail.store(true, Ordering::Release);
        self.shared.rouse();
        Ok(())
    }

    /// Sums since the start; at most a hundredth of a second old, final after [`TwinHost::stop`].
    pub fn statistics(&self) -> TwinStatistics {
        self.shared.lock().statistics.clone()
    }

    /// The last exchanges on the wire, the oldest first, as many as the options keep; none before
    /// [`TwinHost::stop`]. Times are of the monotonic clock.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.shared.lock().exchanges.clone()
    }

    /// Hangs up and removes the link. Nothing where it was stopped before.
    pub fn stop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.shared.rouse();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has dropped port and link as well.
            let _ = thread.join();
        }
    }

    fn check_length(&self, what: &'static str, found: usize) -> Result<(), TwinHostError> {
        let expected = self.servos;
        if found == expected { Ok(()) } else { Err(TwinHostError::Length { what, expected, found }) }
    }
}

impl Drop for TwinHost {
    fn drop(&mut self) {
        self.stop();
    }
}
