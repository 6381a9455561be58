//! Which of a pad's codes is what: data, one file for each kind of pad.

use super::evdev::Event;
use super::{Button, Controls};
use std::collections::BTreeMap;

/// Something that moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stick {
    /// Left stick, to the right.
    LeftX,
    /// Down.
    LeftY,
    /// Right stick, to the right.
    RightX,
    /// Down.
    RightY,
    /// Left trigger.
    LeftTrigger,
    /// Right trigger.
    RightTrigger,
    /// The hat: up is [`Button::PhaseUp`], down [`Button::PhaseDown`].
    HatY,
}

impl Stick {
    /// Every one.
    pub const ALL: [Stick; 7] = [
        Stick::LeftX,
        Stick::LeftY,
        Stick::RightX,
        Stick::RightY,
        Stick::LeftTrigger,
        Stick::RightTrigger,
        Stick::HatY,
    ];

    /// Name in layouts.
    pub fn name(self) -> &'static str {
        match self {
            Stick::LeftX => "left_x",
            Stick::LeftY => "left_y",
            Stick::RightX => "right_x",
            Stick::RightY => "right_y",
            Stick::LeftTrigger => "left_trigger",
            Stick::RightTrigger => "right_trigger",
            Stick::HatY => "hat_y",
        }
    }
}

/// From where to where an axis goes; the first is above the second where its numbers fall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AxisRange {
    /// Left, up, or not pulled.
    pub min: i32,
    /// Right, down, or pulled.
    pub max: i32,
}

impl AxisRange {
    /// The same way between the ends that the kernel says.
    pub fn between(self, low: i32, high: i32) -> AxisRange {
        if self.min <= self.max {
            AxisRange { min: low, max: high }
        } else {
            AxisRange { min: high, max: low }
        }
    }

    /// Where `value` is, 0 to 1; the middle where the range is none.
    fn share(self, value: i32) -> f32 {
        let (min, max) = (f64::from(self.min), f64::from(self.max));
        if max == min {
            return 0.5;
        }
        ((f64::from(value) - min) / (max - min)).clamp(0.0, 1.0) as f32
    }
}

/// A kind of pad.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layout {
    /// What a code of an axis moves.
    pub sticks: BTreeMap<u16, Stick>,
    /// What a code of a button does.
    pub buttons: BTreeMap<u16, Button>,
}

/// One pad, and how it stands.
#[derive(Debug, Clone)]
pub struct Pad {
    layout: Layout,
    ranges: BTreeMap<u16, AxisRange>,
    controls: Controls,
}

/// Of a stick's way.
const AT_AN_END: f32 = 0.98;
/// Where nothing is known of it: a signed word.
const WORD: AxisRange = AxisRange { min: i16::MIN as i32, max: i16::MAX as i32 };

impl Pad {
    /// A pad that nobody touches. `ranges` are those of its axes, by code.
    pub fn new(layout: Layout, ranges: BTreeMap<u16, AxisRange>) -> Pad {
        Pad { layout, ranges, controls: Controls::default() }
    }

    /// How it stands, and what was pressed since this was last asked, however short.
    pub fn look(&mut self) -> Controls {
        let seen = self.controls;
        self.controls.pressed = 0;
        seen
    }

    /// Codes of its axes.
    pub fn axes(&self) -> impl Iterator<Item = u16> {
        self.layout.sticks.keys().copied()
    }

    /// Something moved. False where events were lost: then [`Pad::stand_as`] must follow.
    pub fn take(&mut self, event: Event) -> bool {
        match event {
            Event::Dropped => return false,
            Event::Key { code, is_down } => {
                if let Some(&button) = self.layout.buttons.get(&code) {
                    self.turn(button, is_down);
                }
            }
            Event::Axis { code, value } => {
                if let Some(&stick) = self.layout.sticks.get(&code) {
                    self.move_to(stick, code, value);
                }
            }
        }
        true
    }

    /// What a code moves or does, by its name in layouts.
    pub fn meaning(&self, event: Event) -> Option<&'static str> {
        match event {
            Event::Dropped => None,
            Event::Key { code, .. } => self.layout.buttons.get(&code).copied().map(Button::name),
            Event::Axis { code, .. } => self.layout.sticks.get(&code).copied().map(Stick::name),
        }
    }

    /// It was asked how it stands: which buttons are down, and where each axis is. What was pressed and let go in
    /// between is lost.
    pub fn stand_as(&mut self, down: &[u16], axes: &BTreeMap<u16, i32>) {
        for (code, button) in self.layout.buttons.clone() {
            self.turn(button, down.contains(&code));
        }
        for (&code, &value) in axes {
            self.take(Event::Axis { code, value });
        }
    }

    /// Nobody has touched it since it was found: a stick that stands at an end may be a trigger at rest, of a pad that
    /// has another layout, and is in the middle until it moves.
    pub fn doubt_ends(&mut self) {
        for stick in self.controls.left.iter_mut().chain(&mut self.controls.right) {
            if stick.abs() > AT_AN_END {
                *stick = 0.0;
            }
        }
    }

    fn move_to(&mut self, stick: Stick, code: u16, value: i32) {
        let share = self.ranges.get(&code).copied().unwrap_or(WORD).share(value);
        let both_ways = 2.0 * share - 1.0;
        let controls = &mut self.controls;
        match stick {
            Stick::LeftX => controls.left[0] = both_ways,
            Stick::LeftY => controls.left[1] = -both_ways,
            Stick::RightX => controls.right[0] = both_ways,
            Stick::RightY => controls.right[1] = -both_ways,
            Stick::LeftTrigger => controls.triggers[0] = share,
            Stick::RightTrigger => controls.triggers[1] = share,
            Stick::HatY => {
                self.turn(Button::PhaseUp, value < 0);
                self.turn(Button::PhaseDown, value > 0);
            }
        }
    }

    fn turn(&mut self, button: Button, is_down: bool) {
        if is_down && !self.controls.is_held(button) {
            self.controls.pressed |= button.bit();
        }
        self.controls.set(button, is_down);
    }
}
