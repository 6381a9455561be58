//! Reading a recording back, whole or cut: what is there is read, and where it ends too early that is said.

use crate::about::{About, METADATA};
use crate::container::{Next, walk};
use crate::device::{DeviceLog, OpenDeviceLog};
use crate::error::RecordError;
use crate::message;
use crate::message::{Column, Columns, TICK_PREFIX, decode};
use crate::readings::ReadTimes;
use crate::tick::{self, Keyframe, Tick};
use crate::writer::{CONTRACT, KEYFRAMES, OTHERS, POLICY, PROFILE, RULES, SETTINGS, STANDING, TICKS};
use gaitway_control::Gains;
use gaitway_control::readings::{JointReading, ServoReading};
use gaitway_model::RobotProfile;
use mcap::records::Record;
use std::collections::BTreeMap;

/// Bytes of the table that a byte of the file may ask for: a tick of a limp robot, the shortest, asks for a hundred.
const TABLE_PER_BYTE: usize = 256;
/// Bytes that the table of every file may have.
const SMALL_TABLE: usize = 256 << 20;

/// A recording in memory.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Recording {
    /// What it is of.
    pub about: About,
    /// Its ticks, and keyframes before those that have one.
    pub ticks: Vec<(Tick, Option<Keyframe>)>,
    /// Where and why it ends too early; `None` for a whole file.
    pub cut: Option<String>,
    /// How long the file is.
    file_bytes: usize,
    /// It has the notes that every recording begins with.
    is_ours: bool,
}

impl Recording {
    /// Reads the file's bytes. A file that was cut is read as far as it goes; one whose chunks are damaged is refused.
    pub fn read(bytes: &[u8]) -> Result<Recording, RecordError> {
        let mut recording = Recording { file_bytes: bytes.len(), ..Recording::default() };
        let (mut topics, mut keyframe) = (BTreeMap::new(), None);
        recording.cut = walk(bytes, |next| match next {
            Next::Record(record) => recording.take(record, &mut topics, &mut keyframe),
            Next::ChunkEnd => Ok(()),
            Next::Damaged { at_ns } => {
                let found = format!("another in the chunk at {at_ns} ns");
                Err(RecordError::Lacks { expected: "the checksum it was written with", found })
            }
        })?;
        if !recording.is_ours {
            return Err(RecordError::NotOurs);
        }
        Ok(recording)
    }

    /// The ticks as a table. What actuators measure seldom stands in the rows of their joints, and stays until the next.
    /// `open` finds the log of the robot's actuators.
    ///
    /// # Errors
    /// Where rows differ so much in length that the table would take far more memory than the file.
    pub fn columns(&self, open: OpenDeviceLog) -> Result<Vec<Column>, RecordError> {
        let mut columns = Columns::default();
        let mut actuators = self.actuators(open)?;
        for (tick, _) in &self.ticks {
            columns.add(TICK, TICK_PREFIX, &mut tick.clone());
            if let Some((log, joints)) = &mut actuators {
                log.take(&tick.actuators)?;
                log.read(ReadTimes { begun_ns: tick.read_begun_ns, ended_ns: tick.read_ended_ns }, joints);
                log.tabulate(&tick.actuators, &mut columns);
                columns.add(MEASURED, "servo.", &mut Measured::of(joints));
            }
            columns.end_row();
            self.check_table(columns.count())?;
        }
        Ok(columns.finish())
    }

    /// The log of the actuators, and room for what they say of the joints; none where somebody else stepped the
    /// controller.
    fn actuators(&self, open: OpenDeviceLog) -> Result<Option<Actuators>, RecordError> {
        if self.ticks.iter().all(|(tick, _)| tick.actuators.is_empty()) {
            return Ok(None);
        }
        let profile = RobotProfile::from_json(&self.about.profile)?;
        let joints = profile.joints.len();
        let log = open(&profile, &vec![Gains { kp: 0.0, ki: 0.0, kd: 0.0 }; joints])?;
        Ok(Some((log, vec![JointReading::default(); joints])))
    }

    /// Refuses a table far larger than the file: a single wide row would widen all the others.
    fn check_table(&self, columns: usize) -> Result<(), RecordError> {
        let asked = columns.saturating_mul(self.ticks.len()).saturating_mul(size_of::<f64>());
        let allowed = self.file_bytes.saturating_mul(TABLE_PER_BYTE).saturating_add(SMALL_TABLE);
        if asked > allowed {
            return Err(RecordError::TooMuch { file_bytes: self.file_bytes });
        }
        Ok(())
    }

    pub(crate) fn take(
        &mut self,
        record: Record,
        topics: &mut BTreeMap<u16, String>,
        keyframe: &mut Option<Keyframe>,
    ) -> Result<(), RecordError> {
        match record {
            Record::Metadata(found) if found.name == METADATA => self.take_notes(found.metadata)?,
            Record::Attachment { header, data, .. } => self.attach(&header.name, &data),
            Record::Channel(channel) => _ = topics.insert(channel.id, channel.topic),
            Record::Message { header, data } => match topics.get(&header.channel_id).map(String::as_str) {
                Some(TICKS) => self.ticks.push((tick::read(&data)?, keyframe.take())),
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
        self.is_ours = true;
        Ok(())
    }

    fn attach(&mut self, name: &str, data: &[u8]) {
        let text = || String::from_utf8_lossy(data).into_owned();
        match name {
            PROFILE => self.about.profile = text(),
            CONTRACT => self.about.contract = text(),
            SETTINGS => self.about.settings = text(),
            POLICY => self.about.policy = data.to_vec(),
            STANDING => self.about.standing = data.to_vec(),
            RULES => self.about.rules = text(),
            _ => {
                if let Some(file) = name.strip_prefix(OTHERS) {
                    self.about.others.insert(file.to_owned(), data.to_vec());
                }
            }
        }
    }
}

/// A log, and what it says of the joints.
type Actuators = (Box<dyn DeviceLog>, Vec<JointReading>);

/// Parts of a row of the table.
const TICK: u16 = 1;
const MEASURED: u16 = 2;

message! {
    /// What actuators measure seldom, as last read; no number before.
    Measured as "Measured" {
        1 f32s voltage_v: Vec<f32>, "Voltage, V.";
        2 f32s temperature_c: Vec<f32>, "Temperature, °C.";
        3 f32s current_a: Vec<f32>, "Current, A.";
    }
}

impl Measured {
    fn of(joints: &[JointReading]) -> Measured {
        // Behind the last that was read there are no columns.
        let count = joints.iter().rposition(|joint| joint.servo.is_some()).map_or(0, |last| last + 1);
        let row = |value: fn(&ServoReading) -> f32| {
            joints[..count].iter().map(|joint| joint.servo.as_ref().map_or(f32::NAN, value)).collect()
        };
        Measured {
            voltage_v: row(|servo| servo.voltage_v),
            temperature_c: row(|servo| servo.temperature_c),
            current_a: row(|servo| servo.current_a),
        }
    }
}
