//! The file: MCAP, a chunk for every flush, ticks and keyframes as Protocol Buffers, logs as Foxglove knows them.
//!
//! A file that is cut anywhere holds every chunk before the cut; profile, contract and policy stand at its beginning.

use crate::about::{About, METADATA};
use crate::convert::Converter;
use crate::device::DeviceLog;
use crate::error::RecordError;
use crate::message::{Message, Schema, encode};
use crate::ring::Entry;
use crate::tick::{self, Keyframe, Tick};
use mcap::records::MessageHeader;
use mcap::{Attachment, WriteOptions};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{Seek, Write};

/// Topics.
pub(crate) const TICKS: &str = "/gaitway/tick";
pub(crate) const KEYFRAMES: &str = "/gaitway/keyframe";
const LOGS: &str = "/log";
/// Attachments.
pub(crate) const PROFILE: &str = "profile.json";
pub(crate) const CONTRACT: &str = "contract.json";
pub(crate) const POLICY: &str = "policy.onnx";
pub(crate) const STANDING: &str = "standing.onnx";
pub(crate) const RULES: &str = "policies.toml";
/// What the names of the files begin with that the rules name.
pub(crate) const OTHERS: &str = "policies/";
pub(crate) const SETTINGS: &str = "settings.json";
/// What an ONNX file is.
const ONNX: &str = "application/octet-stream";
/// Foxglove's schema of a log message.
const LOG_SCHEMA: &str = include_str!("log.schema.json");

/// How grave a log line is, as Foxglove counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// For the record.
    Info = 2,
    /// Worth a look.
    Warn = 3,
    /// Something is wrong.
    Error = 4,
}

/// What a packed message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The brain before the tick that follows.
    Keyframe,
    /// A tick.
    Tick,
}

/// Makes messages of rows, once for everybody who keeps them.
#[derive(Debug)]
pub struct Packer {
    converter: Converter,
    body: Vec<u8>,
}

impl Packer {
    /// Of rows in which the actuators of this `log` left what they said.
    pub fn new(log: Box<dyn DeviceLog>) -> Packer {
        Packer { converter: Converter::new(log), body: Vec::new() }
    }

    /// Hands the messages of a row to `keep`, keyframe first, each with its time on the loop's clock.
    pub fn pack(&mut self, entry: &Entry, mut keep: impl FnMut(Kind, u64, &[u8])) {
        let (mut tick, keyframe) = self.converter.convert(&entry.row, entry.dropped);
        let at_ns = tick.woken_ns;
        if let Some(mut keyframe) = keyframe {
            keep(Kind::Keyframe, at_ns, self.bytes(&mut keyframe));
        }
        keep(Kind::Tick, at_ns, self.bytes(&mut tick));
    }

    fn bytes<M: Message>(&mut self, message: &mut M) -> &[u8] {
        self.body.clear();
        encode(message, &mut self.body);
        &self.body
    }
}

/// Writes one recording.
pub struct RecordingWriter<W: Write + Seek> {
    file: mcap::Writer<W>,
    channels: Channels,
    epoch_ns: u64,
    sequence: u32,
}

struct Channels {
    tick: u16,
    keyframe: u16,
    log: u16,
}

