//! The period is read in little memory, however long the file: counted by the allocator.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../tests/rust/counting.rs"]
mod counting;
mod pickles;

use gaitway_importers::reference_motion::{GaitPeriod, period_ticks};
use pickles::{dict, entry, file, float, int, text};
use std::io::{self, Read};

const LIMIT_BYTES: usize = 300_000;

/// A part of a pickle, `times` over.
struct Repeated {
    part: Vec<u8>,
    times: usize,
    at: usize,
}

impl Read for Repeated {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.part.len() * self.times - self.at;
        let len = buffer.len().min(left);
        for byte in &mut buffer[..len] {
            *byte = self.part[self.at % self.part.len()];
            self.at += 1;
        }
        Ok(len)
    }
}

fn repeated(part: Vec<u8>, times: usize) -> Repeated {
    Repeated { part, times, at: 0 }
}

#[test]
fn a_file_of_fifty_megabytes_needs_no_more_than_a_small_one() {
    // A list of numbered coefficients, which is what such files are made of.
    let coefficient = [float(0.25), b"\x94".to_vec()].concat();
    let coefficients = repeated([b"(".to_vec(), coefficient.repeat(500), b"e".to_vec()].concat(), 9_000);
    let before = [b"\x80\x04}(X\x01\0\0\0a}(X\x05\0\0\0dim_0]\x94".to_vec()].concat();
    let after = [text("period"), float(0.54), text("fps"), int(50), b"uu.".to_vec()].concat();
    let stream = before.chain(coefficients).chain(&after[..]);
    let (found, bytes) = counting::peak_bytes(|| period_ticks(stream));
    assert_eq!(found, Ok(GaitPeriod { period_s: 0.54, fps: 50.0, ticks: 27, entries: 1 }));
    assert!(bytes < LIMIT_BYTES, "{bytes} bytes");

    let small = file(4, &dict(&[("a", entry(float(0.54), int(50), int(27)))]));
    let (found, small_bytes) = counting::peak_bytes(|| period_ticks(&small[..]));
    assert!(found.is_ok() && small_bytes.abs_diff(bytes) < 1000, "{small_bytes} against {bytes} bytes");
    println!("{bytes} bytes held at most");
}

#[test]
fn one_long_text_is_read_past() {
    let len = 60_000_000u32;
    let header = [b"\x80\x04X".to_vec(), len.to_le_bytes().to_vec()].concat();
    let after = [b"0", &file(4, &dict(&[("a", entry(float(0.54), int(50), int(27)))]))[2..]].concat();
    let stream = header.chain(repeated(vec![b'a'], len as usize)).chain(&after[..]);
    let (found, bytes) = counting::peak_bytes(|| period_ticks(stream));
    assert!(found.is_ok() && bytes < LIMIT_BYTES, "{found:?} in {bytes} bytes");
}

#[test]
fn floods_of_whatever_is_kept_stay_small() {
    for part in ["(", "}", "X\x03\0\0\0fps\u{94}0", "X\x03\0\0\0fps\u{94}"] {
        let part: Vec<u8> = part.chars().map(|character| character as u8).collect();
        let stream = (&b"\x80\x04"[..]).chain(repeated(part, 100_000));
        let (found, bytes) = counting::peak_bytes(|| period_ticks(stream));
        assert!(found.is_err() && bytes < LIMIT_BYTES, "{bytes} bytes");
    }
}
