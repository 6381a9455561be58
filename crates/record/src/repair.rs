//! A file that was cut, closed: everything that is whole is copied, and the index that is missing is written.

use crate::container::{Next, walk};
use crate::error::RecordError;
use mcap::records::Record;
use mcap::{Attachment, WriteOptions};
use std::borrow::Cow;
use std::io::Cursor;

/// The repaired file's bytes, and how many messages it has.
pub fn repair(bytes: &[u8]) -> Result<(Vec<u8>, u64), RecordError> {
    let options =
        WriteOptions::new().profile("gaitway").compression(None).chunk_size(None).disable_seeking(true);
    let mut out = options.create(Cursor::new(Vec::new()))?;
    let mut messages = 0;
    walk(bytes, |next| {
        match next {
            Next::Record(record) => messages += copy(&mut out, record)?,
            Next::ChunkEnd => out.flush()?,
            Next::Damaged { .. } => {}
        }
        Ok(())
    })?;
    out.finish()?;
    Ok((out.into_inner().into_inner(), messages))
}

/// Copies a record; 1 for a message.
fn copy(out: &mut mcap::Writer<Cursor<Vec<u8>>>, record: Record) -> Result<u64, RecordError> {
    match record {
        Record::Metadata(found) => out.write_metadata(&found)?,
        Record::Attachment { header, data, .. } => out.attach(&Attachment {
            log_time: header.log_time,
            create_time: header.create_time,
            name: header.name,
            media_type: header.media_type,
            data: Cow::Borrowed(&data),
        })?,
        Record::Schema { header, data } => {
            out.add_schema_with_id(header.id, &header.name, &header.encoding, &data)?;
        }
        Record::Channel(channel) => {
            let (topic, encoding) = (&channel.topic, &channel.message_encoding);
            out.add_channel_with_id(channel.id, channel.schema_id, topic, encoding, &channel.metadata)?;
        }
        Record::Message { header, data } => {
            out.write_to_known_channel(&header, &data)?;
            return Ok(1);
        }
        _ => {}
    }
    Ok(0)
}
