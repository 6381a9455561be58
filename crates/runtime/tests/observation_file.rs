//! Observations in `.npy` files: round trips, NumPy's own headers, everything that is refused.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../tests/rust/fuzz_iterations.rs"]
mod fuzz_iterations;
#[path = "../../../tests/rust/random.rs"]
mod random;

use fuzz_iterations::iterations;
use gaitway_runtime::observation_file::{
    MAX_BYTES, ObservationFileError, ObservationKeeper, ObservationWriter, Observations, read_observations,
};
use random::Random;
use std::fs;
use std::path::{Path, PathBuf};

/// A folder of one test's own, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("gaitway-observations-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Reads `bytes` as a file with rows of `width`.
    fn read(&self, bytes: &[u8], width: usize) -> Result<Observations, ObservationFileError> {
        let path = self.file("bytes.npy");
        fs::write(&path, bytes).unwrap();
        read_observations(&path, width)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A file as NumPy 2.4 writes it, but for what stands in the dictionary.
fn npy(dictionary: &str, numbers: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00v\x00".to_vec();
    bytes.extend(format!("{dictionary:117}\n").as_bytes());
    bytes.extend(numbers);
    bytes
}

fn floats(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn save(path: &Path, width: usize, rows: &[Vec<f32>]) -> u64 {
    let mut writer = ObservationWriter::create(path, width).unwrap();
    for row in rows {
        writer.write_row(row).unwrap();
    }
    assert_eq!(writer.rows(), rows.len() as u64);
    writer.finish().unwrap()
}

#[test]
fn what_is_written_is_read_in_every_bit() {
    let folder = Folder::new("round");
    let path = folder.file("observations.npy");
    let mut random = Random::new(3);
    for (rows, width) in [(0, 5), (1, 1), (3, 101), (1000, 101), (20_000, 7)] {
        let rows: Vec<Vec<f32>> = (0..rows).map(|_| random.vector(width, 10.0)).collect();
        assert_eq!(save(&path, width, &rows), rows.len() as u64);
        let read = read_observations(&path, width).unwrap();
        assert_eq!((read.len(), read.is_empty()), (rows.len(), rows.is_empty()));
        assert!(rows.iter().enumerate().all(|(index, row)| read.row(index) == Some(&row[..])));
        assert_eq!(read.row(rows.len()), None);
    }
    let odd = vec![f32::NAN, f32::NEG_INFINITY, -0.0];
    save(&path, 3, std::slice::from_ref(&odd));
    let read = read_observations(&path, 3).unwrap();
    let bits = |row: &[f32]| row.iter().map(|number| number.to_bits()).collect::<Vec<u32>>();
    assert_eq!(bits(read.row(0).unwrap()), bits(&odd));
}

#[test]
fn the_file_is_the_one_numpy_writes() {
    let folder = Folder::new("numpy");
    let path = folder.file("observations.npy");
    save(&path, 101, &vec![vec![0.5; 101]; 3]);
    let dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 101), }";
    let written = fs::File::open(&path).unwrap();
    let bytes = std::io::Read::bytes(written).collect::<Result<Vec<u8>, _>>().unwrap();
    assert_eq!(bytes, npy(dictionary, &floats(&[0.5; 303])));
}

#[test]
fn float64_is_rounded_and_other_spellings_of_the_dictionary_are_read() {
    let folder = Folder::new("float64");
    let numbers: Vec<u8> = [0.1_f64, -2.5, 1e300].iter().flat_map(|number| number.to_le_bytes()).collect();
    for dictionary in [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 3), }",
        "{ 'shape':(1,3), 'fortran_order' : False,'descr':'<f8'}",
    ] {
        let read = folder.read(&npy(dictionary, &numbers), 3).unwrap();
        assert_eq!(read.row(0), Some(&[0.1_f32, -2.5, f32::INFINITY][..]));
    }
}

#[test]
fn a_recording_has_its_name_only_when_it_is_whole() {
    let folder = Folder::new("part");
    let (path, part) = (folder.file("observations.npy"), folder.file("observations.npy.part"));
    save(&path, 2, &[vec![1.0, 2.0]]);
    let mut writer = ObservationWriter::create(&path, 2).unwrap();
    writer.write_row(&[3.0, 4.0]).unwrap();
    writer.flush().unwrap();
    writer.write_row(&[5.0, 6.0]).unwrap();
    // As a program that is killed: nothing more is done.
    std::mem::forget(writer);
    assert_eq!(read_observations(&path, 2).unwrap().row(0), Some(&[1.0, 2.0][..]), "the older one");
    let read = read_observations(&part, 2).unwrap();
    assert_eq!((read.len(), read.row(0)), (1, Some(&[3.0, 4.0][..])));
    save(&path, 2, &[vec![5.0, 6.0]]);
    assert_eq!(read_observations(&path, 2).unwrap().row(0), Some(&[5.0, 6.0][..]));
    // It is evidence: the next run leaves it where it is.
    assert_eq!(read_observations(&part, 2).unwrap(), read);
}

