//! The one canonical form: RFC 8785 text and its sha256.

use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// Canonical JSON of `value`; the error says what cannot be written, a number that is not finite for example.
pub fn to_json<T: Serialize>(value: &T) -> Result<String, String> {
    serde_json_canonicalizer::to_string(value).map_err(|error| error.to_string())
}

/// sha256 of `bytes` in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_of_nothing_is_the_published_one() {
        assert_eq!(sha256_hex(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    #[test]
    fn keys_are_sorted_and_numbers_have_one_form() {
        let value = serde_json::json!({"b": 1.0, "a": 1e21, "c": [0.1, 100, 1e-7]});
        assert_eq!(to_json(&value).unwrap(), r#"{"a":1e+21,"b":1,"c":[0.1,100,1e-7]}"#);
    }
}
