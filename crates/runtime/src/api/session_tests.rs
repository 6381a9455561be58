//! What a client is answered, on a clock that the test plays.

use super::*;
use crate::api::policies::PolicyShelf;
use crate::robot::RunRecord;
use crate::robot::{Mailbox, StatusSlot};
use gaitway_control::readings::JointReading;
use gaitway_control::{ControlStack, Controller, Options, Policy};
use gaitway_model::{Contract, RobotProfile};
use gaitway_protocol::PolicyInfo;
use gaitway_record::row::Durations;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;

const S: u64 = 1_000_000_000;
const PROFILE: &str = include_str!("../../../../python/gaitway/robots/open_duck_mini_v2/profile.toml");
const CONTRACT: &str =
    include_str!("../../../../python/gaitway/robots/open_duck_mini_v2/contracts/gaitway_walk.json");
const WALK: &[u8] = include_bytes!("../../../../python/gaitway/robots/open_duck_mini_v2/walk.onnx");
const HELLO: &str = r#"{"kind":"hello","protocol":1,"client":"test"}"#;

/// A robot that has not ticked yet, one client, and the leases.
struct Scene {
    robot: ApiRobot,
    mailbox: Arc<Mailbox>,
    status: Arc<StatusSlot>,
    leases: LeaseTable,
    session: Session,
}

impl Scene {
    fn new() -> Scene {
        let profile = RobotProfile::from_toml(PROFILE).unwrap();
        let contract = Contract::from_json(CONTRACT).unwrap();
        let mailbox = Arc::new(Mailbox::new());
        let status = Arc::new(StatusSlot::default());
        let robot = ApiRobot::new(&profile, &contract, 50, Arc::clone(&mailbox), Arc::clone(&status));
        let mut leases = LeaseTable::new(Arc::clone(&mailbox));
        let session = Session::new(leases.welcome());
        Scene { robot, mailbox, status, leases, session }
    }

    /// It has ticked once, and is off.
    fn tick(&self) {
        let profile = RobotProfile::from_toml(PROFILE).unwrap();
        let policy = Policy::from_onnx(WALK, &[], None).unwrap();
        let stack =
            ControlStack::new(&profile, Controller::new(&policy, &profile, &Options::default()).unwrap());
        let joints = vec![JointReading::default(); profile.joints.len()];
        let goal_rad = profile.default_pose_rad();
        self.status.put(&RunRecord::default(), &Durations::default(), &stack, &goal_rad, &joints);
    }

