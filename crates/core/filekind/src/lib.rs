//! What a file is, by its first bytes: for readers of policies, pickles and recordings to name what they were given.
//!
//! People pass a Git-LFS pointer, the web page about a file or an empty file far more often than a damaged one, and a
//! parser's own words for those ("no valid field at byte 0") do not say so.

use std::fmt;

/// So many first bytes decide.
pub const HEAD_BYTES: usize = 512;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// It has no bytes.
    Empty,
    /// Git LFS keeps the file elsewhere; this names it.
    LfsPointer {
        /// Size of the file that it stands for, bytes.
        size: Option<u64>,
    },
    /// HTML, most often of a site that shows the file.
    WebPage,
    /// A zip archive; PyTorch saves such files.
    Zip,
    /// Packed by gzip.
    Gzip,
    /// A Python pickle of protocol 2 or later.
    Pickle,
    /// An ONNX network.
    Onnx,
    /// An MCAP recording.
    Mcap,
    /// A NumPy array.
    Npy,
    /// A picture.
    Picture,
    /// A PDF.
    Pdf,
    /// JSON.
    Json,
    /// Text of two bytes a letter.
    Utf16,
    /// Other text.
    Text,
    /// None of these, or no telling.
    Unknown,
}

impl FileKind {
    /// What `bytes` begin with, the whole file or its first [`HEAD_BYTES`].
    pub fn of(bytes: &[u8]) -> FileKind {
        let head = &bytes[..bytes.len().min(HEAD_BYTES)];
        match head {
            [] => FileKind::Empty,
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => FileKind::Zip,
            [0x1f, 0x8b, ..] => FileKind::Gzip,
            [0x80, 2..=5, ..] => FileKind::Pickle,
            [0x89, b'M', b'C', b'A', b'P', ..] => FileKind::Mcap,
            [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => FileKind::Npy,
            [0x89, b'P', b'N', b'G', ..] | [0xff, 0xd8, 0xff, ..] | [b'G', b'I', b'F', b'8', ..] => {
                FileKind::Picture
            }
            [b'%', b'P', b'D', b'F', ..] => FileKind::Pdf,
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => FileKind::Utf16,
            // The version of the format, a small number, and then one of the model's other fields.
            [0x08, 1..=0x40, 0x12 | 0x1a | 0x22 | 0x28 | 0x32 | 0x3a | 0x42, ..] => FileKind::Onnx,
            _ => of_text(head),
        }
    }

    /// What brings the right file; `None` where only the person knows.
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            FileKind::Empty => Some("copy or download it again: nothing arrived"),
            FileKind::LfsPointer { .. } => {
                Some("fetch the file itself: `git lfs install` and `git lfs pull` where it was cloned")
            }
            FileKind::WebPage => {
                Some("download the file itself, not the page that shows it: its \"raw\" link")
            }
            FileKind::Zip => {
                Some("a .zip is unpacked first; PyTorch's .pt files are exported: torch.onnx.export")
            }
            FileKind::Gzip => Some("unpack it first: gunzip"),
            FileKind::Utf16 => Some("save it as UTF-8"),
            _ => None,
        }
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FileKind::Empty => "an empty file",
            FileKind::LfsPointer { size: Some(size) } => {
                return write!(f, "a Git-LFS pointer to a file of {size} bytes");
            }
            FileKind::LfsPointer { size: None } => "a Git-LFS pointer",
            FileKind::WebPage => "a web page",
            FileKind::Zip => "a zip archive, such as PyTorch's .pt files are",
            FileKind::Gzip => "a file packed by gzip",
            FileKind::Pickle => "a Python pickle",
            FileKind::Onnx => "an ONNX network",
            FileKind::Mcap => "an MCAP recording",
            FileKind::Npy => "a NumPy array (.npy)",
            FileKind::Picture => "a picture",
            FileKind::Pdf => "a PDF",
            FileKind::Json => "JSON",
            FileKind::Utf16 => "text in UTF-16",
            FileKind::Text => "text",
            FileKind::Unknown => "data of an unknown kind",
        })
    }
}

fn of_text(head: &[u8]) -> FileKind {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    // A letter may be cut at the end.
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return FileKind::Unknown,
    };
    if text.chars().any(|letter| letter.is_control() && !letter.is_whitespace()) {
        return FileKind::Unknown;
    }
    if let Some(rest) = text.strip_prefix("version https://git-lfs.github.com/spec/") {
        let size = rest.lines().find_map(|line| line.strip_prefix("size ")?.trim().parse().ok());
        return FileKind::LfsPointer { size };
    }
    let begun = text.trim_start().to_ascii_lowercase();
    match begun.as_bytes() {
        [] => FileKind::Empty,
        _ if ["<!doctype html", "<html", "<head"].iter().any(|tag| begun.starts_with(tag)) => {
            FileKind::WebPage
        }
        [b'{' | b'[', ..] => FileKind::Json,
        _ => FileKind::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_by_how_they_begin() {
        let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 884177\n";
        let table: &[(&[u8], &str)] = &[
            (b"", "an empty file"),
            (b" \n", "an empty file"),
            (pointer, "a Git-LFS pointer to a file of 884177 bytes"),
            (b"version https://git-lfs.github.com/spec/v1\n", "a Git-LFS pointer"),
            (b"<!DOCTYPE html>\n<html>", "a web page"),
            (b"\xef\xbb\xbf\n <HTML lang=de>", "a web page"),
            (b"PK\x03\x04rest", "a zip archive, such as PyTorch's .pt files are"),
            (b"\x1f\x8b\x08", "a file packed by gzip"),
            (b"\x80\x04\x95", "a Python pickle"),
            (b"\x08\x08\x12\x07pytorch", "an ONNX network"),
            (b"\x89MCAP0\r\n", "an MCAP recording"),
            (b"\x93NUMPY\x01\x00", "a NumPy array (.npy)"),
            (b"\x89PNG\r\n", "a picture"),
            (b"\xff\xd8\xff\xe0", "a picture"),
            (b"%PDF-1.7", "a PDF"),
            (b"{\"a\": 1}", "JSON"),
            (b"\xff\xfe{\x00", "text in UTF-16"),
            (b"hello", "text"),
            ("Schnabel, gr\u{fc}n".as_bytes(), "text"),
            (b"\xff\xff\xff\xff", "data of an unknown kind"),
            (b"a\0b", "data of an unknown kind"),
        ];
        for (bytes, name) in table {
            assert_eq!(FileKind::of(bytes).to_string(), *name, "{bytes:?}");
        }
    }

    #[test]
    fn a_letter_that_the_head_cuts_is_text_all_the_same() {
        let text = "\u{1f986}".repeat(HEAD_BYTES);
        assert_eq!(FileKind::of(&text.as_bytes()[..HEAD_BYTES - 1]), FileKind::Text);
    }

    #[test]
    fn what_is_no_file_at_all_has_a_remedy() {
        for kind in [FileKind::Empty, FileKind::LfsPointer { size: None }, FileKind::WebPage, FileKind::Zip] {
            assert!(kind.remedy().is_some(), "{kind}");
        }
    }
}
