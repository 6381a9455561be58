//! From how a pad stands to what is in the mailbox.

use crate::expression::ExpressionSlot;
use crate::robot::Mailbox;
use gaitway_contract::{Axis, Command, Contract};
use gaitway_control::arbiter::Source;
use gaitway_control::supervisor::Wish;
use gaitway_drivers::pad::{Button, Controls, Operator, Reach};
use std::sync::Arc;

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
}

impl Helm {
    /// For the pad that is `source`; nothing is asked yet.
    pub fn new(source: Source, steered: Steered) -> Helm {
        let mut operator = Operator::new(steered.reach);
        if !steered.mailbox.may_walk() {
            operator.move_head();
        }
        Helm { source, operator, steered, antennas: [0.0; 2] }
    }

    /// The pad stands as it does at `now_ns`: its command holds until the lease ends, and each button that was
    /// pressed is done and handed out, once.
    pub fn steer(&mut self, controls: &Controls, now_ns: u64, mut pressed: impl FnMut(Button)) {
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

    /// Nobody holds the pad: the lease ends by itself.
    pub fn let_go(&mut self) {
        self.operator.let_go();
        self.move_antennas();
    }

    /// A robot that walks is told to stand; false where it does not.
    pub fn stand(&self) -> bool {
        let mailbox = &self.steered.mailbox;
        let walks = mailbox.wish().0 == Wish::Walk;
        if walks {
            mailbox.set_wish(Wish::Stand, false);
        }
        walks
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