    /// With a client that has said hello, and its lease.
    fn with_lease(source: &str) -> (Scene, u64) {
        let mut scene = Scene::new();
        scene.hear(HELLO, 0);
        let granted = scene.hear(&format!(r#"{{"kind":"lease","source":"{source}","seconds":10}}"#), 0);
        let Some(ReplyBody::Lease(granted)) = granted else { panic!("{granted:?}") };
        (scene, granted.lease)
    }

    fn hear(&mut self, line: &str, now_ns: u64) -> Option<ReplyBody> {
        self.session.hear(line.as_bytes(), &self.robot, &mut self.leases, now_ns).map(|reply| reply.body)
    }

    fn code(&mut self, line: &str, now_ns: u64) -> Option<Code> {
        match self.hear(line, now_ns) {
            Some(ReplyBody::Refused(refusal)) => Some(refusal.code),
            _ => None,
        }
    }

    /// The answer to who wanted another policy.
    fn changed(&mut self, now_ns: u64) -> Reply {
        loop {
            if let Some(reply) = self.session.take_changed(&self.robot, &self.leases, now_ns) {
                return reply;
            }
            thread::yield_now();
        }
    }
}

#[test]
fn nothing_but_a_stop_is_heard_before_hello() {
    let mut scene = Scene::new();
    for line in [
        r#"{"kind":"clock"}"#,
        r#"{"kind":"subscribe","topics":["status"],"rate_hz":1}"#,
        r#"{"kind":"mode","mode":"limp"}"#,
        r#"{"kind":"policies"}"#,
        r#"{"kind":"policy","name":"walk","lease":1}"#,
        r#"{"kind":"mark","text":""}"#,
    ] {
        assert_eq!(scene.code(line, 0), Some(Code::NoHello), "{line}");
    }
    assert_eq!(scene.hear(r#"{"kind":"stop"}"#, 0), None, "what has no id is done without a word");
    assert!(scene.mailbox.is_stopped());
}

#[test]
fn of_a_flood_a_stop_is_heard_and_the_rest_told_once_a_second() {
    let mut scene = Scene::new();
    scene.hear(HELLO, 0);
    let told = (0..1000).filter(|_| scene.code(r#"{"kind":"clock"}"#, 5 * S) == Some(Code::TooFast)).count();
    assert_eq!(told, 1);
    scene.hear(r#"{"kind":"stop"}"#, 5 * S);
    assert!(scene.mailbox.is_stopped());
    assert_eq!(scene.code(r#"{"kind":"clock"}"#, 6 * S), None, "a second later it is heard again");
}

#[test]
fn modes_need_a_lease_but_limp_and_wait_for_nobody_weaker() {
    let (mut scene, lease) = Scene::with_lease("agent");
    for mode in ["run", "stand", "off"] {
        assert_eq!(scene.code(&format!(r#"{{"kind":"mode","mode":"{mode}"}}"#), 0), Some(Code::NoLease));
    }
    let run = format!(r#"{{"kind":"mode","mode":"run","lease":{lease},"id":1}}"#);
    assert_eq!(scene.hear(&run, 0), Some(ReplyBody::Accepted(Accepted { mode: Some(Mode::Run) })));
    assert_eq!(scene.mailbox.requested_mode(), (RequestedMode::Walk, false));
    // A pad at the robot has control now.
    let pad = scene.leases.welcome();
    scene.leases.steer((pad, "pad"), arbiter::Source::Pad, &gaitway_model::Command::default(), S, 0).unwrap();
    assert_eq!(scene.code(&run, 0), Some(Code::LeaseHeld));
    assert_eq!(scene.code(r#"{"kind":"mode","mode":"limp"}"#, 0), None);
    assert_eq!(scene.mailbox.requested_mode(), (RequestedMode::Limp, false));
    assert_eq!(scene.code(&run, S), None, "the pad's lease has ended");
    let off = format!(r#"{{"kind":"mode","mode":"off","lease":{lease}}}"#);
    assert_eq!(scene.code(&off, S), None);
    assert_eq!(scene.mailbox.requested_mode(), (RequestedMode::Limp, true));
    scene.mailbox.set_emergency_stop(arbiter::Source::Terminal);
    assert_eq!(scene.code(&run, S), Some(Code::Stopped));
    assert_eq!(scene.code(r#"{"kind":"clear_stop"}"#, S), Some(Code::OnlyAtTheRobot));
}

#[test]
fn what_a_command_asks_too_much_is_told() {
    let (mut scene, lease) = Scene::with_lease("network");
    let command = |sequence: u64, axes: &str| {
        format!(
            r#"{{"kind":"command","id":1,"lease":{lease},"sequence":{sequence},"deadline_ns":{},"axes":{{{axes}}}}}"#,
            S / 2
        )
    };
    let Some(ReplyBody::Fate(fate)) = scene.hear(&command(1, r#""vx":9,"head_yaw":0.1"#), 0) else {
        panic!("a fate")
    };
    // No tick has been: the policy does not run.
    assert_eq!((fate.sequence, fate.fate), (1, Fate::NotRunning));
    let limits: Vec<_> = fate.limits.iter().map(|limit| (limit.rule.as_str(), limit.axis.as_str())).collect();
    assert_eq!(limits, [("range", "vx")]);
    assert_eq!(scene.code(&command(2, r#""wings":1"#), 0), Some(Code::UnknownAxis));
    assert_eq!(scene.code(&command(1, ""), 0), Some(Code::TooLate));
}

#[test]
fn a_policy_that_fits_is_wanted_and_no_other() {
    let (scene, lease) = Scene::with_lease("network");
    let info = |name: &str| PolicyInfo { name: name.to_owned(), file: None, runs: false };
    let shelf = PolicyShelf::new(vec![info("good"), info("bad")], |name| match name {
        "good" => Ok(()),
        _ => Err(Refusal::new(Code::NotPossible, "it has eight legs", "name another")),
    });
    let mut scene = Scene { robot: scene.robot.with_policies(shelf.clone()), ..scene };
    let ask = |name: &str| format!(r#"{{"kind":"policy","id":7,"name":"{name}","lease":{lease}}}"#);
    assert_eq!(scene.code(&ask("ugly"), 0), Some(Code::BadField));
    assert_eq!(scene.code(&ask("good"), 0), Some(Code::NotPossible), "nothing is known of the robot yet");
    scene.tick();
    assert_eq!(scene.hear(&ask("bad"), 0), None, "it is looked at first");
    let Reply { id: Some(7), body: ReplyBody::Refused(refusal) } = scene.changed(0) else {
        panic!("refused")
    };
    assert_eq!((refusal.message.as_str(), shelf.wanted()), ("it has eight legs", None));
    // Somebody stops the robot while the file is looked at.
    scene.hear(&ask("good"), 0);
    scene.mailbox.set_emergency_stop(arbiter::Source::Pad);
    assert!(matches!(scene.changed(0).body, ReplyBody::Refused(refusal) if refusal.code == Code::Stopped));
    scene.mailbox.clear_emergency_stop(arbiter::Source::Pad).unwrap();
    scene.mailbox.request_mode(RequestedMode::Limp, false);
    assert_eq!(scene.code(&ask("good"), 0), Some(Code::OnlyAtTheRobot), "somebody there set it limp");
    scene.mailbox.request_mode(RequestedMode::Stand, false);
    scene.hear(&ask("good"), 0);
    assert!(matches!(scene.changed(0).body, ReplyBody::Accepted(_)));
    assert_eq!(shelf.wanted(), Some("good"));
}

#[test]
fn a_mark_needs_a_recording_and_never_waits_for_it() {
    let (scene, _) = Scene::with_lease("network");
    let mark = r#"{"kind":"mark","text":"slipped"}"#;
    let (marks, marked) = sync_channel(1);
    let mut scene = Scene { robot: scene.robot.with_marks(None), ..scene };
    assert_eq!(scene.code(mark, 0), Some(Code::NotPossible));
    let mut scene = Scene { robot: scene.robot.with_marks(Some(marks)), ..scene };
    assert_eq!((scene.code(mark, 0), marked.try_recv().as_deref()), (None, Ok("slipped")));
    assert_eq!([scene.code(mark, 0), scene.code(mark, 0)], [None, Some(Code::NotPossible)]);
}
