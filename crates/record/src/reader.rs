//! Reading a recording back, whole or cut: what is there is read, and where it ends too early that is said.

use crate::about::{About, METADATA};
use crate::error::RecordError;
use crate::message::decode;
use crate::tick::{self, Keyframe, Tick};
use crate::writer::{CONTRACT, KEYFRAMES, POLICY, PROFILE, SETTINGS, TICKS};
use mcap::read::{ChunkReader, LinearReader, Options};
use mcap::records::Record;
use std::collections::BTreeMap;

/// A recording in memory.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Recording {
    /// What it is of.
    pub about: About,
    /// Its ticks, and keyframes before those that have one.
    pub ticks: Vec<(Tick, Option<Keyframe>)>,
    /// Where and why it ends too early; `None` for a whole file.
    pub cut: Option<String>,
}

impl Recording {
    /// Reads the file's bytes. A file that was cut is read as far as it goes; one whose chunks are damaged is refused.
    pub fn read(bytes: &[u8]) -> Result<Recording, RecordError> {
        let mut recording = Recording::default();
        let mut topics = BTreeMap::new();
        let mut keyframe = None;
        let records = LinearReader::new_with_options(bytes, Options::IgnoreEndMagic.into())?;
        let mut is_ended = false;
        for record in records {
            let record = match record {
                Ok(record) => record,
                Err(error) => {
                    recording.cut = Some(error.to_string());
                    break;
                }
            };
            match record {
                Record::Metadata(found) if found.name == METADATA => recording.take_notes(found.metadata)?,
                Record::Attachment { header, data, .. } => recording.attach(&header.name, &data),
                Record::Chunk { header, data } => {
                    let crc = header.uncompressed_crc;
                    if crc != 0 && crc32fast::hash(&data) != crc {
                        let at_ns = header.message_start_time;
                        let found = format!("another in the chunk at {at_ns} ns");
                        return Err(RecordError::Lacks {
                            expected: "the checksum it was written with",
                            found,
                        });
                    }
                    for record in ChunkReader::new(header, &data)? {
                        recording.take(record?, &mut topics, &mut keyframe)?;
                    }
                }
                Record::DataEnd(_) => is_ended = true,
                other => recording.take(other, &mut topics, &mut keyframe)?,
            }
        }
        if !is_ended && recording.cut.is_none() {
            recording.cut = Some("the end is missing".to_owned());
        }
        Ok(recording)
    }

    fn take(
        &mut self,
        record: Record,
        topics: &mut BTreeMap<u16, String>,
        keyframe: &mut Option<Keyframe>,
    ) -> Result<(), RecordError> {
        match record {
            Record::Channel(channel) => _ = topics.insert(channel.id, channel.topic),
            Record::Message { header, data } => match topics.get(&header.channel_id).map(String::as_str) {
                Some(TICKS) => self.ticks.push((decode(&data)?, keyframe.take())),
                Some(KEYFRAMES) => *keyframe = Some(decode(&data)?),
                _ => {}
            },
            _ => {}
        }
        Ok(())
    }

    fn take_notes(&mut self, mut notes: BTreeMap<String, String>) -> Result<(), RecordError> {
        let version = notes.remove("record_version").unwrap_or_default();
        if !(1..=tick::VERSION).contains(&version.parse().unwrap_or(0)) {
            let found = format!("version {version:?}");
            return Err(RecordError::Lacks { expected: "a version of the record that is known", found });
        }
        self.about.epoch_ns = notes.remove("epoch_ns").and_then(|text| text.parse().ok()).unwrap_or(0);
        self.about.notes = notes;
        Ok(())
    }

    fn attach(&mut self, name: &str, data: &[u8]) {
        let text = || String::from_utf8_lossy(data).into_owned();
        match name {
            PROFILE => self.about.profile = text(),
            CONTRACT => self.about.contract = text(),
            SETTINGS => self.about.settings = text(),
            POLICY => self.about.policy = data.to_vec(),
            _ => {}
        }
    }
}
