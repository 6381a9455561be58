//! The emulated IMU over a real socket.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use gaitway_emulators::{IMU_DATAGRAM_BYTES, ImuFault, ImuSample};
use gaitway_platform::{Clock, MonotonicClock};
use gaitway_testbed::imu_host::ImuHost;
use std::os::unix::net::UnixDatagram;

fn sequence(datagram: &[u8]) -> u32 {
    u32::from_le_bytes(datagram[4..8].try_into().unwrap())
}

#[test]
fn samples_reach_whoever_binds_the_path_and_nobody_is_waited_for() {
    let path = std::env::temp_dir().join(format!("gaitway-imu-{}", std::process::id()));
    let mut imu = ImuHost::start(&path, Vec::new()).unwrap();
    let sample = ImuSample { accel_mps2: [0.0, 0.0, 9.81], ..ImuSample::default() };
    let send = |imu: &mut ImuHost| {
        imu.sample(sample);
        imu.send_due();
    };
    send(&mut imu);
    assert_eq!((imu.statistics().sent, imu.statistics().dropped), (0, 1), "nobody is there");

    let reader = UnixDatagram::bind(&path).unwrap();
    let before_ns = MonotonicClock::default().now_ns();
    send(&mut imu);
    let mut datagram = [0; 64];
    assert_eq!(reader.recv(&mut datagram).unwrap(), IMU_DATAGRAM_BYTES);
    assert_eq!((&datagram[..4], sequence(&datagram)), (&b"GWI1"[..], 1));
    let sampled_ns = u64::from_le_bytes(datagram[8..16].try_into().unwrap());
    assert!((before_ns..=MonotonicClock::default().now_ns()).contains(&sampled_ns));

    imu.inject(ImuFault::Lost { for_ns: u64::MAX });
    send(&mut imu);
    assert_eq!((imu.statistics().sent, imu.statistics().faults), (1, 1));

    // A reader that does not read fills its queue; nobody waits for it.
    imu.inject(ImuFault::Lost { for_ns: 0 });
    (0..10_000).for_each(|_| send(&mut imu));
    assert!(imu.statistics().dropped > 1);
    std::fs::remove_file(path).unwrap();
}
