//! From how a pad stands to what is in the mailbox.

use crate::expression::ExpressionSlot;
use crate::robot::Mailbox;
use gaitway_contract::{Axis, Command, Contract};
use gaitway_control::arbiter::{Offer, Source};
use gaitway_control::supervisor::Wish;
use gaitway_drivers::pad::{Button, Controls, Operator, Reach};
use std::sync::Arc;

/// The duck is told to stand when the pad has been gone for so long, ns.
const STAND_AFTER_NS: u64 = 3_000_000_000;
/// What a pad asks holds for so long, ns: a few times as long as it takes until it is said again.
const LEASE_NS: u64 = 200_000_000;

/// A full stick asks for as much as the policy was trained for, and nothing where it was not.
pub fn reach(contract: &Contract) -> Reach {
    let of = |axis: Axis| {
        let known = contract.command.iter().find(|known| known.axis == axis);
        known.map_or([0.0; 2], |known| [known.min as f32, known.max as f32])
    };
    Reach {
        forward: of(Axis::Vx),
        leftward: of(Axis::Vy),
        turning: of(Axis::Wz),
        head_pitch: of(Axis::HeadPitch),
        head_yaw: of(Axis::HeadYaw),
        head_roll: of(Axis::HeadRoll),
    }
}

/// What a pad steers.
#[derive(Debug, Clone)]
pub struct Steered {
    /// How far its sticks go.
    pub reach: Reach,
    /// Where commands and wishes go.
    pub mailbox: Arc<Mailbox>,
    /// Antennas and projector.
    pub expression: Arc<ExpressionSlot>,
}

/// One pad's way to the robot.
#[derive(Debug)]
pub(super) struct Helm {
    source: Source,
    operator: Operator,
    steered: Steered,
    /// Where it put the antennas last.
    antennas: [f32; 2],
    /// Since when nobody holds the pad, who did, ns.
    gone_since_ns: Option<u64>,
}

impl Helm {
    /// For the pad that is `source`; nothing is asked yet.
    pub fn new(source: Source, steered: Steered) -> Helm {
        let mut operator = Operator::new(steered.reach);
        if !steered.mailbox.may_walk() {
            operator.move_head();
        }
        Helm { source, operator, steered, antennas: [0.0; 2], gone_since_ns: None }
    }

    /// The pad stands as it does at `now_ns`: its command holds until the lease ends, and each button that was
    /// pressed is done and handed out, once.
    pub fn steer(&mut self, controls: &Controls, now_ns: u64, mut pressed: impl FnMut(Button)) {
        self.gone_since_ns = None;
        let steered = &self.steered;
        self.operator.update(controls, |button| {
            press(button, steered);
            pressed(button);
        });
        self.move_antennas();
        let (values, phase_factor_offset) = (self.operator.command(), self.operator.phase_factor_offset());
        let command = Command { values, phase_factor_offset };
        self.steered.mailbox.offer(self.source, &command, now_ns + LEASE_NS);
    }

    /// The pad is there, or there again: what it holds down already is no press.
    pub fn take_up(&mut self, controls: &Controls) {
        self.operator.take_up(controls);
    }

    /// Nobody holds the pad any more: the lease ends by itself.
    pub fn let_go(&mut self, now_ns: u64) {
        self.operator.let_go();
        self.move_antennas();
        self.gone_since_ns = Some(now_ns);
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
        let stands = mailbox.wish().0 == Wish::Walk && !mailbox.offers().iter().any(steers);
        if stands {
            mailbox.set_wish(Wish::Stand, false);
        }
        stands
    }

    /// Only where they move: a pad at rest leaves them to another one.
    fn move_antennas(&mut self) {
        let antennas = self.operator.antennas();
        if antennas != self.antennas {
            self.antennas = antennas;
            self.steered.expression.set_antennas(antennas);
        }
    }
}

/// What the robot is wished to do from now on.
fn press(button: Button, steered: &Steered) {
    let mailbox = &steered.mailbox;
    match (button, mailbox.wish().0) {
        (Button::Pause, Wish::Walk) => mailbox.set_wish(Wish::Stand, false),
        (Button::Pause, Wish::Stand) => mailbox.set_wish(Wish::Walk, false),
        (Button::Motors, Wish::Limp) => mailbox.set_wish(Wish::Stand, false),
        (Button::Motors, _) => mailbox.set_wish(Wish::Limp, false),
        (Button::Projector, _) => steered.expression.toggle_projector(),
        _ => {}
    }
}