#[test]
fn rows_of_another_width_are_refused_and_change_nothing() {
    let folder = Folder::new("row");
    let path = folder.file("observations.npy");
    let mut writer = ObservationWriter::create(&path, 3).unwrap();
    let error = writer.write_row(&[0.0; 4]).unwrap_err();
    assert_eq!(error, ObservationFileError::Row { expected: 3, found: 4 });
    writer.write_row(&[1.0; 3]).unwrap();
    assert_eq!(writer.finish().unwrap(), 1);
    assert_eq!(read_observations(&path, 3).unwrap().len(), 1);
    for width in [0, usize::MAX, MAX_BYTES as usize / 4 + 1] {
        let error = ObservationWriter::create(&path, width).unwrap_err();
        assert!(matches!(error, ObservationFileError::Size { .. }), "{error}");
    }
}

#[test]
fn what_the_system_refuses_is_reported_with_its_path() {
    let folder = Folder::new("system");
    let nowhere = folder.file("nowhere/observations.npy");
    let error = ObservationWriter::create(&nowhere, 3).unwrap_err();
    assert!(error.to_string().contains("nowhere/observations.npy: cannot be created"), "{error}");
    let error = read_observations(&nowhere, 3).unwrap_err();
    assert!(error.to_string().contains("nowhere/observations.npy: cannot be read"), "{error}");
    for endless in [folder.0.as_path(), Path::new("/dev/zero")] {
        assert!(read_observations(endless, 3).unwrap_err().to_string().contains("ordinary file"));
    }
}

#[test]
fn other_files_are_refused_by_what_differs() {
    let folder = Folder::new("other");
    let usual = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }";
    let with = |from: &str, to: &str| npy(&usual.replace(from, to), &floats(&[0.0; 3]));
    let version = [b"\x93NUMPY\x02\x00v\x00\x00\x00", usual.as_bytes()].concat();
    for (bytes, expected) in [
        (b"".to_vec(), "expected NumPy's .npy format, found an empty file"),
        (b"\x93NUM".to_vec(), "first bytes: expected those of a .npy file, found \"\\x93NUM\""),
        (b"PK\x03\x04 and so on".to_vec(), "expected NumPy's .npy format, found a zip archive"),
        (version, "version: expected 1.0, found 2.0"),
        (npy(usual, &[])[..60].to_vec(), "header: expected as many bytes as it says it has, found 50 bytes"),
        (with("'<f4'", "'>f4'"), "type of the array: expected '<f4' or '<f8', found >f4"),
        (with("'<f4'", "'<i8'"), "type of the array: expected '<f4' or '<f8', found <i8"),
        (with("'<f4'", "'|O'"), "type of the array: expected '<f4' or '<f8', found |O"),
        (
            with("'<f4'", "[('a', '<f4')]"),
            "type of the array: expected '<f4' or '<f8', found [(\\'a\\', \\'<f4\\')]",
        ),
        (with("False", "True"), "order of the array: expected rows (C), found columns (Fortran)"),
        (with("(1, 3)", "(3,)"), "shape of the array: expected (rows, 3), found (3)"),
        (with("(1, 3)", "()"), "shape of the array: expected (rows, 3), found ()"),
        (with("(1, 3)", "(1, 2)"), "shape of the array: expected (rows, 3), found (1, 2)"),
        (with("(1, 3)", "(1, 1, 3)"), "shape of the array: expected (rows, 3), found (1, 1, 3)"),
        (with("(1, 3)", "(2, 3)"), "numbers of the array: expected 24 bytes, found 12"),
        (with("(1, 3)", "(0, 3)"), "numbers of the array: expected 0 bytes, found 12"),
        (with("(1, 3)", "(44739243, 3)"), "expected 1 byte to 512 MiB of numbers, found 44739243 rows of 3"),
        (with("(1, 3)", "(18446744073709551615, 3)"), "found 18446744073709551615 rows of 3"),
        (
            with("(1, 3)", "(18446744073709551616, 3)"),
            "header: expected a whole number of the shape, found 18446744073709551616",
        ),
        (with("(1, 3)", "(-1, 3)"), "header: expected a whole number of the shape, found -1, 3)"),
        (with("(1, 3)", "(1 3)"), "header: expected , or ), found 3)"),
        (with("(1, 3)", "1"), "header: expected (, found 1"),
        (with("False", "Maybe"), "header: expected False, found Maybe"),
        (with("{", "["), "header: expected {, found ["),
        (with("}", ""), "header: expected a key in quotes, found nothing"),
        (with("}", "} more"), "header: expected its end, found more"),
        (with("'shape'", "'size'"), "header: expected descr, fortran_order and shape, found size"),
        (with("'descr': '<f4', ", ""), "header: expected descr, found none"),
        (with("'fortran_order': False, ", ""), "header: expected fortran_order, found none"),
        (with("'shape': (1, 3), ", ""), "header: expected shape, found none"),
        (with("'<f4',", "'<f4'"), "header: expected , or }, found \\'fortran_order\\'"),
        (with("'<f4'", "'<f4"), "header: expected , or }, found fortran_order\\'"),
        (npy(usual, &floats(&[0.0; 4])), "numbers of the array: expected 12 bytes, found 16"),
        (npy(usual, &floats(&[0.0; 2])), "numbers of the array: expected 12 bytes, found 8"),
    ] {
        let error = folder.read(&bytes, 3).unwrap_err();
        assert!(error.to_string().contains(expected), "{expected}: {error}");
        assert!(!error.hint().is_empty());
    }
    let error = folder.read(&with("'<f4'", "'>f4'"), 3).unwrap_err();
    assert!(error.hint().contains("numpy.save(path, rows.astype(\"float32\"))"), "{}", error.hint());
}

