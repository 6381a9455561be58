//! The thread of the foot switches: which feet are on the ground, for the IMU's samples to take along.

use gaitway_lines::switches::{EVENT_BYTES, Feet};
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

/// Which feet are on the ground: a bit each, left first.
#[derive(Debug)]
pub struct Contact(AtomicU8);

impl Default for Contact {
    /// Where no switch is read: in four of five moments a walking duck's foot is on the ground.
    fn default() -> Contact {
        Contact(AtomicU8::new(0b11))
    }
}

impl Contact {
    /// 1 on the ground and 0 in the air, left then right.
    pub fn take(&self) -> [f32; 2] {
        let bits = self.0.load(Ordering::Relaxed);
        [f32::from(bits & 1), f32::from(bits >> 1 & 1)]
    }

    fn put(&self, feet: [bool; 2]) {
        self.0.store(u8::from(feet[0]) | u8::from(feet[1]) << 1, Ordering::Relaxed);
    }
}

/// The thread; it ends when this is dropped.
#[derive(Debug)]
pub struct FeetReader {
    edges: Arc<[AtomicU64; 2]>,
    _worker: Worker,
}

impl FeetReader {
    /// Reads the switches on two lines of the chip `path`, left then right.
    pub fn start(path: &Path, lines: [u32; 2], contact: Arc<Contact>) -> Result<FeetReader, GpioError> {
        let inputs = InputLines::open(path, &lines)?;
        let edges = Arc::<[AtomicU64; 2]>::default();
        let theirs = Arc::clone(&edges);
        let failed = |source: io::Error| GpioError::Chip { path: path.to_owned(), source };
        let work = move |end: &End| read(&inputs, Feet::new(lines), &contact, &theirs, end);
        let worker = Worker::start("feet", STACK_BYTES, work).map_err(failed)?;
        Ok(FeetReader { edges, _worker: worker })
    }

    /// Edges seen on each line: a switch that never moves is unplugged, or stuck.
    pub fn edges(&self) -> [u64; 2] {
        [0, 1].map(|foot| self.edges[foot].load(Ordering::Relaxed))
    }
}

fn read(inputs: &InputLines, mut feet: Feet, contact: &Contact, edges: &[AtomicU64; 2], end: &End) {
    let clock = MonotonicClock::default();
    if let Some([left, right]) = inputs.are_low().as_deref() {
        feet.stand_as([*left, *right]);
    }
    let timeout = Timespec { tv_sec: 0, tv_nsec: LOOK_NS };
    let mut bytes = [0; 16 * EVENT_BYTES];
    while !end.has_come() {
        let mut watched = [PollFd::new(inputs.file(), PollFlags::IN)];
        if poll(&mut watched, Some(&timeout)).unwrap_or(0) > 0 {
            match rustix::io::read(inputs.file(), &mut bytes) {
                Ok(len) if len > 0 => feet.take(&bytes[..len]),
                // Nothing more comes from there for now.
                _ => clock.wait_until(clock.now_ns() + LOOK_NS as u64),
            }
        }
        contact.put(feet.contact(clock.now_ns()));
        edges.iter().zip(feet.edges()).for_each(|(edges, seen)| edges.store(seen, Ordering::Relaxed));
    }
}
