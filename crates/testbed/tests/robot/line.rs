//! Servos asked one by one over lines that are not as they should be, and settings somebody else left.

use crate::bench::{Bench, DUCK};
use gaitway_emulators::registers::{ACCELERATION, GOAL_SPEED, OVERLOAD_TORQUE, REGISTERS, Register};
use gaitway_emulators::{Fault, FaultPlan, LaterServos};
use gaitway_feetech::audit::Severity;
use gaitway_feetech::registers as known;
use gaitway_feetech::settings::SETTINGS;
use gaitway_feetech::single::Heard;
use gaitway_model::RobotProfile;
use gaitway_platform::Clock;
use gaitway_runtime::desk::Desk;
use gaitway_runtime::line::LineReport;
use gaitway_runtime::motors::Motors;
use gaitway_testbed::virtual_robot::Wire;

const KNEE: usize = 3;
const KNEE_ID: u8 = 23;
const IDS: [u8; 14] = [20, 21, 22, 23, 24, 30, 31, 32, 33, 10, 11, 12, 13, 14];

fn desk(faults: &[Fault]) -> Desk<Wire, Wire> {
    let mut bench = Bench::new(FaultPlan::default());
    faults.iter().for_each(|fault| bench.inject(fault.clone()));
    let wire = bench.room.wire().clone();
    wire.wait_until(1_000_000);
    Desk::new(wire.clone(), wire, 1_000_000)
}

fn names(heard: Heard) -> Option<Vec<&'static str>> {
    match heard {
        Heard::Answer { faults, .. } => Some(faults.names().collect()),
        _ => None,
    }
}

#[test]
fn behind_an_adaptor_that_echoes_everybody_is_heard_as_without_it() {
    let low = Fault::Sag { drop_v: 4.0 };
    for faults in [&[][..], std::slice::from_ref(&low), &[Fault::Echo], &[low.clone(), Fault::Echo]] {
        let mut desk = desk(faults);
        assert_eq!(desk.echoes().unwrap(), faults.contains(&Fault::Echo));
        // The echo of a ping is what a servo says that reports its supply: neither is taken for the other.
        let expected = if faults.contains(&low) { vec!["voltage"] } else { vec![] };
        assert_eq!(names(desk.ping(KNEE_ID, 1).unwrap()), Some(expected));
        assert_eq!(desk.ping(1, 1).unwrap(), Heard::Silence, "nobody has this id");
        // A read of two bytes is as long as its answer.
        let model = desk.read(KNEE_ID, 3, 2).unwrap();
        assert!(matches!(model, Heard::Answer { data, .. } if data == 777u16.to_le_bytes()));
        assert!(desk.save(KNEE_ID, known::PROTECTION_CURRENT, 499).unwrap());
        let echoes = faults.contains(&Fault::Echo);
        assert_eq!(desk.check_line(&IDS).unwrap(), LineReport { echoes, bulk_reads: Some(true) });
    }
}

#[test]
fn bulk_reads_that_fail_are_told_from_servos_that_are_silent() {
    let bulk = |faults: &[Fault], ids: &[u8]| desk(faults).check_line(ids).unwrap().bulk_reads;
    assert_eq!(bulk(&[Fault::BulkFirst], &IDS), Some(false));
    assert_eq!(bulk(&[Fault::BulkFirst, Fault::Echo], &IDS), Some(false));
    assert_eq!(bulk(&[Fault::BulkFirst], &[KNEE_ID]), None, "one servo alone says nothing of it");
    let silent = |servo| Fault::Silent { servo, later: LaterServos::Wait };
    assert_eq!(bulk(&[silent(13)], &IDS), Some(true));
    let all: Vec<Fault> = (0..14).map(silent).collect();
    assert_eq!(bulk(&all, &IDS), None, "whoever is silent alone, too, is no matter of bulk reads");
}

fn motors(bench: &Bench) -> Motors<Wire, Wire> {
    let wire = bench.room.wire().clone();
    Motors::new(&RobotProfile::from_toml(DUCK).unwrap(), wire.clone(), wire, None, 0.5).unwrap()
}

fn raw(bench: &Bench, register: Register) -> u16 {
    bench.room.wire().with_twin(|twin| twin.servos()[KNEE].registers().raw(register))
}

/// The register of the emulated servo that has this address.
fn emulated(address: u8) -> Register {
    *REGISTERS.iter().find(|register| register.address == address).unwrap()
}

#[test]
fn every_setting_of_the_table_is_seen_and_put_right_on_the_wire() {
    let profile = RobotProfile::from_toml(DUCK).unwrap();
    let judged = SETTINGS.iter().filter(|setting| setting.is_fixed && setting.judge(255).is_some());
    let mut count = 0;
    for setting in judged {
        let mut bench = Bench::new(FaultPlan::default());
        let register = emulated(setting.register.address);
        bench.inject(Fault::Setting { servo: KNEE, register, value: 255 });
        let mut motors = motors(&bench);
        let found = motors.audit(&profile).unwrap();
        let seen: Vec<_> = found[KNEE].iter().flatten().map(|finding| finding.register).collect();
        assert_eq!(seen, [setting.register]);
        assert_eq!(motors.fix(&found).unwrap(), 1);
        assert_eq!(
            motors.audit(&profile).unwrap()[KNEE].as_deref(),
            Some(&[][..]),
            "{}",
            setting.register.name
        );
        count += 1;
    }
    assert!(count > 15, "{count}");
    let sound = motors(&Bench::new(FaultPlan::default())).audit(&profile).unwrap();
    assert!(
        sound.iter().flatten().flatten().all(|finding| finding.severity < Severity::Warning),
        "{sound:?}"
    );
}

#[test]
fn one_servo_of_another_firmware_is_noted_and_nothing_is_written() {
    let mut bench = Bench::new(FaultPlan::default());
    bench.inject(Fault::Setting { servo: KNEE, register: emulated(0), value: 2 });
    let mut motors = motors(&bench);
    let found = motors.audit(&RobotProfile::from_toml(DUCK).unwrap()).unwrap();
    let [note] = found[KNEE].as_deref().unwrap() else { panic!("{found:?}") };
    assert_eq!((note.register, note.expected, note.found), (known::FIRMWARE_MAJOR, 3, 2));
    assert_eq!((note.severity, motors.fix(&found).unwrap()), (Severity::Note, 0));
}

#[test]
fn what_slows_a_joint_down_is_gone_once_it_is_driven() {
    let mut bench = Bench::new(FaultPlan::default());
    for (register, value) in [(GOAL_SPEED, 100), (ACCELERATION, 5)] {
        bench.inject(Fault::Setting { servo: KNEE, register, value });
    }
    let mut motors = motors(&bench);
    motors.hold(&[KNEE]).unwrap();
    assert_eq!([raw(&bench, GOAL_SPEED), raw(&bench, ACCELERATION)], [0, 0]);
    motors.limp().unwrap();
    // A setting that is kept is the owner's: driving a joint changes none.
    bench.inject(Fault::Setting { servo: KNEE, register: OVERLOAD_TORQUE, value: 25 });
    motors.hold(&[KNEE]).unwrap();
    assert_eq!(raw(&bench, OVERLOAD_TORQUE), 25);
}