#[test]
fn the_published_runtimes_pickle_is_refused_with_the_way_to_convert_it() {
    let folder = Folder::new("pickle");
    let error = folder.read(b"\x80\x04]\x94.", 3).unwrap_err();
    assert!(error.to_string().ends_with("expected NumPy's .npy format, found a Python pickle"), "{error}");
    assert!(error.hint().contains("gaitway record convert") && error.hint().contains("bytes.npy"));
    let error = folder.read(b"version https://git-lfs.github.com/spec/v1\nsize 7\n", 3).unwrap_err();
    assert!(error.to_string().contains("found a Git-LFS pointer") && error.hint().contains("git lfs pull"));
}

#[test]
fn damaged_files_never_panic() {
    let folder = Folder::new("fuzz");
    let total = iterations(8_000);
    let mut random = Random::new(5);
    let seeds = [
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", &floats(&[0.5; 6])),
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 3), }", &floats(&[0.5; 6])),
    ];
    let mut taken = 0;
    for at in 0..total {
        let mut bytes = seeds[at % 2].clone();
        for _ in 0..=random.below(3) {
            let place = random.below(bytes.len());
            let piece = place..(place + 1 + random.below(20)).min(bytes.len());
            match random.below(5) {
                0 => bytes[place] ^= 1 << random.below(8),
                1 => bytes[place] = b"0123456789{}()',: <f48"[random.below(22)],
                2 => drop(bytes.drain(piece)),
                3 => bytes.extend_from_within(piece),
                _ => bytes.truncate(place.max(1)),
            }
            if bytes.is_empty() {
                bytes.push(0);
            }
        }
        match folder.read(&bytes, 3) {
            Ok(read) => {
                assert!(read.len() <= bytes.len() && read.row(read.len()).is_none());
                taken += 1;
            }
            Err(error) => assert!(error.to_string().contains("bytes.npy: ") && !error.hint().is_empty()),
        }
    }
    println!("{taken} of {total} damaged files are still taken");
    assert!(total < 1000 || (total / 1000..total * 3 / 4).contains(&taken), "{taken} of {total}");
}

#[test]
fn what_the_loop_puts_is_in_the_file_in_its_order() {
    let folder = Folder::new("keeper");
    let path = folder.file("observations.npy");
    let (keeper, mut sink) = ObservationKeeper::start(&path, 3, 1000).unwrap();
    assert_eq!(keeper.part(), folder.file("observations.npy.part"));
    (0..900).for_each(|row| sink.put(&[row as f32, 0.5, -1.0]));
    // Of another width, and more than there can be room for.
    sink.put(&[0.0; 2]);
    assert_eq!(sink.dropped(), 1);
    drop(sink);
    assert_eq!(keeper.finish().unwrap(), 900);
    let read = read_observations(&path, 3).unwrap();
    assert!((0..900).all(|row| read.row(row) == Some(&[row as f32, 0.5, -1.0][..])));
}

#[test]
fn what_finds_no_room_is_counted_and_waits_for_nobody() {
    let folder = Folder::new("full");
    let (keeper, mut sink) = ObservationKeeper::start(&folder.file("o.npy"), 1000, 2).unwrap();
    (0..1_000_000).for_each(|_| sink.put(&[1.0; 1000]));
    let dropped = sink.dropped();
    drop(sink);
    assert_eq!(keeper.finish().unwrap() + dropped, 1_000_000);
    assert!(dropped > 0);
}
