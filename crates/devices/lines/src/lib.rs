//! What a robot shows: eyes that blink, and antennas that a servo's pulses move.
//!
//! ```text
//!  time ─────► Blinker ─────────────────────► the eyes' lines
//!  wishes ───► Antennas ─► widths ─► PulseTrain ─► the antennas' lines
//!                              └──────────────────► or a PWM of the board
//! ```

mod antennas;
mod blinker;
mod pulse_train;
pub mod switches;

pub use antennas::Antennas;
pub use blinker::Blinker;
pub use pulse_train::{PERIOD_NS, PulseTrain};
