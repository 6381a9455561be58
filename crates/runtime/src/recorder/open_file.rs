//! A recording that is being written.

use super::Folder;
use gaitway_record::RecordError;
use gaitway_record::about::About;
use gaitway_record::writer::{Kind, Level, RecordingWriter};
use std::fs::File;
use std::io::BufWriter;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// Log lines may take this part of a file: a flood of them is no reason to delete what others recorded.
const LOG_SHARE: u64 = 16;
/// What the container adds to a message, bytes, at most.
const AROUND_BYTES: u64 = 160;

/// A file, and the recording in it.
pub(super) struct OpenFile {
    pub path: PathBuf,
    pub writer: RecordingWriter<BufWriter<File>>,
    /// The same file, for what the writer cannot do.
    file: File,
    /// What it may come to, bytes; what it has come to, of which log lines; and how many of those found no room.
    most: u64,
    len: u64,
    log_len: u64,
    lines_left_out: u64,
    /// Where the last keyframe stands, and most bytes from one to the next.
    keyframe_at: u64,
    longest_part: u64,
    /// Time of the last message, ns.
    at_ns: u64,
}

impl OpenFile {
    /// Begins a recording of `about` in a new file, whose name ends in `suffix`.
    pub fn begin(folder: &Folder, suffix: &str, about: &About) -> Result<OpenFile, RecordError> {
        let (path, file) = folder.create(suffix)?;
        let twin = file.try_clone()?;
        let writer = RecordingWriter::create(BufWriter::new(file), about)?;
        let (len, most) = (twin.metadata()?.len(), folder.bounds().file_bytes);
        let (log_len, lines_left_out, longest_part, at_ns) = (0, 0, 0, 0);
        let keyframe_at = len;
        Ok(OpenFile {
            path,
            writer,
            file: twin,
            most,
            len,
            log_len,
            lines_left_out,
            keyframe_at,
            longest_part,
            at_ns,
        })
    }

    /// Appends a message.
    pub fn put(&mut self, kind: Kind, at_ns: u64, body: &[u8]) -> Result<(), RecordError> {
        if kind == Kind::Keyframe {
            self.keyframe_at = self.len;
        }
        self.len += body.len() as u64 + AROUND_BYTES;
        self.longest_part = self.longest_part.max(self.len - self.keyframe_at);
        self.at_ns = at_ns;
        self.writer.put(kind, at_ns, body)
    }

    /// Appends a log line, where lines have not had their share of the file yet.
    pub fn log(&mut self, at_ns: u64, level: Level, text: &str) -> Result<(), RecordError> {
        let line_len = text.len() as u64 + AROUND_BYTES;
        if self.log_len + line_len > self.most / LOG_SHARE {
            self.lines_left_out += 1;
            return Ok(());
        }
        self.log_len += line_len;
        self.len += line_len;
        self.writer.log(at_ns, level, text)
    }

    /// True where there may be no room for what comes until the keyframe after the next.
    pub fn is_full(&self) -> bool {
        self.len + self.longest_part >= self.most
    }

    /// True where there is no room for another tick.
    pub fn is_over(&self) -> bool {
        self.len >= self.most
    }

    /// What was written until now can be read wherever the file is cut behind it.
    pub fn flush(&mut self) -> Result<(), RecordError> {
        self.writer.flush()?;
        self.is_there()
    }

    /// What was written until now is on the medium.
    pub fn sync(&mut self) -> Result<(), RecordError> {
        self.flush()?;
        Ok(self.file.sync_data()?)
    }

    /// Ends the recording, all of it on the medium.
    pub fn finish(mut self) -> Result<PathBuf, RecordError> {
        if self.lines_left_out > 0 {
            let text = format!(r#"{{"event":"lines left out","count":{}}}"#, self.lines_left_out);
            self.writer.log(self.at_ns, Level::Warn, &text)?;
        }
        self.is_there()?;
        self.writer.finish()?;
        self.file.sync_data()?;
        Ok(self.path)
    }

    /// A file whose name is gone, or is another file's, would take everything, for nobody.
    fn is_there(&self) -> Result<(), RecordError> {
        let of = |about: std::fs::Metadata| (about.dev(), about.ino());
        let named = self.path.symlink_metadata().map(of).ok();
        if named == Some(of(self.file.metadata()?)) {
            return Ok(());
        }
        Err(RecordError::Gone { path: self.path.clone() })
    }
}
