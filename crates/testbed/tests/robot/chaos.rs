//! Chaos without physics, the fast net: every class of fault strikes a robot that runs, over and over. What may come of
//! each is written here, before the run. `gaitway bench chaos` is the same with a duck that can fall.

use super::bench::Bench;
use gaitway_control::arbiter::Source;
use gaitway_control::supervisor::{RequestedMode, State};
use gaitway_emulators::{Fault, FaultPlan, LaterServos, ReplyFault, RequestFault};

#[path = "../../../../tests/rust/random.rs"]
mod random;
use random::Random;

/// What may come of a fault.
#[derive(Clone, Copy, PartialEq, Debug)]
enum May {
    /// It runs on, without a break.
    RunOn,
    /// It may hold, and runs again at the end.
    Hold,
    /// It may hold, and may end limp.
    EndLimp,
    /// It is limp at the end, with every torque off that can be reached.
    BeLimp,
}

/// Class, faults in an episode, what may come of one.
#[rustfmt::skip]
const TABLE: [(&str, usize, May); 21] = [
    ("answer lost",                        20, May::RunOn),
    ("answer cut",                         20, May::RunOn),
    ("answer corrupted",                   20, May::RunOn),
    ("answer late",                        20, May::RunOn),
    ("answer twice",                       20, May::RunOn),
    ("request lost",                       20, May::RunOn),
    ("request corrupted",                  20, May::RunOn),
    ("servo silent 0.1 s, others answer",  10, May::RunOn),
    ("servo silent 0.1 s, others wait",    10, May::RunOn),
    ("servo silent 1.5 s, others answer",   5, May::Hold),
    ("servo silent 1.5 s, others wait",     5, May::Hold),
    ("servo reset",                         5, May::Hold),
    ("two ids swapped",                     1, May::EndLimp),
    ("overload",                            1, May::BeLimp),
    ("too hot",                             1, May::BeLimp),
    ("supply sags 1 V for 1 s",             5, May::Hold),
    ("unplugged for 0.5 s",                 5, May::Hold),
    ("unplugged for good",                  1, May::BeLimp),
    ("loop starved 100 ms",                10, May::RunOn),
    ("IMU frozen, late or lost for 0.3 s",  5, May::Hold),
    ("told to stop, softly or at once",     1, May::BeLimp),
];

/// Faults of each class.
const FAULTS: usize = 20;
/// Ticks after a fault until its outcome is judged.
const JUDGED_AFTER: usize = 90;
const JUDGED_LIMP_AFTER: usize = 320;

#[derive(Default, Clone)]
struct Outcome {
    episodes: usize,
    struck: usize,
    ran_on: usize,
    held: usize,
    limp: usize,
}

/// Lets one fault of a class strike. What must be undone later is done here, too.
fn strike(bench: &mut Bench, class: &str, random: &mut Random) -> Vec<State> {
    let servo = random.below(14);
    let reply = |fault| Fault::Reply { servo, fault };
    let (fault, undo) = match class {
        "answer lost" => (reply(ReplyFault::Lost), None),
        "answer cut" => (reply(ReplyFault::Cut { keep_bytes: 1 + random.below(9) }), None),
        "answer corrupted" => (reply(ReplyFault::Corrupted { bits: 1 }), None),
        "answer late" => (reply(ReplyFault::Late { by_ns: 1 + random.below(4_000_000) as u64 }), None),
        "answer twice" => (reply(ReplyFault::Duplicated), None),
        "request lost" => (Fault::Request(RequestFault::Lost), None),
        "request corrupted" => (Fault::Request(RequestFault::Corrupted { bits: 1 }), None),
        "servo silent 0.1 s, others answer" => {
            (Fault::Silent { servo, later: LaterServos::Answer }, Some((5, Fault::Speaks { servo })))
        }
        "servo silent 0.1 s, others wait" => {
            (Fault::Silent { servo, later: LaterServos::Wait }, Some((5, Fault::Speaks { servo })))
        }
        "servo silent 1.5 s, others answer" => {
            (Fault::Silent { servo, later: LaterServos::Answer }, Some((75, Fault::Speaks { servo })))
        }
        "servo silent 1.5 s, others wait" => {
            (Fault::Silent { servo, later: LaterServos::Wait }, Some((75, Fault::Speaks { servo })))
        }
        "servo reset" => (Fault::Reset { servo }, None),
        "two ids swapped" => {
            (Fault::SwapIds { first: servo, second: (servo + 1 + random.below(13)) % 14 }, None)
        }
        "overload" => (Fault::Overload { servo }, None),
        "too hot" => (Fault::OverTemperature { servo }, None),
        "supply sags 1 V for 1 s" => (Fault::Sag { drop_v: 1.0 }, Some((50, Fault::Sag { drop_v: 0.0 }))),
        "unplugged for 0.5 s" => (Fault::Unplug, Some((25, Fault::Replug))),
        "unplugged for good" => (Fault::Unplug, None),
        "loop starved 100 ms" => {
            bench.starve(100_000_000);
            return bench.ticks(JUDGED_AFTER);
        }
        "IMU frozen, late or lost for 0.3 s" => {
            let frozen = random.below(2) == 0;
            (bench.imu_is_frozen, bench.imu_is_silent) = (frozen, !frozen);
            let mut states = bench.ticks(15);
            (bench.imu_is_frozen, bench.imu_is_silent) = (false, false);
            states.extend(bench.ticks(JUDGED_AFTER));
            return states;
        }
        _ => {
            match random.below(3) {
                0 => bench.mailbox().request_mode(RequestedMode::Limp, false),
                1 => bench.mailbox().request_mode(RequestedMode::Limp, true),
                _ => bench.mailbox().set_emergency_stop(Source::Agent),
            }
            return bench.ticks(JUDGED_LIMP_AFTER);
        }
    };
    bench.inject(fault);
    let (wait, mut states) = match undo {
        None => (
            if class.starts_with("unplugged") || class == "too hot" {
                JUDGED_LIMP_AFTER
            } else {
                JUDGED_AFTER
            },
            vec![],
        ),
        Some((ticks, undo)) => {
            let states = bench.ticks(ticks);
            bench.inject(undo);
            (JUDGED_AFTER, states)
        }
    };
    states.extend(bench.ticks(wait));
    states
}

