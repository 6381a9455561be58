//! The gait's speed: from an offer on a lease to the gait clock, tick by tick.

use crate::bench::Bench;
use crate::{TICK_NS, running};
use gaitway_control::arbiter::{Cause, Source};
use gaitway_model::Command;

const PERIOD_TICKS: f64 = 27.0;

/// How far the gait clock goes in each of `ticks` ticks, one behind the other.
fn advances(bench: &mut Bench, ticks: usize) -> Vec<f64> {
    let mut advances = Vec::new();
    for _ in 0..ticks {
        let before = bench.robot().controller().record().phase_step;
        bench.tick();
        let advance = bench.robot().controller().record().phase_step - before;
        advances.push(advance.rem_euclid(PERIOD_TICKS));
    }
    advances
}

fn all_are(advances: &[f64], expected: f64) -> bool {
    advances.iter().all(|advance| (advance - expected).abs() < 1e-6)
}

fn offer(bench: &Bench, source: Source, phase_factor_offset: f32, ticks: u64) {
    let command = Command { phase_factor_offset, ..Command::velocity(0.1, 0.0, 0.0) };
    bench.mailbox().offer(source, &command, bench.room.now_ns() + ticks * TICK_NS);
}

#[test]
fn the_gait_is_as_fast_as_its_owner_asks() {
    let mut bench = running();
    assert!(all_are(&advances(&mut bench, 30), 1.0), "nobody adds anything");
    for (offset, expected) in [(0.3, 1.3), (-0.05, 0.95), (9.0, 1.5), (f32::NAN, 1.0), (0.3, 1.3)] {
        offer(&bench, Source::Pad, offset, 100);
        // The observation of a tick sees the clock as the tick before left it.
        bench.tick();
        let advances = advances(&mut bench, 60);
        assert!(all_are(&advances, expected), "{offset}: {advances:?}");
    }
    offer(&bench, Source::Network, -0.5, 100);
    assert!(all_are(&advances(&mut bench, 10), 1.3), "a weaker one is not heard");
}

#[test]
fn it_is_as_ever_when_the_lease_ends() {
    let mut bench = running();
    bench.mailbox().withdraw(Source::Program);
    offer(&bench, Source::Pad, 0.3, 10);
    bench.tick();
    let advances = advances(&mut bench, 40);
    let held = advances.iter().take_while(|advance| **advance > 1.2).count();
    assert!((8..=10).contains(&held), "{held}");
    assert!(all_are(&advances[..held], 1.3) && all_are(&advances[held..], 1.0), "{advances:?}");
    assert_eq!(bench.robot().record().decision.cause, Cause::Expired);
}
