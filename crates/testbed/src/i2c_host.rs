//! Emulated chips behind a local socket: an I²C bus for another program.

use crate::twin_host::TwinHostError;
use gaitway_emulators::{Bno055, Bno055Fault, Motion};
use gaitway_platform::clock::{Clock, MonotonicClock};
use gaitway_platform::exclusive::BoundPath;
use gaitway_platform::real_time;
use gaitway_platform::worker::{End, Worker};
use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long the thread waits before it looks whether it shall end.
const PATIENCE: Duration = Duration::from_millis(20);
const STACK_BYTES: usize = 128 * 1024;

/// A bus with one BNO055 on it, until it is dropped.
#[derive(Debug)]
pub struct I2cHost {
    shared: Arc<Shared>,
    // Ends before the socket goes.
    _worker: Worker,
    _path: BoundPath,
}

#[derive(Debug)]
struct Shared {
    chip: Mutex<Bno055>,
    address: u8,
}

impl Shared {
    /// A thread that panicked with it left nothing half done that matters.
    fn chip(&self) -> MutexGuard<'_, Bno055> {
        self.chip.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl I2cHost {
    /// Gives a chip mounted as `trunk_axes` its supply, and serves it at `address` to whoever connects to `path`;
    /// `chip_id` is what its id register says where it is a clone. The times of `schedule` count from now.
    pub fn start(
        path: &Path,
        (address, chip_id): (u8, Option<u8>),
        trunk_axes: [&str; 3],
        seed: u64,
        mut schedule: Vec<(u64, Bno055Fault)>,
    ) -> Result<I2cHost, TwinHostError> {
        let failed = |error| TwinHostError::System { what: "I2C socket", error };
        let path = BoundPath::claim(path)?;
        let listener = UnixListener::bind(path.path()).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let now_ns = MonotonicClock::default().now_ns();
        let mut chip = Bno055::new(now_ns, trunk_axes, seed);
        if let Some(chip_id) = chip_id {
            chip.set_id(chip_id);
        }
        schedule.iter_mut().for_each(|(at_ns, _)| *at_ns = at_ns.saturating_add(now_ns));
        chip.plan(schedule);
        let chip = Mutex::new(chip);
        let shared = Arc::new(Shared { chip, address });
        let theirs = Arc::clone(&shared);
        let work = move |end: &End| serve(&listener, &theirs, end);
        let worker = Worker::start("gaitway-i2c", STACK_BYTES, work).map_err(failed)?;
        Ok(I2cHost { shared, _worker: worker, _path: path })
    }

    /// Moves the chip.
    pub fn set_motion(&self, motion: Motion) {
        self.shared.chip().set_motion(motion);
    }

    /// Something goes wrong now.
    pub fn inject(&self, fault: Bno055Fault) {
        self.shared.chip().inject(MonotonicClock::default().now_ns(), fault);
    }
}

/// One program after the other, as a bus has one master.
fn serve(listener: &UnixListener, shared: &Shared, end: &End) {
    real_time::play_device();
    let clock = MonotonicClock::default();
    while !end.has_come() {
        match listener.accept() {
            Ok((stream, _)) => {
                // A program that hangs up, or talks nonsense, makes room for the next.
                let _ = answer(stream, shared, &clock, end);
            }
            Err(_) => clock.wait_until(clock.now_ns() + PATIENCE.as_nanos() as u64),
        }
    }
}

fn answer(mut stream: UnixStream, shared: &Shared, clock: &MonotonicClock, end: &End) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    while !end.has_come() {
        let mut head = [0; 3];
        match stream.read_exact(&mut head) {
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                continue;
            }
            read => read?,
        }
        let [address, len, read] = head;
        let mut write = vec![0; usize::from(len)];
        stream.read_exact(&mut write)?;
        let begun_ns = clock.now_ns();
        let (found, took_ns) = if address == shared.address {
            shared.chip().transfer(begun_ns, &write, usize::from(read))
        } else {
            (None, 0)
        };
        // The wire takes its time.
        clock.wait_until(begun_ns + took_ns);
        let mut reply = vec![u8::from(found.is_some())];
        reply.extend(found.unwrap_or_default());
        reply.resize(1 + usize::from(read), 0);
        stream.write_all(&reply)?;
    }
    Ok(())
}
