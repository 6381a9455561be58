//! A channel between two who have the same key: authenticated and encrypted, over any stream. Bytes in, bytes out; it
//! opens no socket.
//!
//! `Noise_NNpsk0_25519_ChaChaPoly_BLAKE2s`: who lacks the key gets no answer, and what was recorded cannot be read with
//! the key later, nor be sent again. A frame is its length, two bytes with the high one first, and a Noise message.

use gaitway_gamepad::seal::{Key, SIGNATURE_LEN};
use snow::{Builder, HandshakeState, TransportState};
use thiserror::Error;

const PATTERN: &str = "Noise_NNpsk0_25519_ChaChaPoly_BLAKE2s";
/// What the key is for: that of a remote gamepad signs datagrams, and is never used for two things as it is.
const PURPOSE: &[u8] = b"gaitway local API 1";
/// Longest Noise message, bytes, and what of it is no content.
const MAX_MESSAGE: usize = 65_535;
const TAG_LEN: usize = 16;
/// Longest message of a handshake: a public key and a tag.
const MAX_HANDSHAKE: usize = 64;
const LENGTH_LEN: usize = 2;

/// What ends a channel.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum SecureError {
    /// The other side has another key, or somebody changed what it sent.
    #[error("expected a message made with the same pairing key, found another")]
    NotOurs,
    /// No handshake is so long.
    #[error("expected a handshake of at most {MAX_HANDSHAKE} bytes, found one of {0}")]
    TooLong(usize),
    /// The library refuses.
    #[error("the secure channel failed: {0}")]
    Failed(String),
}

impl SecureError {
    /// What the person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            SecureError::NotOurs | SecureError::TooLong(_) => {
                "copy the robot's key file to this side: gaitway pad pair makes one"
            }
            SecureError::Failed(_) => "connect again; if it comes back, please report it",
        }
    }
}

/// One side of a channel.
#[derive(Debug)]
pub struct SecureChannel {
    state: State,
    received: Vec<u8>,
    /// Something came that only who has the key can have sent in this connection.
    is_authenticated: bool,
}

#[derive(Debug)]
enum State {
    /// Boxed: it is ten times as large as what follows.
    Handshake(Box<HandshakeState>),
    Open(Box<TransportState>),
    /// Between the two, and after an error.
    Closed,
}

impl SecureChannel {
    /// The side that is called.
    pub fn answering(key: &Key) -> Result<SecureChannel, SecureError> {
        SecureChannel::new(key, |builder| builder.build_responder())
    }

    /// The side that calls, and the first bytes it sends.
    pub fn calling(key: &Key) -> Result<(SecureChannel, Vec<u8>), SecureError> {
        let mut channel = SecureChannel::new(key, |builder| builder.build_initiator())?;
        let mut first = Vec::new();
        channel.shake(&mut first)?;
        Ok((channel, first))
    }

    fn new(
        key: &Key,
        build: impl FnOnce(Builder<'_>) -> Result<HandshakeState, snow::Error>,
    ) -> Result<SecureChannel, SecureError> {
        let secret = derived(key);
        let builder = Builder::new(PATTERN.parse().map_err(failed)?);
        let state = builder.psk(0, &secret).and_then(build).map_err(failed)?;
        let state = State::Handshake(Box::new(state));
        Ok(SecureChannel { state, received: Vec::new(), is_authenticated: false })
    }

    /// True once content can be sent. The side that is called knows only then that the other one has the key when
    /// content has come: [`SecureChannel::is_authenticated`].
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    /// True once the other side has sent content: a handshake that somebody recorded and sends again ends before.
    pub fn is_authenticated(&self) -> bool {
        self.is_authenticated
    }

    /// Takes what has come: its content goes behind `content`, and what is to be answered behind `answer`.
    ///
    /// # Errors
    /// Whatever was not made with the same key. The channel is closed then.
    pub fn take(
        &mut self,
        bytes: &[u8],
        content: &mut Vec<u8>,
        answer: &mut Vec<u8>,
    ) -> Result<(), SecureError> {
        self.received.extend_from_slice(bytes);
        let taken = self.take_frames(content, answer);
        if taken.is_err() {
            self.state = State::Closed;
        }
        taken
    }

    fn take_frames(&mut self, content: &mut Vec<u8>, answer: &mut Vec<u8>) -> Result<(), SecureError> {
        while let Some(([high, low], rest)) = self.received.split_first_chunk::<LENGTH_LEN>() {
            let len = usize::from(u16::from_be_bytes([*high, *low]));
            if !self.is_open() && len > MAX_HANDSHAKE {
                return Err(SecureError::TooLong(len));
            }
            let Some(message) = rest.get(..len).map(<[u8]>::to_vec) else { break };
            self.received.drain(..LENGTH_LEN + len);
            self.take_message(&message, content, answer)?;
        }
        Ok(())
    }

    fn take_message(
        &mut self,
        message: &[u8],
        content: &mut Vec<u8>,
        answer: &mut Vec<u8>,
    ) -> Result<(), SecureError> {
        let mut plain = vec![0; message.len()];
        match &mut self.state {
            State::Open(transport) => {
                let len = transport.read_message(message, &mut plain).map_err(|_| SecureError::NotOurs)?;
                content.extend_from_slice(&plain[..len]);
                self.is_authenticated = true;
            }
            State::Handshake(handshake) => {
                handshake.read_message(message, &mut plain).map_err(|_| SecureError::NotOurs)?;
                if handshake.is_my_turn() && !handshake.is_handshake_finished() {
                    self.shake(answer)?;
                }
                self.open_when_done()?;
            }
            State::Closed => return Err(SecureError::Failed("it is closed".to_owned())),
        }
        Ok(())
    }

    /// Puts content behind `to`, as it is to be sent.
    ///
    /// # Errors
    /// A channel that is not open.
    pub fn seal(&mut self, content: &[u8], to: &mut Vec<u8>) -> Result<(), SecureError> {
        let State::Open(transport) = &mut self.state else {
            return Err(SecureError::Failed("it is not open".to_owned()));
        };
        for part in content.chunks(MAX_MESSAGE - TAG_LEN) {
            let mut message = vec![0; part.len() + TAG_LEN];
            let len = transport.write_message(part, &mut message).map_err(failed)?;
            frame(&message[..len], to);
        }
        Ok(())
    }

    fn shake(&mut self, to: &mut Vec<u8>) -> Result<(), SecureError> {
        let State::Handshake(handshake) = &mut self.state else { return Ok(()) };
        let mut message = [0; MAX_HANDSHAKE];
        let len = handshake.write_message(&[], &mut message).map_err(failed)?;
        frame(&message[..len], to);
        Ok(())
    }

    fn open_when_done(&mut self) -> Result<(), SecureError> {
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Handshake(handshake) if handshake.is_handshake_finished() => {
                self.state = State::Open(Box::new(handshake.into_transport_mode().map_err(failed)?));
            }
            other => self.state = other,
        }
        Ok(())
    }
}

