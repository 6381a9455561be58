//! The secret that a robot and a pad elsewhere share, and the signature that shows that a datagram is of somebody who
//! has it: HMAC-SHA256.

use hmac::digest::array::Array;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt::{self, Debug, Formatter};

/// Bytes of a secret.
pub const KEY_LEN: usize = 32;
/// Bytes of a signature.
pub const SIGNATURE_LEN: usize = 32;
/// SHA-256's block: what is shorter is filled up with zeros, says the standard.
const BLOCK_LEN: usize = 64;

/// A shared secret.
#[derive(Clone)]
pub struct Key(Hmac<Sha256>);

impl Key {
    /// The key of this secret.
    pub fn new(secret: &[u8; KEY_LEN]) -> Key {
        let mut block = [0; BLOCK_LEN];
        block[..KEY_LEN].copy_from_slice(secret);
        Key::of_block(block)
    }

    /// The empty key, which everybody has: for datagrams that never leave the machine.
    pub fn open() -> Key {
        Key::of_block([0; BLOCK_LEN])
    }

    fn of_block(block: [u8; BLOCK_LEN]) -> Key {
        Key(Hmac::new(&Array::from(block)))
    }

    /// Signs what stands before the signature, which is the end of `datagram`.
    pub fn sign(&self, datagram: &mut [u8]) {
        if let Some((content, signature)) = datagram.split_last_chunk_mut::<SIGNATURE_LEN>() {
            *signature = self.0.clone().chain_update(&*content).finalize().into_bytes().into();
        }
    }

    /// What stands before the signature at the end of `datagram`, where it is this key's. It takes as long for every
    /// wrong one.
    pub fn open_signed<'a>(&self, datagram: &'a [u8]) -> Option<&'a [u8]> {
        let (content, signature) = datagram.split_last_chunk::<SIGNATURE_LEN>()?;
        let is_ours = self.0.clone().chain_update(content).verify_slice(signature).is_ok();
        is_ours.then_some(content)
    }
}

impl Debug for Key {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        to.write_str("Key(..)")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_standards() {
        // RFC 4231, test case 1, whose key of 20 bytes is filled up with zeros.
        let mut secret = [0; KEY_LEN];
        secret[..20].fill(0x0b);
        let mut datagram = Vec::from(*b"Hi There");
        datagram.extend([0; SIGNATURE_LEN]);
        Key::new(&secret).sign(&mut datagram);
        let expected = [
            0xb0, 0x34, 0x4c, 0x61, 0xd8, 0xdb, 0x38, 0x53, 0x5c, 0xa8, 0xaf, 0xce, 0xaf, 0x0b, 0xf1, 0x2b,
            0x88, 0x1d, 0xc2, 0x00, 0xc9, 0x83, 0x3d, 0xa7, 0x26, 0xe9, 0x37, 0x6c, 0x2e, 0x32, 0xcf, 0xf7,
        ];
        assert_eq!(datagram[8..], expected);
        assert_eq!(Key::new(&secret).open_signed(&datagram).unwrap(), b"Hi There");
        assert_eq!(Key::open().open_signed(&datagram), None);
        assert_eq!(Key::new(&secret).open_signed(&datagram[..31]), None);
    }
}
