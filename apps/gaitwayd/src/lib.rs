//! `gaitwayd`, the runtime as one program without Python: its arguments, and what wires the rooms together.

pub mod again;
pub mod arguments;
mod audit;
mod configuration;
pub mod daemon;
pub mod error;
mod expression;
mod imu;
mod keys;
mod live_policy;
mod load;
mod local_api;
mod log;
mod loop_monitor;
mod loop_thread;
mod pad;
pub mod plain;
mod policies;
mod printer;
mod recording;
mod statistics;
mod terminal_view;