impl<W: Write + Seek> RecordingWriter<W> {
    /// Begins a recording: what it is of goes first, and to `file` at once.
    pub fn create(file: W, about: &About) -> Result<RecordingWriter<W>, RecordError> {
        let options = WriteOptions::new()
            .profile("gaitway")
            .library(concat!("gaitway ", env!("CARGO_PKG_VERSION")))
            .compression(None)
            .chunk_size(None)
            .disable_seeking(true);
        let mut file = options.create(file)?;
        let mut notes = about.notes.clone();
        notes.insert("record_version".to_owned(), tick::VERSION.to_string());
        notes.insert("epoch_ns".to_owned(), about.epoch_ns.to_string());
        file.write_metadata(&mcap::records::Metadata { name: METADATA.to_owned(), metadata: notes })?;
        let others =
            about.others.iter().map(|(name, data)| (format!("{OTHERS}{name}"), ONNX, data.as_slice()));
        let files = [
            (PROFILE, "application/json", about.profile.as_bytes()),
            (CONTRACT, "application/json", about.contract.as_bytes()),
            (SETTINGS, "application/json", about.settings.as_bytes()),
            (POLICY, ONNX, &about.policy),
            (STANDING, ONNX, &about.standing),
            (RULES, "application/toml", about.rules.as_bytes()),
        ];
        for (name, kind, data) in
            files.map(|(name, kind, data)| (name.to_owned(), kind, data)).into_iter().chain(others)
        {
            // One policy alone has no second file, and no rules.
            if data.is_empty() && (name == STANDING || name == RULES) {
                continue;
            }
            file.attach(&Attachment {
                log_time: about.epoch_ns,
                create_time: about.epoch_ns,
                name,
                media_type: kind.to_owned(),
                data: Cow::Borrowed(data),
            })?;
        }
        let channels = Channels {
            tick: proto_channel::<W, Tick>(&mut file, TICKS, about.schema.as_ref())?,
            keyframe: proto_channel::<W, Keyframe>(&mut file, KEYFRAMES, None)?,
            log: log_channel(&mut file)?,
        };
        let mut writer = RecordingWriter { file, channels, epoch_ns: about.epoch_ns, sequence: 0 };
        writer.flush()?;
        Ok(writer)
    }

    /// Appends a message of the loop's time `at_ns`. The first must be a keyframe, or what comes before one cannot be
    /// run again.
    pub fn put(&mut self, kind: Kind, at_ns: u64, body: &[u8]) -> Result<(), RecordError> {
        let channel = match kind {
            Kind::Keyframe => self.channels.keyframe,
            Kind::Tick => self.channels.tick,
        };
        self.write(channel, self.epoch_ns.saturating_add(at_ns), body)
    }

    /// Appends a log line: what was said at `at_ns` of the loop's clock.
    pub fn log(&mut self, at_ns: u64, level: Level, text: &str) -> Result<(), RecordError> {
        let at_ns = self.epoch_ns.saturating_add(at_ns);
        let (sec, nsec) = (at_ns / 1_000_000_000, at_ns % 1_000_000_000);
        let text = serde_json::Value::from(text);
        let line = format!(
            r#"{{"timestamp":{{"sec":{sec},"nsec":{nsec}}},"level":{},"message":{text},"name":"gaitway","file":"","line":0}}"#,
            level as u8
        );
        self.write(self.channels.log, at_ns, line.as_bytes())
    }

    /// Ends the chunk: what was written until now can be read wherever the file is cut behind it.
    pub fn flush(&mut self) -> Result<(), RecordError> {
        Ok(self.file.flush()?)
    }

    /// Writes the index, and ends the file.
    pub fn finish(mut self) -> Result<W, RecordError> {
        self.file.finish()?;
        Ok(self.file.into_inner())
    }

    fn write(&mut self, channel_id: u16, at_ns: u64, body: &[u8]) -> Result<(), RecordError> {
        self.sequence = self.sequence.wrapping_add(1);
        let header =
            MessageHeader { channel_id, sequence: self.sequence, log_time: at_ns, publish_time: at_ns };
        Ok(self.file.write_to_known_channel(&header, body)?)
    }
}

fn proto_channel<W: Write + Seek, M: Message>(
    file: &mut mcap::Writer<W>,
    topic: &str,
    schema: Option<&Schema>,
) -> Result<u16, RecordError> {
    let name = format!("gaitway.{}", M::NAME);
    let schema = schema.map_or_else(|| Schema::of::<M>().bytes(), Schema::bytes);
    let schema = file.add_schema(&name, "protobuf", &schema)?;
    Ok(file.add_channel(schema, topic, "protobuf", &BTreeMap::new())?)
}

fn log_channel<W: Write + Seek>(file: &mut mcap::Writer<W>) -> Result<u16, RecordError> {
    let schema = file.add_schema("foxglove.Log", "jsonschema", LOG_SCHEMA.as_bytes())?;
    Ok(file.add_channel(schema, LOGS, "json", &BTreeMap::new())?)
}
