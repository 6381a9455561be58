//! The gait's period from pickles: what is read, what is refused, and that nothing in them is run.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod pickles;

use gaitway_importers::reference_motion::{GaitPeriod, MAX_BYTES, ReferenceMotionError, period_ticks};
use pickles::{BY_NUMPY, dict, entry, file, float, int, scalar, second, short_text, text, usual};
use std::fs::File;
use std::io::{self, Read};

const USUAL: GaitPeriod = GaitPeriod { period_s: 0.54, fps: 50.0, ticks: 27, entries: 2 };

fn refusal(bytes: &[u8]) -> String {
    let error = period_ticks(bytes).unwrap_err();
    assert!(!error.hint().is_empty());
    error.to_string()
}

#[test]
fn the_published_file_has_a_gait_of_27_frames() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/polynomial_coefficients.pkl");
    let Ok(published) = File::open(path) else {
        println!("skipped: {path} is not there");
        return;
    };
    assert_eq!(period_ticks(published), Ok(GaitPeriod { entries: 240, ..USUAL }));
}

#[test]
fn numpys_scalars_are_read_in_every_protocol() {
    for (pickle, protocol) in BY_NUMPY.into_iter().zip(2..) {
        assert_eq!(pickle[1], protocol);
        assert_eq!(period_ticks(pickle), Ok(USUAL), "protocol {protocol}");
    }
}

#[test]
fn scalars_of_either_module_type_and_byte_order_are_read() {
    for module in ["numpy.core.multiarray", "numpy._core.multiarray"] {
        for (order, period, fps) in [
            ("<", 0.54_f64.to_le_bytes(), 50_i64.to_le_bytes()),
            (">", 0.54_f64.to_be_bytes(), 50_i64.to_be_bytes()),
        ] {
            let motions =
                entry(scalar(module, "f8", order, period), scalar(module, "i8", order, fps), int(27));
            assert_eq!(period_ticks(&second(motions)[..]), Ok(USUAL), "{module} {order}");
        }
    }
    let text = refusal(&second(entry(scalar("numpy.core.multiarray", "f4", "<", [0; 8]), int(50), int(27))));
    assert!(text.contains("has period that is no number, fps 50"), "{text}");
    let text = refusal(&second(entry(scalar("other.multiarray", "f8", "<", [0; 8]), int(50), int(27))));
    assert!(text.contains("has period that is no number, fps 50"), "{text}");
}

#[test]
fn numbers_are_read_however_they_are_pickled() {
    let fifty: [&[u8]; 6] =
        [b"K\x32", b"M\x32\0", b"J\x32\0\0\0", b"\x8a\x01\x32", b"\x8a\x02\x32\0", b"\x8b\x01\0\0\0\x32"];
    for number in fifty {
        let motions = second(entry(float(0.54), number.to_vec(), int(27)));
        assert_eq!(period_ticks(&motions[..]), Ok(USUAL), "{number:?}");
    }
    for (number, found) in [
        (&b"K\xff"[..], "fps 255"),
        (b"M\xff\xff", "fps 65535"),
        (b"\x8a\x01\xff", "fps -1"),
        (b"\x8a\0", "fps 0"),
        (b"\x8a\x09\0\0\0\0\0\0\0\0\x01", "fps that is no number"),
        (b"N", "fps that is no number"),
    ] {
        let text = refusal(&second(entry(float(0.54), number.to_vec(), int(27))));
        assert!(text.contains(found), "{text}");
    }
}

#[test]
fn entries_may_come_one_by_one_in_frames_and_with_numbered_names() {
    let mut value = vec![b'}', 0x94];
    for (number, key) in ["a", "b"].into_iter().enumerate() {
        value.extend([text(key), b"}".to_vec()].concat());
        let names: [&[u8]; 2] = if number == 0 {
            [
                &[short_text("period"), b"\x94".to_vec()].concat(),
                &[short_text("fps"), b"\x94".to_vec()].concat(),
            ]
        } else {
            [b"h\x01", b"j\x02\0\0\0"]
        };
        value
            .extend([names[0], &float(0.54), b"s", b"\x95\x08\0\0\0\0\0\0\0", names[1], b"K\x32ss"].concat());
    }
    assert_eq!(period_ticks(&file(4, &value)[..]), Ok(USUAL), "without the number of frames, too");
}

