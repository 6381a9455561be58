//! Feetech STS servos on one half-duplex serial bus.
//!
//! One tick is two transactions: one SYNC READ of position and velocity of all servos (registers 56 to 59 follow each
//! other), one SYNC WRITE of all goals. With 14 servos at 1 Mbaud that is 22 + 140 + 50 bytes, 2.12 ms of wire, and
//! a turnaround for each servo. Slow registers are read from one servo a tick, when there is time.
//!
//! ```text
//!  loop           driver                                   wire
//!   │ begin_read ──► SYNC READ ──────────────────────────────► 22 bytes
//!   │ poll(now, received) ◄── status of servo a, b, c … ◄───── 10 bytes each, any may be missing
//!   │    └─► Wait(until) … Send(retry of the missing) … Done
//!   │ write_goals ──► SYNC WRITE ────────────────────────────► 50 bytes, no answer
//!   │ begin_slow_read, poll … ◄──────────────────────────────► one servo's load, voltage, temperature, current
//! ```

pub mod audit;
pub mod bulk;
pub mod bus;
pub mod config;
pub mod echo;
pub mod error;
pub mod faults;
pub mod frame;
pub mod heard;
pub mod log;
pub mod registers;
pub mod servo;
pub mod servos;
pub mod settings;
pub mod severity;
pub mod single;
pub mod units;
mod writes;
