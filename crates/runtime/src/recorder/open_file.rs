//! A recording that is being written.

use super::Folder;
use gaitway_record::RecordError;
use gaitway_record::about::About;
use gaitway_record::writer::RecordingWriter;
use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;

/// A file, and the recording in it.
pub(super) struct OpenFile {
    pub path: PathBuf,
    pub writer: RecordingWriter<BufWriter<File>>,
    /// The same file, for what the writer cannot do.
    file: File,
}

impl OpenFile {
    /// Begins a recording of `about` in a new file, whose name ends in `suffix`.
    pub fn begin(folder: &Folder, suffix: &str, about: &About) -> Result<OpenFile, RecordError> {
        let (path, file) = folder.create(suffix)?;
        let twin = file.try_clone()?;
        let writer = RecordingWriter::create(BufWriter::new(file), about)?;
        Ok(OpenFile { path, writer, file: twin })
    }

    /// Bytes in the file.
    pub fn len(&self) -> u64 {
        self.file.metadata().map_or(0, |file| file.len())
    }

    /// What was written until now is on the medium.
    pub fn sync(&mut self) -> Result<(), RecordError> {
        self.writer.flush()?;
        // A file whose name is gone would take everything, for nobody.
        self.path.metadata()?;
        Ok(self.file.sync_data()?)
    }

    /// Ends the recording, all of it on the medium.
    pub fn finish(self) -> Result<PathBuf, RecordError> {
        self.writer.finish()?;
        self.file.sync_data()?;
        Ok(self.path)
    }
}
