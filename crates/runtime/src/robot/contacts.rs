//! The thread of the contact switches: where there is contact, for the IMU's samples to take along.

use gaitway_lines::switches::{EVENT_BYTES, Switches};
use gaitway_model::profile::MAX_CONTACTS;
use gaitway_platform::clock::{Clock, MonotonicClock};
use gaitway_platform::gpio::{GpioError, InputLines};
use gaitway_platform::worker::{End, Worker};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// It looks at least so often, ns: what settles does so without an event.
const LOOK_NS: i64 = 2_000_000;
const STACK_BYTES: usize = 64 * 1024;

/// Where there is contact: a bit each, in the order of the profile.
#[derive(Debug)]
pub struct ContactSlot(AtomicU8);

impl Default for ContactSlot {
    /// Where no switch is read: in four of five moments the foot of a robot that walks is on the ground.
    fn default() -> ContactSlot {
        ContactSlot(AtomicU8::new(u8::MAX))
    }
}

impl ContactSlot {
    /// 1 where there is contact and 0 where there is none.
    pub fn take(&self) -> [f32; MAX_CONTACTS] {
        let bits = self.0.load(Ordering::Relaxed);
        std::array::from_fn(|contact| f32::from(bits >> contact & 1))
    }

    fn put(&self, contacts: impl Iterator<Item = bool>) {
        let bits =
            contacts.enumerate().fold(0, |bits, (contact, is_closed)| bits | u8::from(is_closed) << contact);
        self.0.store(bits, Ordering::Relaxed);
    }
}

/// Edges seen on each line.
type Edges = [AtomicU64; MAX_CONTACTS];

/// The thread; it ends when this is dropped.
#[derive(Debug)]
pub struct ContactReader {
    count: usize,
    edges: Arc<Edges>,
    _worker: Worker,
}

impl ContactReader {
    /// Reads the switches on these lines of the chip `path`, in the order of the profile's contacts.
    pub fn start(path: &Path, lines: &[u32], slot: Arc<ContactSlot>) -> Result<ContactReader, GpioError> {
        let inputs = InputLines::open(path, lines)?;
        let edges = Arc::<Edges>::default();
        let theirs = Arc::clone(&edges);
        let failed = |source: io::Error| GpioError::Chip { path: path.to_owned(), source };
        let switches = Switches::new(lines);
        let work = move |end: &End| read(&inputs, switches, &slot, &theirs, end);
        let worker = Worker::start("contacts", STACK_BYTES, work).map_err(failed)?;
        Ok(ContactReader { count: lines.len().min(MAX_CONTACTS), edges, _worker: worker })
    }

    /// Edges seen on each line: a switch that never moves is unplugged, or stuck.
    pub fn edges(&self) -> Vec<u64> {
        self.edges[..self.count].iter().map(|edges| edges.load(Ordering::Relaxed)).collect()
    }
}

fn read(inputs: &InputLines, mut switches: Switches, slot: &ContactSlot, edges: &Edges, end: &End) {
    let clock = MonotonicClock::default();
    if let Some(closed) = inputs.are_low() {
        switches.stand_as(&closed);
    }
    let timeout = Timespec { tv_sec: 0, tv_nsec: LOOK_NS };
    let mut bytes = [0; 16 * EVENT_BYTES];
    while !end.has_come() {
        let mut watched = [PollFd::new(inputs.file(), PollFlags::IN)];
        if poll(&mut watched, Some(&timeout)).unwrap_or(0) > 0 {
            match rustix::io::read(inputs.file(), &mut bytes) {
                Ok(len) if len > 0 => switches.take(&bytes[..len]),
                // Nothing more comes from there for now.
                _ => clock.wait_until(clock.now_ns() + LOOK_NS as u64),
            }
        }
        slot.put(switches.contacts(clock.now_ns()));
        edges.iter().zip(switches.edges()).for_each(|(edges, seen)| edges.store(*seen, Ordering::Relaxed));
    }
}