#[test]
fn the_frames_of_a_gait_are_cut_off_as_python_does() {
    // 0.58 * 50 is 28.999999999999996.
    for (period_s, ticks) in [(0.54, 27), (0.58, 28), (0.04, 2), (20.0, 1000), (0.559, 27)] {
        let motions = file(4, &dict(&[("a", entry(float(period_s), int(50), int(ticks)))]));
        let expected = GaitPeriod { period_s, ticks: ticks as u32, entries: 1, ..USUAL };
        assert_eq!(period_ticks(&motions[..]), Ok(expected));
    }
    let text = refusal(&file(4, &dict(&[("a", entry(float(0.58), int(50), int(29)))])));
    assert_eq!(
        text,
        "reference motions: entry 1 (\"a\"): expected nb_steps_in_period 28, which is int(period * fps), \
         found period 0.58, fps 50, nb_steps_in_period 29"
    );
}

#[test]
fn entries_that_disagree_are_both_named() {
    let text = refusal(&second(entry(float(0.6), int(50), int(30))));
    assert_eq!(
        text,
        "reference motions: entries disagree: entry 1 (\"0.074_0.037_0.185\") has period 0.54, fps 50, \
         nb_steps_in_period 27, entry 2 (\"0.148_0.037_0.185\") has period 0.6, fps 50, nb_steps_in_period 30"
    );
    let without = dict(&[("period", float(0.54)), ("fps", int(50))]);
    assert!(refusal(&second(without)).contains("has period 0.54, fps 50, no nb_steps_in_period"));
}

#[test]
fn what_is_no_gait_is_refused_by_entry() {
    let one = |entry: Vec<u8>| refusal(&file(4, &dict(&[("a", entry)])));
    let no_gait = [(0.0, 50), (-0.54, 50), (0.54, 0), (0.54, -50), (0.03, 50), (30.0, 50), (1e300, i32::MAX)];
    for (period, fps) in no_gait {
        let text = one(entry(float(period), int(fps), int(27)));
        assert!(
            text.contains("entry 1 (\"a\"): expected a gait of 2 to 1000 frames, found period "),
            "{text}"
        );
    }
    assert!(one(dict(&[("fps", int(50))])).contains("expected the key period, found none"));
    assert!(one(dict(&[("period", float(0.54))])).contains("expected the key fps, found none"));
    assert!(one(entry(float(f64::NAN), int(50), int(27))).contains("expected a finite number under period"));
    assert!(one(entry(float(0.54), text("50"), int(27))).contains("expected a finite number under fps"));
    assert!(one(entry(float(0.54), int(50), b"N".to_vec())).contains("number under nb_steps_in_period"));
    assert!(one(int(3)).contains("expected a dictionary of its own, found a number"));
    assert!(refusal(&file(4, b"}")).contains("whole file: expected at least one entry"));
    let long = "a key that is longer than anybody needs";
    assert!(refusal(&file(4, &dict(&[(long, int(3))]))).contains("(\"a key that is longer t…\")"));
    assert!(refusal(&file(4, &dict(&[("\u{1b}[2J", int(3))]))).contains("(\"\\x1b[2J\")"));
}