/// A key for this purpose alone.
fn derived(key: &Key) -> [u8; SIGNATURE_LEN] {
    let mut signed = [0; PURPOSE.len() + SIGNATURE_LEN];
    signed[..PURPOSE.len()].copy_from_slice(PURPOSE);
    key.sign(&mut signed);
    std::array::from_fn(|index| signed[PURPOSE.len() + index])
}

fn frame(message: &[u8], to: &mut Vec<u8>) {
    // No Noise message is longer than what two bytes count.
    to.extend_from_slice(&(message.len() as u16).to_be_bytes());
    to.extend_from_slice(message);
}

fn failed(error: snow::Error) -> SecureError {
    SecureError::Failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(key: &Key, other: &Key) -> Result<(SecureChannel, SecureChannel), SecureError> {
        let (mut calling, first) = SecureChannel::calling(key)?;
        let mut answering = SecureChannel::answering(other)?;
        let (mut content, mut answer, mut nothing) = (Vec::new(), Vec::new(), Vec::new());
        answering.take(&first, &mut content, &mut answer)?;
        calling.take(&answer, &mut content, &mut nothing)?;
        assert!(content.is_empty() && nothing.is_empty());
        Ok((calling, answering))
    }

    #[test]
    fn content_comes_out_as_it_went_in_in_whatever_pieces() {
        let key = Key::new(&[7; 32]);
        let (mut calling, mut answering) = pair(&key, &key).unwrap();
        assert!(calling.is_open() && answering.is_open() && !answering.is_authenticated());
        let said: Vec<u8> = (0..200_000_u32).map(|number| number as u8).collect();
        let (mut sealed, mut heard, mut answer) = (Vec::new(), Vec::new(), Vec::new());
        calling.seal(&said, &mut sealed).unwrap();
        assert!(sealed.windows(64).all(|window| window != &said[..64]), "nobody can read it");
        for piece in sealed.chunks(777) {
            answering.take(piece, &mut heard, &mut answer).unwrap();
        }
        assert!(heard == said && answer.is_empty() && answering.is_authenticated());
        let (mut back, mut content) = (Vec::new(), Vec::new());
        answering.seal(b"yes\n", &mut back).unwrap();
        calling.take(&back, &mut content, &mut answer).unwrap();
        assert_eq!(content, b"yes\n");
    }

    #[test]
    fn another_key_a_changed_byte_and_a_frame_sent_again_close_it() {
        let (key, other) = (Key::new(&[7; 32]), Key::new(&[8; 32]));
        assert_eq!(pair(&key, &other).unwrap_err(), SecureError::NotOurs);
        let (mut calling, mut answering) = pair(&key, &key).unwrap();
        let (mut sealed, mut content, mut answer) = (Vec::new(), Vec::new(), Vec::new());
        calling.seal(b"stop", &mut sealed).unwrap();
        answering.take(&sealed, &mut content, &mut answer).unwrap();
        assert_eq!(answering.take(&sealed, &mut content, &mut answer), Err(SecureError::NotOurs), "a replay");
        assert!(!answering.is_open() && content == b"stop");
        let (mut calling, mut answering) = pair(&key, &key).unwrap();
        let mut sealed = Vec::new();
        calling.seal(b"stop", &mut sealed).unwrap();
        sealed[5] ^= 1;
        assert_eq!(answering.take(&sealed, &mut content, &mut answer), Err(SecureError::NotOurs));
        assert!(answering.seal(b"x", &mut answer).is_err(), "it stays closed");
    }

    #[test]
    fn a_handshake_sent_again_opens_nothing_that_hears() {
        let key = Key::new(&[7; 32]);
        let (_, first) = SecureChannel::calling(&key).unwrap();
        let (mut content, mut answer) = (Vec::new(), Vec::new());
        let mut answering = SecureChannel::answering(&key).unwrap();
        answering.take(&first, &mut content, &mut answer).unwrap();
        assert!(!answering.is_authenticated());
        // Who recorded it lacks the secret that was made up for it: whatever they send next is refused.
        assert_eq!(answering.take(&[0, 17].repeat(10), &mut content, &mut answer), Err(SecureError::NotOurs));
        let mut answering = SecureChannel::answering(&key).unwrap();
        let long = answering.take(b"GET / HTTP/1.1\r\n\r\n", &mut content, &mut answer);
        assert_eq!(long, Err(SecureError::TooLong(18245)));
        assert!(content.is_empty());
    }
}
