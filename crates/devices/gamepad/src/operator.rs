//! From how a pad stands to what the robot is asked: the published runtime's mapping, without its defects.

use super::{Button, Controls, Mode};
use thiserror::Error;

/// A stick that is moved less than this is at rest: worn sticks stand off their middle by as much.
const STICK_DEAD_ZONE: f32 = 0.1;
/// Of a trigger, as the published runtime has it.
const TRIGGER_DEAD_ZONE: f32 = 0.1;
/// What a press adds to the gait's speed, and what a held one does.
const TRIM_STEP: f32 = 0.05;
const SPRINT: f32 = 0.3;
/// It is never trimmed beyond so many presses, nor made faster or slower by more than they are, sprint included.
const TRIM_STEPS: i8 = 10;

/// How far a full stick goes: smallest and largest of each axis of the command, as the policy's envelope has them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
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

/// Something no stick can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("{what}: expected {min} to {max} {unit}, found {found}")]
pub struct OutOfReach {
    what: &'static str,
    unit: &'static str,
    min: f32,
    max: f32,
    found: f32,
}

impl Reach {
    /// The ends of every axis, in the order of the fields.
    pub fn ends(&self) -> [[f32; 2]; 6] {
        [self.forward, self.leftward, self.turning, self.head_pitch, self.head_yaw, self.head_roll]
    }

    /// From the ends of every axis.
    pub fn of_ends(ends: [[f32; 2]; 6]) -> Reach {
        let [forward, leftward, turning, head_pitch, head_yaw, head_roll] = ends;
        Reach { forward, leftward, turning, head_pitch, head_yaw, head_roll }
    }

    /// How a pad stands that walks with these velocities: the way back of [`Operator`].
    pub fn walk(
        &self,
        forward_mps: f32,
        leftward_mps: f32,
        turning_rps: f32,
    ) -> Result<Controls, OutOfReach> {
        let forward = push("forward", "m/s", self.forward, forward_mps)?;
        let leftward = push("leftward", "m/s", self.leftward, leftward_mps)?;
        let turning = push("turning", "rad/s", self.turning, turning_rps)?;
        Ok(Controls {
            left: [-leftward, forward],
            right: [-turning, 0.0],
            mode: Some(Mode::Walk),
            ..Controls::default()
        })
    }

    /// How a pad stands that turns the head so.
    pub fn look(&self, pitch_rad: f32, yaw_rad: f32, roll_rad: f32) -> Result<Controls, OutOfReach> {
        let pitch = push("pitch", "rad", self.head_pitch, pitch_rad)?;
        let yaw = push("yaw", "rad", self.head_yaw, yaw_rad)?;
        let roll = push("roll", "rad", self.head_roll, roll_rad)?;
        Ok(Controls {
            left: [-yaw, pitch],
            right: [-roll, 0.0],
            mode: Some(Mode::Head),
            ..Controls::default()
        })
    }
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
    pulse_servos: [f32; 2],
    /// Presses up less presses down.
    trim_steps: i8,
    is_sprinting: bool,
}

impl Operator {
    /// Somebody who has touched nothing yet.
    pub fn new(reach: Reach) -> Operator {
        Operator {
            reach,
            before: Controls::default(),
            moves_head: false,
            head: [0.0; 3],
            velocity: [0.0; 3],
            pulse_servos: [0.0; 2],
            trim_steps: 0,
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
        if controls.mode.map_or(self.moves_head, |mode| mode == Mode::Head) {
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
        // The right trigger moves the first, as ever.
        self.pulse_servos = [trigger(controls.triggers[1]), trigger(controls.triggers[0])];
    }

    /// A pad is there, or there again: what it holds down already was not pressed just now.
    pub fn take_up(&mut self, controls: &Controls) {
        self.before = Controls { pressed: 0, ..*controls };
    }

    /// The pad is as if nobody held it.
    pub fn let_go(&mut self) {
        let nobody = Controls::default();
        self.update(&nobody, |_| {});
    }

    /// The command: forward, leftward, turning, then neck, pitch, yaw and roll of the head.
    pub fn command(&self) -> [f32; 7] {
        let ([forward, leftward, turning], [pitch, yaw, roll]) = (self.velocity, self.head);
        [forward, leftward, turning, 0.0, pitch, yaw, roll]
    }

    /// The sticks move the head from now on.
    pub fn move_head(&mut self) {
        self.moves_head = true;
    }

    /// True where the sticks move the head.
    pub fn moves_head(&self) -> bool {
        self.moves_head
    }

    /// The first and the second of the robot's pulse servos, 0 to 1.
    pub fn pulse_servos(&self) -> [f32; 2] {
        self.pulse_servos
    }

    /// Added to the gait's speed, one being the contract's: a trim stays, and a sprint comes on top of it.
    pub fn phase_factor_offset(&self) -> f32 {
        let most = f32::from(TRIM_STEPS) * TRIM_STEP;
        let sprint = if self.is_sprinting { SPRINT } else { 0.0 };
        (f32::from(self.trim_steps) * TRIM_STEP + sprint).min(most)
    }

    fn press(&mut self, button: Button) {
        match button {
            Button::Head => self.moves_head = !self.moves_head,
            Button::PhaseUp => self.trim_steps = (self.trim_steps + 1).min(TRIM_STEPS),
            Button::PhaseDown => self.trim_steps = (self.trim_steps - 1).max(-TRIM_STEPS),
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

/// How far a stick goes for what [`within`] makes of it again.
fn push(what: &'static str, unit: &'static str, [min, max]: [f32; 2], wish: f32) -> Result<f32, OutOfReach> {
    let (min, max) = (min.min(0.0), max.max(0.0));
    // What is no number is in no range.
    if !(min..=max).contains(&wish) {
        return Err(OutOfReach { what, unit, min, max, found: wish });
    }
    if wish == 0.0 {
        return Ok(0.0);
    }
    let share = wish / if wish < 0.0 { min } else { max };
    Ok((STICK_DEAD_ZONE + share * (1.0 - STICK_DEAD_ZONE)).copysign(wish))
}
