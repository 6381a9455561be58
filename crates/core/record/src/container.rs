//! The container's records one after the other, those in chunks included, as far as the file goes.

use crate::error::RecordError;
use gaitway_filekind::FileKind;
use mcap::read::{ChunkReader, LinearReader, Options};
use mcap::records::Record;

/// What comes next in a file.
pub(crate) enum Next<'a> {
    /// A record, from a chunk or between them.
    Record(Record<'a>),
    /// A chunk is over.
    ChunkEnd,
    /// A chunk whose checksum is another; it begins at that time.
    Damaged {
        /// ns since 1970.
        at_ns: u64,
    },
}

/// Hands every record to `take`. Returns where and why the file ends too early; `None` for a whole one.
pub(crate) fn walk(
    bytes: &[u8],
    mut take: impl FnMut(Next) -> Result<(), RecordError>,
) -> Result<Option<String>, RecordError> {
    match FileKind::of(bytes) {
        FileKind::Mcap => {}
        found => return Err(RecordError::OtherFile { found }),
    }
    for record in LinearReader::new_with_options(bytes, Options::IgnoreEndMagic.into())? {
        match record {
            // The first record that is not whole is where the file was cut.
            Err(error) => return Ok(Some(error.to_string())),
            Ok(Record::DataEnd(_)) => return Ok(None),
            Ok(Record::Chunk { header, data }) => {
                if header.uncompressed_crc != 0 && crc32fast::hash(&data) != header.uncompressed_crc {
                    take(Next::Damaged { at_ns: header.message_start_time })?;
                    continue;
                }
                for record in ChunkReader::new(header, &data)? {
                    take(Next::Record(record?))?;
                }
                take(Next::ChunkEnd)?;
            }
            Ok(other) => take(Next::Record(other))?,
        }
    }
    Ok(Some("the end is missing".to_owned()))
}
