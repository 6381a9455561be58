//! Metadata is spliced at wire level: the weights' bytes never change.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{Message, REAL_FILES, node, real_file, synthetic, x_to_y};
use gaitway_policy::{OnnxError, Plan, metadata};
use sha2::{Digest, Sha256};

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn entries_are_written_read_and_replaced() {
    let bare = synthetic();
    assert_eq!(metadata::read(&bare, "gaitway.contract"), Ok(None));
    let once = metadata::write(&bare, &[("gaitway.contract", "{\"é\": 1}"), ("author", "me")]).unwrap();
    assert_eq!(metadata::read(&once, "gaitway.contract").unwrap().unwrap(), "{\"é\": 1}");
    let twice = metadata::write(&once, &[("gaitway.contract", "2")]).unwrap();
    assert_eq!(metadata::read(&twice, "gaitway.contract").unwrap().unwrap(), "2");
    assert_eq!(metadata::read(&twice, "author").unwrap().unwrap(), "me");
    assert_eq!(metadata::write(&bare, &[]).unwrap(), bare);
    assert!(once.starts_with(&bare));
    assert!(Plan::from_onnx(&twice).is_ok());
}

#[test]
fn the_hash_is_that_of_the_bare_file() {
    let files = REAL_FILES.into_iter().filter_map(real_file).chain([synthetic()]);
    for bare in files {
        assert_eq!(metadata::weights_sha256(&bare, "gaitway.").unwrap(), sha256(&bare));
        let long = "x".repeat(100_000);
        let marked = metadata::write(&bare, &[("gaitway.a", &long), ("gaitway.b", "")]).unwrap();
        assert_ne!(sha256(&marked), sha256(&bare));
        assert_eq!(metadata::weights_sha256(&marked, "gaitway.").unwrap(), sha256(&bare));
        let authored = metadata::write(&bare, &[("author", "me")]).unwrap();
        assert_eq!(metadata::weights_sha256(&authored, "gaitway.").unwrap(), sha256(&authored));
    }
}

#[test]
fn damaged_bytes_are_refused() {
    let entry = Message::default().text(1, "key").bytes(2, &[0xff, 0xfe]);
    let not_utf8 = Message::default().message(14, &entry).0;
    for bytes in [&[0x72, 0x05, 0x0a][..], &[0xff; 12], &[0x00], &[0x0b]] {
        assert!(matches!(metadata::read(bytes, "key"), Err(OnnxError::Malformed { .. })));
        assert!(matches!(metadata::write(bytes, &[]), Err(OnnxError::Malformed { .. })));
        assert!(matches!(metadata::weights_sha256(bytes, ""), Err(OnnxError::Malformed { .. })));
    }
    assert!(matches!(metadata::read(&not_utf8, "key"), Err(OnnxError::Malformed { .. })));
}

#[test]
fn data_in_another_file_is_named_wherever_its_tensor_is() {
    let elsewhere = common::tensor_head("w", &[1], common::FLOAT)
        .message(13, &Message::default().text(1, "location").text(2, "policy.onnx.data"))
        .int(14, 1);
    let error = OnnxError::ExternalData { tensor: "w".to_owned() };
    let initializer = x_to_y(1, 1, &[node("Relu", &["x"], &["y"])], std::slice::from_ref(&elsewhere));
    assert_eq!(metadata::refuse_data_elsewhere(&initializer), Err(error.clone()));
    let attribute = Message::default().text(1, "value").message(5, &elsewhere);
    let constant = x_to_y(1, 1, &[node("Constant", &[], &["y"]).message(5, &attribute)], &[]);
    assert_eq!(metadata::refuse_data_elsewhere(&constant), Err(error));
    // In a branch, in a list of tensors, in a function of the file; and one whose place is a leftover.
    let branch = Message::default().message(5, &elsewhere);
    for attribute in [
        Message::default().message(6, &branch),
        Message::default().message(11, &branch),
        Message::default().message(10, &elsewhere),
    ] {
        let hidden = x_to_y(1, 1, &[node("If", &["x"], &["y"]).message(5, &attribute)], &[]);
        assert_eq!(
            metadata::refuse_data_elsewhere(&hidden),
            Err(OnnxError::ExternalData { tensor: "w".to_owned() })
        );
        let function = Message::default().message(7, &node("Constant", &[], &["y"]).message(5, &attribute));
        let file = Message::default().message(25, &function).0;
        assert_eq!(
            metadata::refuse_data_elsewhere(&file),
            Err(OnnxError::ExternalData { tensor: "w".to_owned() })
        );
    }
    let inside = elsewhere.clone().int(14, 0);
    assert_eq!(metadata::refuse_data_elsewhere(&x_to_y(1, 1, &[], &[inside])), Ok(()));
    let mut deep = Message::default();
    for _ in 0..10 {
        let attribute = Message::default().message(6, &deep);
        deep = Message::default().message(1, &node("If", &["x"], &["y"]).message(5, &attribute));
    }
    let deep = Message::default().message(7, &deep).0;
    assert!(matches!(metadata::refuse_data_elsewhere(&deep), Err(OnnxError::Malformed { .. })));
    for whole in REAL_FILES.into_iter().filter_map(real_file).chain([synthetic()]) {
        assert_eq!(metadata::refuse_data_elsewhere(&whole), Ok(()));
    }
    assert!(matches!(metadata::refuse_data_elsewhere(b"\x3a\x05"), Err(OnnxError::Malformed { .. })));
}
