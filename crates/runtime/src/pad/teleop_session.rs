//! From how a pad stands to what is in the mailbox.

use super::PadEvent;
use crate::api::{ClientId, LeaseTable};
use crate::expression::ExpressionSlot;
use crate::robot::Mailbox;
use crate::robot::mailbox::NotAtTheRobot;
use gaitway_control::arbiter::{Offer, Source};
use gaitway_control::supervisor::RequestedMode;
use gaitway_gamepad::{Button, Controls, Operator, Reach};
use gaitway_model::axis::STANDARD_AXES;
use gaitway_model::{Axis, Command, Contract, RobotProfile};
use gaitway_platform::budget::Budget;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The robot is told to stand when the pad has been gone for so long, ns.
const STAND_AFTER_NS: u64 = 3_000_000_000;
/// What a pad asks holds for so long, ns: a few times as long as it takes until it is said again.
const LEASE_NS: u64 = 200_000_000;
/// Presses that are done at once, and in each second from then on: more than a hand makes.
const PRESSES: u32 = 40;
const PRESSES_PER_SECOND: u32 = 20;

/// A full stick asks for as much as the policy was trained for, and nothing where it was not.
pub fn reach(contract: &Contract) -> Reach {
    let of = |axis: &str| {
        let known = contract.command.iter().find(|known| known.axis == axis);
        known.map_or([0.0; 2], |known| [known.min as f32, known.max as f32])
    };
    Reach {
        forward: of("vx"),
        leftward: of("vy"),
        turning: of("wz"),
        head_pitch: of("head_pitch"),
        head_yaw: of("head_yaw"),
        head_roll: of("head_roll"),
    }
}

/// Where the robot has the axes that sticks move; an axis it lacks nobody moves.
pub fn stick_axes(profile: &RobotProfile) -> [Option<Axis>; STANDARD_AXES.len()] {
    STANDARD_AXES.map(|(name, _)| profile.axis(name))
}

/// What a pad steers.
#[derive(Debug, Clone)]
pub struct TeleopTarget {
    /// How far its sticks go.
    pub reach: Reach,
    /// Which axes they move.
    pub axes: [Option<Axis>; STANDARD_AXES.len()],
    /// Where wishes go.
    pub mailbox: Arc<Mailbox>,
    /// Where commands go, beside those of other clients.
    pub leases: Arc<Mutex<LeaseTable>>,
    /// Lamps and pulse servos.
    pub expression: Arc<ExpressionSlot>,
}

/// One pad's way to the robot.
#[derive(Debug)]
pub(super) struct TeleopSession {
    client: ClientId,
    /// What it calls itself to other clients.
    name: String,
    source: Source,
    /// Another client has its source: that was told once.
    is_refused: bool,
    operator: Operator,
    steered: TeleopTarget,
    /// Where it put the pulse servos last.
    pulse_servos: [f32; 2],
    /// Since when nobody holds the pad, who did, ns.
    gone_since_ns: Option<u64>,
    presses: Budget,
}

impl TeleopSession {
    /// For the pad that is `source`; nothing is asked yet.
    pub fn new(source: Source, steered: TeleopTarget) -> TeleopSession {
        let mut operator = Operator::new(steered.reach);
        if !steered.mailbox.may_walk() {
            operator.move_head();
        }
        let client = lock(&steered.leases).welcome();
        TeleopSession {
            client,
            name: format!("{} of gaitwayd", source.name()),
            source,
            is_refused: false,
            operator,
            steered,
            pulse_servos: [0.0; 2],
            gone_since_ns: None,
            presses: Budget::new(PRESSES, PRESSES_PER_SECOND),
        }
    }

    /// What it calls itself to other clients from now on.
    pub fn call(&mut self, name: &str) {
        name.clone_into(&mut self.name);
    }

    /// Whether the emergency stop is set.
    pub fn is_stopped(&self) -> bool {
        self.steered.mailbox.is_stopped()
    }

    /// Emergency stop by `name`, who need not have the pad.
    pub fn stop(&self, name: &str) {
        stop(self.source, name, &self.steered);
    }

