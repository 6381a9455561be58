//! Pickles written by hand, opcode by opcode, and those numpy wrote.

#![allow(dead_code, reason = "each test file uses a part")]

/// What `write.py` beside this file wrote, protocols 2 to 5.
pub const BY_NUMPY: [&[u8]; 4] = [
    include_bytes!("protocol_2.pkl"),
    include_bytes!("protocol_3.pkl"),
    include_bytes!("protocol_4.pkl"),
    include_bytes!("protocol_5.pkl"),
];

/// A whole file: protocol, one value, end.
pub fn file(protocol: u8, value: &[u8]) -> Vec<u8> {
    [&[0x80, protocol], value, b"."].concat()
}

pub fn text(text: &str) -> Vec<u8> {
    [b"X", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat()
}

pub fn short_text(text: &str) -> Vec<u8> {
    [&[0x8c, text.len() as u8], text.as_bytes()].concat()
}

pub fn float(number: f64) -> Vec<u8> {
    [b"G", &number.to_be_bytes()[..]].concat()
}

pub fn int(number: i32) -> Vec<u8> {
    [b"J", &number.to_le_bytes()[..]].concat()
}

/// A numpy scalar of type `dtype` in byte order `order`.
pub fn scalar(module: &str, dtype: &str, order: &str, bytes: [u8; 8]) -> Vec<u8> {
    let globals = [format!("c{module}\nscalar\n").as_bytes(), b"cnumpy\ndtype\n"].concat();
    let made = [text(dtype), b"\x89\x88\x87R".to_vec()].concat();
    let state = [b"(K\x03", &short_text(order)[..], b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"].concat();
    [globals, made, state, b"C\x08".to_vec(), bytes.to_vec(), b"\x86R".to_vec()].concat()
}

pub fn dict(pairs: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let pairs: Vec<u8> = pairs.iter().flat_map(|(key, value)| [text(key), value.clone()].concat()).collect();
    [b"}(", &pairs[..], b"u"].concat()
}

/// An entry as the published file has it, with one coefficient.
pub fn entry(period: Vec<u8>, fps: Vec<u8>, steps: Vec<u8>) -> Vec<u8> {
    let coefficients = dict(&[("dim_0", [b"](", &float(0.25)[..], b"e"].concat())]);
    dict(&[("coefficients", coefficients), ("period", period), ("fps", fps), ("nb_steps_in_period", steps)])
}

/// A usual entry.
pub fn usual() -> Vec<u8> {
    entry(float(0.54), int(50), int(27))
}

/// A file of two usual entries, of which `edited` is the second.
pub fn second(edited: Vec<u8>) -> Vec<u8> {
    file(4, &dict(&[("0.074_0.037_0.185", usual()), ("0.148_0.037_0.185", edited)]))
}
