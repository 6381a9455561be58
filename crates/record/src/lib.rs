//! What a tick was: its record, the ring it leaves the loop by, the file it is kept in, and replay.
//!
//! ```text
//!  loop ─► Row ─► ring ─► Converter ─► Tick ─► file
//!                                        └───► Replay: the same brain, every bit compared
//! ```

mod convert;
pub mod message;
pub mod replay;
pub mod ring;
pub mod row;
pub mod tick;
pub mod vitals;

pub use convert::Converter;
pub use replay::Replay;
pub use row::Row;
pub use vitals::{ReadTimes, vitals};
