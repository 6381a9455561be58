//! What a file is, for readers in Python.

use gaitway_filekind::FileKind;
use pyo3::prelude::*;

/// Name, sentence and remedy for the file that begins with `data`.
#[pyfunction]
pub fn file_kind(data: &[u8]) -> (&'static str, String, &'static str) {
    let kind = FileKind::of(data);
    let name = match kind {
        FileKind::Empty => "empty",
        FileKind::LfsPointer { .. } => "lfs_pointer",
        FileKind::WebPage => "web_page",
        FileKind::Zip => "zip",
        FileKind::Gzip => "gzip",
        FileKind::Pickle => "pickle",
        FileKind::Onnx => "onnx",
        FileKind::Mcap => "mcap",
        FileKind::Npy => "npy",
        FileKind::Picture => "picture",
        FileKind::Pdf => "pdf",
        FileKind::Json => "json",
        FileKind::Utf16 => "utf16",
        FileKind::Text => "text",
        FileKind::Unknown => "unknown",
    };
    (name, kind.to_string(), kind.remedy().unwrap_or_default())
}