/// What must hold whatever happened.
fn check_always(bench: &Bench, class: &str) {
    let watched = bench.watched();
    assert_eq!(watched.goals_out_of_range, 0, "{class}: {watched:?}");
    assert_eq!(watched.goals_not_finite, 0, "{class}: {watched:?}");
    assert_eq!(watched.allocations, 0, "{class}: {watched:?}");
    assert_eq!(watched.stale_joints, 0, "{class}: {watched:?}");
    assert!(watched.longest_limp_ns <= 40_000_000, "{class}: {watched:?}");
    assert!(watched.longest_replugged_ns <= 240_000_000, "{class}: {watched:?}");
    for (state, vitals) in
        bench.robot().driver().servos().unwrap().bus().states().iter().zip(bench.robot().driver().readings())
    {
        assert!(state.position_rad.is_finite() && vitals.position_rad.is_finite(), "{class}");
    }
    if bench.robot().record().state == State::Limp && class != "unplugged for good" {
        assert_eq!(bench.driven(), 0, "{class}: limp, and torque is on");
    }
}

fn judge(class: &str, may: May, states: &[State], outcome: &mut Outcome) {
    let last = states[states.len() - 1];
    let (ran_on, limp) = (states.iter().all(|state| *state == State::Running), last == State::Limp);
    outcome.struck += 1;
    outcome.ran_on += usize::from(ran_on);
    outcome.limp += usize::from(limp);
    outcome.held += usize::from(!ran_on && !limp);
    let fits = match may {
        May::RunOn => ran_on,
        May::Hold => last == State::Running,
        May::EndLimp => ran_on || last == State::Running || limp,
        May::BeLimp => limp,
    };
    assert!(fits, "{class} may {may:?}, and ended {}: {states:?}", last.name());
}

fn run_class(class: &str, per_episode: usize, may: May, faults: usize, random: &mut Random) -> Outcome {
    let mut outcome = Outcome::default();
    while outcome.struck < faults {
        let mut bench = Bench::new(FaultPlan { seed: random.below(1 << 30) as u64, ..FaultPlan::default() });
        bench.until(State::Running, 300);
        bench.ticks(20 + random.below(30));
        outcome.episodes += 1;
        for _ in 0..per_episode {
            if bench.robot().record().state != State::Running {
                break;
            }
            let states = strike(&mut bench, class, random);
            judge(class, may, &states, &mut outcome);
            check_always(&bench, class);
        }
    }
    outcome
}

#[test]
fn every_class_of_fault_ends_as_the_table_says() {
    let mut random = Random::new(2026);
    for (class, per_episode, may) in TABLE {
        let Outcome { episodes, struck, ran_on, held, limp } =
            run_class(class, per_episode, may, FAULTS, &mut random);
        println!(
            "{class} ({may:?}): {struck} in {episodes} episodes, {ran_on} ran on, {held} held, {limp} limp"
        );
    }
}
