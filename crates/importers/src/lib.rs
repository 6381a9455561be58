//! Files of other runtimes, read without running anything of them.
//!
//! * [`duck_config`]: what one robot's owner measured, `duck_config.json`.
//! * [`reference_motion`]: the gait's period, from the community's file of reference motions.

pub mod duck_config;
pub mod reference_motion;
