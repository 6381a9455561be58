//! The serial port on a pseudo-terminal.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{Bus, await_bytes};
use gaitway_platform::{OpenError, Port, PortError, SerialPort};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Uid, getuid};
use std::path::{Path, PathBuf};

const BAUD: u32 = 1_000_000;

#[test]
fn all_bytes_pass_unchanged_both_ways() {
    let bus = Bus::new();
    let mut port = SerialPort::open(&bus.path, BAUD).unwrap();
    let bytes: Vec<u8> = (0..=255).chain((0..=255).rev()).collect();

    assert_eq!(port.write(&bytes), Ok(bytes.len()));
    let mut arrived = Vec::new();
    while arrived.len() < bytes.len() {
        arrived.extend(bus.receive().unwrap());
    }
    assert_eq!(arrived, bytes);

    assert_eq!(rustix::io::write(&bus.file, &bytes), Ok(bytes.len()));
    assert_eq!(read_exactly(&mut port, bytes.len()), bytes);
}

#[test]
fn silence_is_nothing_and_no_error() {
    let bus = Bus::new();
    let mut port = SerialPort::open(&bus.path, BAUD).unwrap();
    assert_eq!(port.read(&mut [0; 8]), Ok(0));
    assert_eq!(port.read(&mut []), Ok(0));
}

#[test]
fn a_full_queue_takes_a_part_and_then_nothing() {
    let bus = Bus::new();
    let mut port = SerialPort::open(&bus.path, BAUD).unwrap();
    let block = [0x55; 1 << 16];
    let mut taken = 0;
    loop {
        match port.write(&block).unwrap() {
            0 => break,
            count => taken += count,
        }
    }
    assert!(taken > 0);
    assert_eq!(port.write(&block), Ok(0));
}

#[test]
fn what_waited_before_the_start_is_thrown_away() {
    let bus = Bus::new();
    rustix::io::write(&bus.file, b"from yesterday").unwrap();
    let mut port = SerialPort::open(&bus.path, BAUD).unwrap();
    rustix::io::write(&bus.file, b"today").unwrap();
    assert_eq!(read_exactly(&mut port, 5), b"today");
}

#[test]
fn the_port_has_the_speed_that_was_asked_for() {
    let bus = Bus::new();
    for baud in [BAUD, 500_000, 115_200, 76_800] {
        let port = SerialPort::open(&bus.path, baud).unwrap();
        let file = port.try_clone_fd().unwrap();
        assert_eq!(rustix::termios::tcgetattr(&file).unwrap().output_speed(), baud);
    }
    let refused = SerialPort::open(&bus.path, 0).unwrap_err();
    assert!(matches!(refused, OpenError::Failed { doing: "setting its speed", .. }), "{refused}");
}

#[test]
fn the_second_program_learns_who_drives_the_bus() {
    let bus = Bus::new();
    let port = SerialPort::open(&bus.path, BAUD).unwrap();
    let link = scratch("link-to-a-port");
    std::os::unix::fs::symlink(&bus.path, &link).unwrap();
    let refused = SerialPort::open(&link, BAUD).unwrap_err();
    std::fs::remove_file(&link).unwrap();
    let OpenError::Busy { holder: Some(holder), .. } = &refused else { panic!("{refused:?}") };
    assert_eq!(holder.pid, std::process::id());
    assert!(refused.to_string().contains(&format!("process {}", holder.pid)), "{refused}");
    assert!(refused.hint().contains(&holder.pid.to_string()));

    let clone = port.try_clone_fd().unwrap();
    drop(port);
    assert!(SerialPort::open(&bus.path, BAUD).is_err(), "the guard's copy holds the lock too");
    drop(clone);
    SerialPort::open(&bus.path, BAUD).unwrap();
}

#[test]
fn a_port_that_another_program_closed_to_all_is_busy() {
    let bus = Bus::new();
    let other = rustix::fs::open(&bus.path, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    rustix::termios::ioctl_tiocexcl(&other).unwrap();
    rustix::fs::chmod(&bus.path, Mode::from_raw_mode(0o666)).unwrap();
    let refused = as_somebody_else(&bus.path).unwrap_err();
    assert!(matches!(refused, OpenError::Busy { holder: None, .. }), "{refused:?}");
    assert!(refused.hint().contains("fuser"));
}

#[test]
fn an_unplugged_device_is_gone_for_both_calls() {
    let bus = Bus::new();
    let mut port = SerialPort::open(&bus.path, BAUD).unwrap();
    drop(bus);
    assert_eq!(port.read(&mut [0; 8]), Err(PortError::Gone));
    assert_eq!(port.write(b"anybody there?"), Err(PortError::Gone));
}

#[test]
fn what_is_no_port_is_refused_with_its_path() {
    let missing = SerialPort::open(Path::new("/dev/no-such-port"), BAUD).unwrap_err();
    assert_eq!(missing, OpenError::NotFound { path: PathBuf::from("/dev/no-such-port") });
    assert!(missing.to_string().starts_with("/dev/no-such-port: "));
    for path in ["/dev/null", "/dev", "Cargo.toml"] {
        let refused = SerialPort::open(Path::new(path), BAUD).unwrap_err();
        assert_eq!(refused, OpenError::NotATerminal { path: PathBuf::from(path) });
    }
}

#[test]
fn a_port_of_somebody_else_says_which_group_to_join() {
    let bus = Bus::new();
    rustix::fs::chmod(&bus.path, Mode::empty()).unwrap();
    let refused = as_somebody_else(&bus.path).unwrap_err();
    assert_eq!(refused, OpenError::Permission { path: bus.path.clone() });
    assert!(refused.hint().contains("dialout"));
}

/// Opens the port without root's rights. They belong to a thread, so only this one lays them down.
fn as_somebody_else(path: &Path) -> Result<SerialPort, OpenError> {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            if getuid().is_root() {
                let nobody = Uid::from_raw(65534);
                rustix::thread::set_thread_res_uid(nobody, nobody, nobody).unwrap();
            }
            SerialPort::open(path, BAUD)
        });
        thread.join().unwrap()
    })
}

/// A path for this test alone.
fn scratch(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("gaitway-{}-{name}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path
}

/// Reads until `count` bytes are there.
fn read_exactly(port: &mut SerialPort, count: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 512];
    while bytes.len() < count {
        await_bytes(port.try_clone_fd().unwrap());
        let arrived = port.read(&mut buffer).unwrap();
        bytes.extend_from_slice(&buffer[..arrived]);
    }
    bytes
}