    /// The pad stands as it does at `now_ns`: its command holds until the lease ends, and each button that was
    /// pressed is done and told, once. Of a flood of presses most are left out, but never one that makes limp.
    pub fn steer(&mut self, controls: &Controls, now_ns: u64, mut tell: impl FnMut(PadEvent)) {
        self.gone_since_ns = None;
        let (client, source, name) = (self.client, self.source, &self.name);
        let (steered, presses) = (&self.steered, &mut self.presses);
        let clears = clears_stop(source, controls);
        self.operator.update(controls, |button| {
            let has_room = presses.take(now_ns);
            if !has_room && !makes_limp(button, steered) {
                return;
            }
            let needs_control =
                matches!(button, Button::Pause | Button::Motors) && !makes_limp(button, steered);
            let held = match needs_control {
                true => lock(&steered.leases).refuse_another(client, source, now_ns),
                // One that makes limp waits for nobody.
                false => Ok(()),
            };
            let event = match held {
                Err(refusal) => PadEvent::Held(refusal),
                Ok(()) if button == Button::Stop => {
                    stop(source, name, steered);
                    PadEvent::Pressed(button)
                }
                Ok(()) => match press(button, clears, source, steered) {
                    Ok(()) => PadEvent::Pressed(button),
                    Err(refused) => PadEvent::Refused(button, refused),
                },
            };
            if has_room {
                tell(event);
            }
        });
        if let Some(count) = self.presses.left_out(now_ns) {
            tell(PadEvent::LeftOut(count));
        }
        self.move_pulse_servos();
        let phase_factor_offset = self.operator.phase_factor_offset();
        let mut command = Command { phase_factor_offset, ..Command::default() };
        for (axis, value) in self.steered.axes.iter().zip(self.operator.command()) {
            if let Some(axis) = axis {
                command.values[axis.index()] = value;
            }
        }
        self.offer(&command, now_ns, tell);
    }

    fn offer(&mut self, command: &Command, now_ns: u64, mut tell: impl FnMut(PadEvent)) {
        let client = (self.client, self.name.as_str());
        let steered =
            lock(&self.steered.leases).steer(client, self.source, command, now_ns + LEASE_NS, now_ns);
        let was_refused = std::mem::replace(&mut self.is_refused, steered.is_err());
        if let (Err(refusal), false) = (steered, was_refused) {
            tell(PadEvent::Held(refusal));
        }
    }

    /// The pad is there, or there again: what it holds down already is no press, but of the button that stops it is.
    pub fn take_up(&mut self, controls: &Controls) {
        let mut before = *controls;
        before.set(Button::Stop, false);
        self.operator.take_up(&before);
    }

    /// Nobody holds the pad any more: the lease ends by itself.
    pub fn let_go(&mut self, now_ns: u64, mut tell: impl FnMut(PadEvent)) {
        self.operator.let_go();
        self.move_pulse_servos();
        self.gone_since_ns = Some(now_ns);
        if let Some(count) = self.presses.take_left_out() {
            tell(PadEvent::LeftOut(count));
        }
        tell(PadEvent::Gone);
    }

    /// A robot that walks is told to stand once the pad has been gone for a while, and nobody else steers it; true
    /// where it was.
    pub fn stand_after_a_while(&mut self, now_ns: u64) -> bool {
        let is_over = |since_ns: u64| now_ns >= since_ns + STAND_AFTER_NS;
        if !self.gone_since_ns.is_some_and(is_over) {
            return false;
        }
        self.gone_since_ns = None;
        let mailbox = &self.steered.mailbox;
        let steers = |offer: &Option<Offer>| offer.is_some_and(|offer| now_ns < offer.expires_ns);
        let stands =
            mailbox.requested_mode().0 == RequestedMode::Walk && !mailbox.offers().iter().any(steers);
        if stands {
            // Nobody at the robot is refused.
            let _ = mailbox.change_wish(Source::Pad, RequestedMode::Walk, RequestedMode::Stand);
        }
        stands
    }

    /// Only where they move: a pad at rest leaves them to another one.
    fn move_pulse_servos(&mut self) {
        let targets = self.operator.pulse_servos();
        if targets != self.pulse_servos {
            self.pulse_servos = targets;
            self.steered.expression.set_pulse_servos(&targets);
        }
    }
}

fn lock(leases: &Mutex<LeaseTable>) -> MutexGuard<'_, LeaseTable> {
    leases.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Said again and again by a pad elsewhere: the log names who came first.
fn stop(source: Source, name: &str, steered: &TeleopTarget) {
    if steered.mailbox.is_stopped_by(source) {
        // Cleared since that look, it is set all the same.
        steered.mailbox.set_emergency_stop(source);
    } else {
        lock(&steered.leases).stop(source, Some(name));
    }
}

/// A person with the robot's own pad clears its emergency stop by two buttons at once, which no fright presses. As long
/// as the one is held, the other does nothing else.
fn clears_stop(source: Source, controls: &Controls) -> bool {
    source == Source::Pad && controls.is_held(Button::Stop)
}

