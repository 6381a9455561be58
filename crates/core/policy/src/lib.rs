//! ONNX to a flat plan, and the kernels that run it to the same bits everywhere.
//!
//! ```
//! # fn demo(bytes: &[u8], observation: &[f32], action: &mut [f32]) -> Result<(), Box<dyn std::error::Error>> {
//! let plan = gaitway_policy::Plan::from_onnx(bytes)?;
//! let mut workspace = plan.workspace();
//! plan.run(&mut workspace, observation, action)?;
//! # Ok(()) }
//! ```
//!
//! The crate takes bytes and floats: it opens no file and knows no robot.

mod cpu;
mod error;
mod float_mode;
mod graph;
mod inline;
mod interface;
mod ir;
mod kernels;
mod lower;
mod pack;
mod plan;
mod proto;
mod prune;
mod survey;
mod tensor;
mod weights;
mod wire;

pub mod metadata;

pub use cpu::{CpuPath, CpuPathError};
pub use error::{LengthError, OnnxError};
pub use float_mode::FloatMode;
pub use graph::obstacles;
pub use inline::{ReadFile, inline};
pub use interface::{Interface, PortSpan, StatePorts};
pub use plan::{Normaliser, Plan, Workspace};
pub use survey::{Port, Survey};