#[test]
fn what_no_pickler_writes_is_refused_by_byte() {
    let names = [b"\x80\x02}(".to_vec(), text("a"), text("b")].concat();
    for (bytes, expected) in [
        (&b"period: 0.54"[..], "byte 0: expected a pickle of protocol 2 to 5"),
        (b"(dp0\n.", "found byte 0x28"),
        (b"\x80\x06}.", "found protocol 6"),
        (
            b"\x80\x04}\xff",
            "byte 3: expected an opcode that picklers of protocol 2 to 5 write for plain data, found byte 0xff",
        ),
        (b"\x80\x04P1\n.", "byte 2: expected an opcode"),
        (b"\x80\x04.", "byte 2: expected one value at the end, found 0 values"),
        (b"\x80\x04}}.", "expected one value at the end, found 2 values"),
        (b"\x80\x04K\x05.", "byte 4: expected a dictionary of entries, found a number"),
        (b"\x80\x04}s.", "byte 3: expected a dictionary, a key and a value"),
        (b"\x80\x04}(Nu.", "byte 5: expected a dictionary, and pairs of key and value"),
        (b"\x80\x04(NNu.", "expected a dictionary, and pairs of key and value"),
        (b"\x80\x04((NNu.", "byte 6: expected a dictionary, found the beginning of a run"),
        (b"\x80\x04K\x01NNs.", "expected a dictionary, found a number"),
        (b"\x80\x04}Na.", "byte 4: expected a list, found a dictionary"),
        (b"\x80\x04}u.", "byte 3: expected a run of values that began, found none"),
        (b"\x80\x040.", "byte 2: expected a value on the stack, found none"),
        (b"\x80\x04N\x86.", "expected a value on the stack, found none"),
        (b"\x80\x04(N\x86.", "expected a value on the stack, found the beginning of a run"),
        (b"\x80\x04\x94.", "byte 2: expected a value on the stack"),
        (b"\x80\x04h\x07.", "byte 2: expected a value numbered before, found number 7"),
        (
            b"\x80\x04}N\x93.",
            "byte 4: expected the names of a module and of something in it, found a dictionary",
        ),
        (b"\x80\x04K\x01)R.", "expected a function, found a number"),
        (b"\x80\x04K\x01Nb.", "expected an object that takes a state, found a number"),
        (
            b"\x80\x04X\xff\xff\xff\xffa",
            "byte 7: expected a file of at most 64 MiB, found 4294967295 more bytes",
        ),
        (b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xff", "found 18446744073709551615 more bytes"),
        (b"\x80\x04\x95\0\0\0\0\0\0\0\x7f}.", "found 9151314442816847872 more bytes"),
        (&names, "expected more bytes, found the end of the file"),
    ] {
        let text = refusal(bytes);
        assert!(
            text.starts_with("reference motions: at byte ") && text.contains(expected),
            "{expected}: {text}"
        );
    }
}

#[test]
fn files_that_are_something_else_are_named() {
    for (bytes, found) in [
        (&b""[..], "an empty file"),
        (b"{\"period\": 0.54}", "JSON"),
        (
            b"version https://git-lfs.github.com/spec/v1\nsize 884177\n",
            "a Git-LFS pointer to a file of 884177 bytes",
        ),
        (b"<!DOCTYPE html>\n<html>", "a web page"),
        (b"\x08\x08\x12\x07pytorch", "an ONNX network"),
    ] {
        let error = period_ticks(bytes).unwrap_err();
        assert_eq!(error.to_string(), format!("reference motions: expected a Python pickle, found {found}"));
        assert!(!error.hint().is_empty());
    }
}

#[test]
fn a_file_cut_off_anywhere_is_refused() {
    for pickle in BY_NUMPY {
        for len in 1..pickle.len() {
            let error = period_ticks(&pickle[..len]).unwrap_err();
            let ReferenceMotionError::Syntax { at, expected: "more bytes", .. } = error else {
                unreachable!("{len}: {error}");
            };
            // Where the number or text that is cut off begins, which is not far.
            assert!((len.saturating_sub(22)..=len).contains(&(at as usize)), "{len}: {error}");
        }
    }
}

#[test]
fn nothing_in_a_file_is_run() {
    let victim = std::env::temp_dir().join(format!("gaitway-pickle-{}", std::process::id()));
    let shell = format!("touch {}", victim.display());
    let call: [Vec<u8>; 3] = [
        [b"cos\nsystem\n".to_vec(), text(&shell), b"\x85R".to_vec()].concat(),
        [short_text("posix"), short_text("system"), b"\x93".to_vec(), text(&shell), b"\x85R".to_vec()]
            .concat(),
        [b"csubprocess\nPopen\n(".to_vec(), text("sh"), b"t\x81N".to_vec(), b"b".to_vec()].concat(),
    ];
    for call in call {
        let whole = refusal(&file(4, &call));
        assert!(
            whole.contains("expected a dictionary of entries, found a value that is not read"),
            "{whole}"
        );
        let as_period = refusal(&file(4, &dict(&[("a", entry(call.clone(), int(50), int(27)))])));
        assert!(as_period.contains("expected a finite number under period"), "{as_period}");
        let as_entry = refusal(&second(call.clone()));
        assert!(
            as_entry.contains("expected a dictionary of its own, found a value that is not read"),
            "{as_entry}"
        );
        // Where it cannot matter it is read past.
        let aside = dict(&[
            ("period", float(0.54)),
            ("fps", int(50)),
            ("run", call.clone()),
            ("nb_steps_in_period", int(27)),
        ]);
        assert_eq!(period_ticks(&second(aside)[..]), Ok(USUAL));
        let thrown_away = [&[0x80, 4], &call[..], b"0", &second(usual())[2..]].concat();
        assert_eq!(period_ticks(&thrown_away[..]), Ok(USUAL));
    }
    // The one that a browser of pickles is always shown.
    assert!(refusal(b"cos\nsystem\n(S'echo'\ntR.").contains("found byte 0x63"));
    assert!(!victim.exists());
}

#[test]
fn what_was_thrown_away_does_not_count() {
    let other = dict(&[("a", entry(float(0.6), int(50), int(30)))]);
    let motions = [&[0x80, 4], &other[..], b"0", &second(usual())[2..]].concat();
    assert_eq!(period_ticks(&motions[..]), Ok(USUAL));
}

#[test]
fn a_type_takes_its_byte_order_wherever_it_is_used_again() {
    // numpy writes a type once, numbers it while it has no byte order yet, and names it by number from then on.
    let first = scalar("numpy.core.multiarray", "f8", ">", 0.54_f64.to_be_bytes());
    let made = b"\x89\x88\x87R".to_vec();
    let at = first.windows(4).position(|window| window == made).unwrap() + 4;
    let numbered = [&first[..at], b"q\x05", &first[at..]].concat();
    let again =
        [b"cnumpy.core.multiarray\nscalar\nh\x05C\x08", &0.54_f64.to_be_bytes()[..], b"\x86R"].concat();
    let motions = dict(&[("a", entry(numbered, int(50), int(27))), ("b", entry(again, int(50), int(27)))]);
    assert_eq!(period_ticks(&file(2, &motions)[..]), Ok(USUAL));
}

#[test]
fn floods_end_at_a_bound() {
    let refused = |pattern: &[u8], expected: &str| {
        let endless = io::Cursor::new(b"\x80\x04").chain(Endless { pattern: pattern.to_vec(), at: 0 });
        let text = period_ticks(endless).unwrap_err().to_string();
        assert!(text.contains(expected), "{text}");
    };
    refused(b"(", "at most 3000 values on the stack");
    refused(b"}", "at most 3000 values on the stack");
    refused(b"X\x03\0\0\0fps\x940", "at most 4096 numbered names");
    refused(b"cnumpy\ndtype\nX\x02\0\0\0f8NN\x87R0", "at most 64 numpy types");
    refused(b"N0", "expected a file of at most 64 MiB");
    refused(b"c", "expected a file of at most 64 MiB");
    refused(b"X\xff\xff\xff\x00", "expected a file of at most 64 MiB");
    let gaits: Vec<Vec<u8>> = (0..80).map(|n| entry(float(f64::from(n)), int(50), int(1))).collect();
    let pairs: Vec<(&str, Vec<u8>)> = gaits.into_iter().map(|gait| ("a", gait)).collect();
    assert!(refusal(&file(4, &dict(&pairs))).contains("at most 64 different gaits"));
}

/// One pattern for ever.
struct Endless {
    pattern: Vec<u8>,
    at: usize,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        for byte in buffer.iter_mut() {
            *byte = self.pattern[self.at % self.pattern.len()];
            self.at += 1;
        }
        assert!(self.at as u64 <= MAX_BYTES + (1 << 20), "nobody reads past the bound");
        Ok(buffer.len())
    }
}

#[test]
fn a_reader_that_fails_is_reported_with_its_place() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the stick was pulled"))
        }
    }
    let usual = second(usual());
    let error = period_ticks(io::Cursor::new(&usual[..40]).chain(Failing)).unwrap_err();
    assert_eq!(error, ReferenceMotionError::Io { at: 33, problem: "the stick was pulled".to_owned() });
    assert!(error.hint().contains("read to its end"));
}

#[test]
fn a_reader_that_gives_a_byte_at_a_time_changes_nothing() {
    struct Drop<'a>(&'a [u8], bool);
    impl Read for Drop<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let len = buffer.len().min(1);
            self.0.read(&mut buffer[..len])
        }
    }
    for pickle in BY_NUMPY {
        assert_eq!(period_ticks(Drop(pickle, false)), Ok(USUAL));
    }
}
