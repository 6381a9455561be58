//! Single lines: lights that blink, hobby servos that pulses move, switches.
//!
//! ```text
//!  time ──────► Blinker ────────────────────────► lines of lights
//!  targets ───► PulseServos ─► widths ─► PulseTrain ─► lines of servos
//!                                  └──────────────────► or a PWM of the board
//! ```

mod blinker;
mod pulse_servos;
mod pulse_train;
pub mod switches;

pub use blinker::Blinker;
pub use pulse_servos::PulseServos;
pub use pulse_train::{PERIOD_NS, PulseTrain};
