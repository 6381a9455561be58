//! Real signals, received by a process of their own.

use crate::victim::{Victim, listen, say};
use gaitway_platform::Termination;
use rustix::process::{Signal, kill_process};

pub const TESTS: &[(&str, fn())] = &[
    ("termination::signals_become_a_flag", signals_become_a_flag),
    ("termination::the_second_request_is_at_once", the_second_request_is_at_once),
];

/// Says what was requested, for each line it hears.
pub fn victim() {
    let termination = Termination::install().unwrap();
    say("installed");
    while !listen().is_empty() {
        match termination.requested() {
            None => say("nothing"),
            Some(stop) => say(format!("{} at_once={}", stop.reason, stop.at_once)),
        }
    }
}

fn signals_become_a_flag() {
    for (signal, reason) in [
        (Signal::INT, "interrupted (SIGINT)"),
        (Signal::TERM, "asked to end (SIGTERM)"),
        (Signal::HUP, "terminal lost (SIGHUP)"),
        (Signal::TSTP, "asked to sleep (SIGTSTP)"),
    ] {
        let mut victim = installed();
        assert_eq!(ask(&mut victim), "nothing");
        kill_process(victim.pid(), signal).unwrap();
        let mut answer = ask(&mut victim);
        while answer == "nothing" {
            answer = ask(&mut victim);
        }
        assert_eq!(answer, format!("{reason} at_once=false"));
        victim.tell("");
        assert!(victim.wait().success());
    }
}

fn the_second_request_is_at_once() {
    let mut victim = installed();
    kill_process(victim.pid(), Signal::INT).unwrap();
    let mut answer = ask(&mut victim);
    // Echoes of the first count as the first, so this goes on until one is a request of its own.
    while !answer.ends_with("at_once=true") {
        kill_process(victim.pid(), Signal::TERM).unwrap();
        answer = ask(&mut victim);
    }
    assert_eq!(answer, "interrupted (SIGINT) at_once=true");
    victim.tell("");
    assert!(victim.wait().success());
}

fn installed() -> Victim {
    let mut victim = Victim::start("termination", &[]);
    assert_eq!(victim.hear(), "installed");
    victim
}

fn ask(victim: &mut Victim) -> String {
    victim.tell("what was requested?");
    victim.hear()
}