/// What the robot is wished to do from now on.
fn press(
    button: Button,
    clears_stop: bool,
    source: Source,
    steered: &TeleopTarget,
) -> Result<(), NotAtTheRobot> {
    let mailbox = &steered.mailbox;
    match (button, mailbox.requested_mode().0) {
        (Button::Motors, _) if clears_stop => mailbox.clear_by_hand(source),
        (Button::Pause, now @ RequestedMode::Walk) => mailbox.change_wish(source, now, RequestedMode::Stand),
        (Button::Pause, now @ RequestedMode::Stand) => mailbox.change_wish(source, now, RequestedMode::Walk),
        (Button::Motors, now @ RequestedMode::Limp) => mailbox.change_wish(source, now, RequestedMode::Stand),
        (Button::Motors, _) => mailbox.wish_of(source, RequestedMode::Limp),
        (Button::Lamp, _) => {
            steered.expression.toggle_lamps();
            Ok(())
        }
        _ => Ok(()),
    }
}

fn makes_limp(button: Button, steered: &TeleopTarget) -> bool {
    let is_limp = steered.mailbox.requested_mode().0 == RequestedMode::Limp;
    button == Button::Stop || (button == Button::Motors && !is_limp)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn steered() -> TeleopTarget {
        let reach = Reach {
            forward: [-0.1, 0.1],
            leftward: [0.0; 2],
            turning: [0.0; 2],
            head_pitch: [0.0; 2],
            head_yaw: [0.0; 2],
            head_roll: [0.0; 2],
        };
        let mailbox = Arc::new(Mailbox::new());
        let leases = Arc::new(Mutex::new(LeaseTable::new(Arc::clone(&mailbox))));
        TeleopTarget { reach, axes: [None; 7], mailbox, leases, expression: Arc::default() }
    }

    /// Presses and lets go so often, 20,000 times a second, and returns what was told.
    fn flood(session: &mut TeleopSession, button: Button, count: u64) -> Vec<PadEvent> {
        let mut told = Vec::new();
        for number in 0..2 * count {
            let mut controls = Controls::default();
            controls.set(button, number % 2 == 0);
            session.steer(&controls, number * MS / 40, |event| told.push(event));
        }
        session.let_go(count * MS / 20, |event| told.push(event));
        told
    }

    #[test]
    fn a_flood_of_presses_is_bounded_and_counted() {
        let mut session = TeleopSession::new(Source::Network, steered());
        let told = flood(&mut session, Button::Sound, 200_000);
        let pressed = told.iter().filter(|event| **event == PadEvent::Pressed(Button::Sound)).count();
        let count = |event: &PadEvent| if let PadEvent::LeftOut(count) = event { *count } else { 0 };
        assert_eq!((pressed, told.iter().map(count).sum::<u64>() + pressed as u64), (40 + 199, 200_000));
        assert!(told.len() < 40 + 199 + 12, "it is told once a second that more were left out");
    }

    #[test]
    fn a_press_that_makes_limp_is_never_left_out() {
        let steered = steered();
        let mut session = TeleopSession::new(Source::Pad, steered.clone());
        steered.mailbox.request_mode(RequestedMode::Walk, false);
        flood(&mut session, Button::Lamp, 2000);
        let mut controls = Controls::default();
        controls.set(Button::Motors, true);
        session.steer(&controls, 100 * MS, |_| {});
        assert_eq!(steered.mailbox.requested_mode().0, RequestedMode::Limp);
        // But one that gets up is, so that no flood of both ends on its feet.
        for number in 0..100 {
            controls.set(Button::Motors, number % 2 == 1);
            session.steer(&controls, 100 * MS, |_| {});
            assert_eq!(steered.mailbox.requested_mode().0, RequestedMode::Limp);
        }
    }

    #[test]
    fn one_elsewhere_is_told_that_it_may_not_get_up_what_was_set_limp_here() {
        let steered = steered();
        let (mut far, mut near) = (
            TeleopSession::new(Source::Network, steered.clone()),
            TeleopSession::new(Source::Pad, steered.clone()),
        );
        steered.mailbox.request_mode(RequestedMode::Limp, false);
        let mut controls = Controls::default();
        controls.set(Button::Motors, true);
        let mut told = Vec::new();
        far.steer(&controls, MS, |event| told.push(event));
        assert!(matches!(told[..], [PadEvent::Refused(Button::Motors, _)]), "{told:?}");
        assert_eq!(steered.mailbox.requested_mode().0, RequestedMode::Limp);
        near.steer(&controls, MS, |event| told.push(event));
        assert_eq!((steered.mailbox.requested_mode().0, told.len()), (RequestedMode::Stand, 2));
    }

    #[test]
    fn every_pad_stops_and_only_the_robots_own_clears_with_two_buttons() {
        for source in [Source::Network, Source::Pad] {
            let steered = steered();
            steered.mailbox.request_mode(RequestedMode::Walk, false);
            let anna = (lock(&steered.leases).welcome(), "anna");
            let walk = Command::velocity(0.1, 0.0, 0.0);
            lock(&steered.leases).steer(anna, source, &walk, 500 * MS, 0).unwrap();
            let mut session = TeleopSession::new(source, steered.clone());
            session.call("the pad");
            // Stopped by a flood, in which room is for nothing else, while anna has control.
            flood(&mut session, Button::Lamp, 2000);
            let mut controls = Controls::default();
            controls.set(Button::Stop, true);
            session.steer(&controls, 100 * MS, |_| {});
            assert!(steered.mailbox.is_stopped_by(source));
            assert_eq!(lock(&steered.leases).stopped_by(), Some("the pad"));
            // The motors button alone clears nothing.
            controls.set(Button::Stop, false);
            for is_down in [false, true] {
                controls.set(Button::Motors, is_down);
                session.steer(&controls, 9_000 * MS, |_| {});
            }
            assert!(steered.mailbox.is_stopped());
            const BOTH: &[Button] = &[Button::Stop, Button::Motors];
            for buttons in [&[][..], &[Button::Stop], BOTH, &[Button::Stop], BOTH] {
                controls = Controls::default();
                buttons.iter().for_each(|button| controls.set(*button, true));
                session.steer(&controls, 20_000 * MS, |_| {});
            }
            assert_eq!(steered.mailbox.is_stopped(), source != Source::Pad);
            if source == Source::Pad {
                assert_eq!(steered.mailbox.requested_mode().0, RequestedMode::Limp, "pressed twice, it lies");
            }
            // It does not get up by itself, whatever was wished of it meanwhile.
            steered.mailbox.clear_by_hand(Source::Terminal).unwrap();
            assert_eq!(steered.mailbox.requested_mode().0, RequestedMode::Limp);
        }
    }

    #[test]
    fn a_stop_pressed_while_the_pad_was_away_is_heard_when_it_is_back() {
        let steered = steered();
        let mut session = TeleopSession::new(Source::Pad, steered.clone());
        let mut controls = Controls::default();
        controls.set(Button::Stop, true);
        controls.set(Button::Motors, true);
        session.take_up(&controls);
        session.steer(&controls, MS, |_| {});
        assert!(steered.mailbox.is_stopped_by(Source::Pad));
    }

    #[test]
    fn who_stops_a_stopped_robot_is_not_named() {
        let steered = steered();
        let session = TeleopSession::new(Source::Network, steered.clone());
        session.stop("one");
        session.stop("two");
        assert_eq!(lock(&steered.leases).stopped_by(), Some("one"));
    }

    #[test]
    fn one_elsewhere_commands_nothing_while_a_program_has_control() {
        let steered = steered();
        let anna = (lock(&steered.leases).welcome(), "anna");
        lock(&steered.leases)
            .steer(anna, Source::Network, &Command::velocity(0.1, 0.0, 0.0), 500 * MS, 0)
            .unwrap();
        let mut session = TeleopSession::new(Source::Network, steered.clone());
        session.call("far pad");
        let mut told = Vec::new();
        let mut controls = Controls::default();
        controls.set(Button::Motors, true);
        session.steer(&controls, MS, |event| told.push(event));
        session.steer(&controls, 2 * MS, |event| told.push(event));
        let held = |event: &PadEvent| matches!(event, PadEvent::Held(refusal) if refusal.message.starts_with("anna has"));
        assert!(told.len() == 2 && told.iter().all(held), "the press, and once the command: {told:?}");
        assert_eq!(steered.mailbox.requested_mode().0, RequestedMode::Limp);
        let offers = || steered.mailbox.offers()[Source::Network as usize].unwrap();
        assert_eq!(offers().expires_ns, 500 * MS);
        // It makes limp all the same, and has control when she gives it up.
        steered.mailbox.request_mode(RequestedMode::Walk, false);
        session.take_up(&Controls::default());
        session.steer(&controls, 3 * MS, |_| {});
        assert_eq!(steered.mailbox.requested_mode().0, RequestedMode::Limp);
        session.steer(&controls, 500 * MS, |_| {});
        assert_eq!(offers().expires_ns, 700 * MS);
        assert_eq!(lock(&steered.leases).strongest(600 * MS), Some("far pad"));
    }
}
