//! A file written again: what is whole of one that was cut, or a part that somebody wants to keep.

use crate::container::{Next, walk};
use crate::error::RecordError;
use crate::writer::{KEYFRAMES, TICKS};
use mcap::records::Record;
use mcap::{Attachment, WriteOptions};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Cursor;
use std::ops::RangeInclusive;

/// A file that was cut, closed: everything that is whole is copied, and the index that is missing is written. The
/// bytes, and how many messages they have.
pub fn repair(bytes: &[u8]) -> Result<(Vec<u8>, u64), RecordError> {
    rewrite(bytes, 0..=u64::MAX)
}

/// The part from `from_s` to `to_s` after the first tick, and what is before it up to a keyframe, so that all of it can
/// be run again.
pub fn cut(bytes: &[u8], from_s: f64, to_s: f64) -> Result<Vec<u8>, RecordError> {
    let (mut ticks, mut keyframes) = (Vec::new(), Vec::new());
    each_time(bytes, |topic, at_ns| match topic {
        TICKS => ticks.push(at_ns),
        KEYFRAMES => keyframes.push(at_ns),
        _ => {}
    })?;
    let begun_ns = ticks.first().copied().unwrap_or(0);
    // Whatever is no time at all is an end of the recording.
    let [from_ns, to_ns] = [from_s, to_s].map(|at_s| begun_ns.saturating_add((at_s * 1e9) as u64));
    if !ticks.iter().any(|at_ns| (from_ns..=to_ns).contains(at_ns)) {
        let length_s = ticks.last().map_or(0, |last| last - begun_ns) as f64 * 1e-9;
        return Err(RecordError::EmptyPart { ticks: ticks.len(), length_s });
    }
    let start_ns = keyframes.into_iter().rfind(|at_ns| *at_ns <= from_ns).unwrap_or(from_ns);
    Ok(rewrite(bytes, start_ns..=to_ns)?.0)
}

/// Topic and time of every message.
fn each_time(bytes: &[u8], mut take: impl FnMut(&str, u64)) -> Result<(), RecordError> {
    let mut topics = BTreeMap::new();
    walk(bytes, |next| {
        match next {
            Next::Record(Record::Channel(channel)) => _ = topics.insert(channel.id, channel.topic),
            Next::Record(Record::Message { header, .. }) => {
                if let Some(topic) = topics.get(&header.channel_id) {
                    take(topic, header.log_time);
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(())
}

/// The messages of `times`, and everything that is none.
fn rewrite(bytes: &[u8], times: RangeInclusive<u64>) -> Result<(Vec<u8>, u64), RecordError> {
    let options =
        WriteOptions::new().profile("gaitway").compression(None).chunk_size(None).disable_seeking(true);
    let mut out = options.create(Cursor::new(Vec::new()))?;
    let mut messages = 0;
    walk(bytes, |next| {
        match next {
            Next::Record(Record::Message { header, .. }) if !times.contains(&header.log_time) => {}
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
