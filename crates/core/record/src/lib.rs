//! What a tick was: its record, the ring it leaves the loop by, the file it is kept in, and replay.
//!
//! ```text
//!  loop ─► Row ─► ring ─► Tick ─► file ─► Tick ─► Replay: the same control stack, every bit compared
//! ```

pub mod about;
mod container;
mod convert;
pub mod device;
mod error;
pub mod message;
pub mod reader;
pub mod readings;
pub mod replay;
mod rewrite;
pub mod ring;
pub mod row;
pub mod stepped;
mod summary;
pub mod tick;
mod verify;
pub mod writer;

pub use about::About;
pub use convert::Converter;
pub use device::{DeviceLog, DeviceProblem, OpenDeviceLog};
pub use error::RecordError;
pub use reader::Recording;
pub use readings::ReadTimes;
pub use replay::Replay;
pub use rewrite::{cut, repair};
pub use row::Row;
pub use summary::Summary;
pub use verify::Verification;
