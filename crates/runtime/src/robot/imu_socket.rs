//! The IMU's thread where its samples come as datagrams: the newest goes into the slot, stamped by whoever took it.

use crate::robot::imu::{ImuSlot, sample_of};
use gaitway_hal::imu_datagram::{self, LEN};
use gaitway_platform::exclusive::{BoundPath, ExclusiveError};
use gaitway_platform::worker::{End, Worker};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long the thread waits for a sample before it looks whether it shall end.
const PATIENCE: Duration = Duration::from_millis(50);
const STACK_BYTES: usize = 64 * 1024;

/// The thread that reads the socket; it ends, and the socket goes, when this is dropped.
#[derive(Debug)]
pub struct ImuSocket {
    shared: Arc<Shared>,
    _worker: Worker,
    _path: BoundPath,
}

#[derive(Debug, Default)]
struct Shared {
    received: AtomicU64,
    refused: AtomicU64,
}

impl ImuSocket {
    /// Binds a datagram socket at `path`, which no other program uses, and puts its samples into `slot`.
    pub fn bind(path: &Path, slot: Arc<ImuSlot>) -> Result<ImuSocket, ExclusiveError> {
        let failed = |source| ExclusiveError::Failed { path: path.to_owned(), source };
        let path = BoundPath::claim(path)?;
        let socket = UnixDatagram::bind(path.path()).map_err(failed)?;
        socket.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let work = move |end: &End| receive(&socket, &slot, &theirs, end);
        let worker = Worker::start("imu", STACK_BYTES, work).map_err(failed)?;
        Ok(ImuSocket { shared, _worker: worker, _path: path })
    }

    /// Samples received, and datagrams that were none.
    pub fn counts(&self) -> (u64, u64) {
        (self.shared.received.load(Ordering::Relaxed), self.shared.refused.load(Ordering::Relaxed))
    }
}

fn receive(socket: &UnixDatagram, slot: &ImuSlot, shared: &Shared, end: &End) {
    // One byte more than a sample has, so that a longer datagram is seen to be longer.
    let mut buffer = [0; LEN + 1];
    while !end.has_come() {
        let Ok(len) = socket.recv(&mut buffer) else { continue };
        match imu_datagram::decode(&buffer[..len]) {
            Some(sample) => {
                shared.received.fetch_add(1, Ordering::Relaxed);
                slot.put(&sample_of(sample));
            }
            None => _ = shared.refused.fetch_add(1, Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datagram(sequence: u32) -> Vec<u8> {
        let mut bytes = Vec::from(*b"GWI1");
        bytes.extend(sequence.to_le_bytes());
        bytes.extend(u64::from(sequence).to_le_bytes());
        bytes.extend([0; 24]);
        bytes.extend([1, 0, 0, 0]);
        bytes
    }

    #[test]
    fn samples_arrive_others_are_counted_and_the_path_is_free_again() {
        let path = std::env::temp_dir().join(format!("gaitway-imu-{}", std::process::id()));
        let slot = Arc::new(ImuSlot::new());
        let socket = ImuSocket::bind(&path, Arc::clone(&slot)).unwrap();
        let sender = UnixDatagram::unbound().unwrap();
        sender.send_to(b"something else", &path).unwrap();
        sender.send_to(&datagram(1), &path).unwrap();
        sender.send_to(&datagram(2), &path).unwrap();
        while socket.counts() != (2, 1) {
            std::thread::yield_now();
        }
        assert_eq!(slot.take().unwrap().sampled_ns, 2);
        drop(socket);
        assert!(!path.exists());
        std::fs::write(&path, "precious").unwrap();
        assert!(matches!(ImuSocket::bind(&path, slot), Err(ExclusiveError::NotASocket { .. })));
        std::fs::remove_file(&path).unwrap();
    }
}
