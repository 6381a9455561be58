//! Rotations, filters and the one sine and cosine every machine shares.
//!
//! Nothing here knows a robot. Every operation is IEEE-754 basic arithmetic, square root, or a function of the
//! pinned pure-Rust `libm`, so the results have the same bits on every CPU.

pub mod filter;
pub mod gravity;
pub mod scalar;
pub mod trig;
pub mod vec3;
