//! From how a pad stands to what the robot is asked: the published runtime's mapping, without its defects.

use super::{Button, Controls};

/// A stick that is moved less than this is at rest: worn sticks stand off their middle by as much.
const STICK_DEAD_ZONE: f32 = 0.1;
/// Of a trigger, as the published runtime has it.
const TRIGGER_DEAD_ZONE: f32 = 0.1;
/// What a press changes the gait's speed by, and what a held one makes of it.
const PHASE_STEP: f32 = 0.05;
const SPRINT_FACTOR: f32 = 1.3;
/// The gait is never trimmed beyond these.
const PHASE_RANGE: [f32; 2] = [0.5, 1.5];

/// How far a full stick goes: smallest and largest of each axis of the command, as the policy's envelope has them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reach {
    /// Forward, m/s.
    pub forward: [f32; 2],
    /// Leftward, m/s.
    pub leftward: [f32; 2],
    /// Turning left, rad/s.
    pub turning: [f32; 2],
    /// Pitch of the head, rad.
    pub head_pitch: [f32; 2],
    /// Yaw of the head, rad.
    pub head_yaw: [f32; 2],
    /// Roll of the head, rad.
    pub head_roll: [f32; 2],
}

/// Who holds the pad, and what they switched.
#[derive(Debug, Clone)]
pub struct Operator {
    reach: Reach,
    before: Controls,
    moves_head: bool,
    /// Pitch, yaw and roll.
    head: [f32; 3],
    velocity: [f32; 3],
    antennas: [f32; 2],
    phase: f32,
    is_sprinting: bool,
}

impl Operator {
    /// Somebody who has touched nothing yet. `phase` is the gait's factor to begin with.
    pub fn new(reach: Reach, phase: f32) -> Operator {
        Operator {
            reach,
            before: Controls::default(),
            moves_head: false,
            head: [0.0; 3],
            velocity: [0.0; 3],
            antennas: [0.0; 2],
            phase: phase.clamp(PHASE_RANGE[0], PHASE_RANGE[1]),
            is_sprinting: false,
        }
    }

    /// The pad stands as it does now: hands out each button that was pressed since the last time, once.
    pub fn update(&mut self, controls: &Controls, mut pressed: impl FnMut(Button)) {
        for button in Button::ALL {
            let is_new = controls.is_held(button) && !self.before.is_held(button);
            if is_new || controls.pressed & button.bit() != 0 {
                self.press(button);
                pressed(button);
            }
        }
        self.before = Controls { pressed: 0, ..*controls };
        self.is_sprinting = controls.is_held(Button::Sprint);
        let [left_x, left_y, right_x] = [controls.left[0], controls.left[1], controls.right[0]].map(stick);
        let reach = &self.reach;
        if self.moves_head {
            self.velocity = [0.0; 3];
            self.head = [
                within(reach.head_pitch, left_y),
                within(reach.head_yaw, -left_x),
                within(reach.head_roll, -right_x),
            ];
        } else {
            self.velocity = [
                within(reach.forward, left_y),
                within(reach.leftward, -left_x),
                within(reach.turning, -right_x),
            ];
        }
        // The right trigger moves the left antenna, as ever.
        self.antennas = [trigger(controls.triggers[1]), trigger(controls.triggers[0])];
    }

    /// The pad is as if nobody held it: what was pressed when it comes back is a press.
    pub fn let_go(&mut self) {
        let nobody = Controls::default();
        self.update(&nobody, |_| {});
    }

    /// The command: forward, leftward, turning, then neck, pitch, yaw and roll of the head.
    pub fn command(&self) -> [f32; 7] {
        let ([forward, leftward, turning], [pitch, yaw, roll]) = (self.velocity, self.head);
        [forward, leftward, turning, 0.0, pitch, yaw, roll]
    }

    /// True where the sticks move the head.
    pub fn moves_head(&self) -> bool {
        self.moves_head
    }

    /// Left and right antenna, 0 to 1.
    pub fn antennas(&self) -> [f32; 2] {
        self.antennas
    }

    /// The gait's speed, one being the contract's.
    pub fn phase_factor(&self) -> f32 {
        if self.is_sprinting { SPRINT_FACTOR } else { self.phase }
    }

    fn press(&mut self, button: Button) {
        let trimmed = |phase: f32| phase.clamp(PHASE_RANGE[0], PHASE_RANGE[1]);
        match button {
            Button::Head => self.moves_head = !self.moves_head,
            Button::PhaseUp => self.phase = trimmed(self.phase + PHASE_STEP),
            Button::PhaseDown => self.phase = trimmed(self.phase - PHASE_STEP),
            _ => {}
        }
    }
}

/// A stick's way, from the end of its dead zone on.
fn stick(value: f32) -> f32 {
    // What is no number is no wish.
    if value.is_nan() || value.abs() <= STICK_DEAD_ZONE {
        return 0.0;
    }
    ((value.abs().min(1.0) - STICK_DEAD_ZONE) / (1.0 - STICK_DEAD_ZONE)).copysign(value)
}

fn trigger(value: f32) -> f32 {
    if value >= TRIGGER_DEAD_ZONE { value.min(1.0) } else { 0.0 }
}

/// A share of what may be asked that way.
fn within([min, max]: [f32; 2], share: f32) -> f32 {
    if share < 0.0 { -share * min.min(0.0) } else { share * max.max(0.0) }
}
