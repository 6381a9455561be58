//! An ONNX file at wire level: what kind of file it is, whether it is whole, and its `metadata_props`, read and
//! spliced so that no other byte ever changes.

use gaitway_filekind::FileKind;
use sha2::{Digest, Sha256};

use crate::error::OnnxError;
use crate::proto::{
    ATTRIBUTE_TENSOR, GRAPH_INITIALIZER, GRAPH_NODE, MODEL_GRAPH, NODE_ATTRIBUTE, TENSOR_DATA_LOCATION,
    TENSOR_NAME,
};
use crate::wire::{self, Field};

/// Graphs of branches and loops inside each other.
const MAX_DEPTH: usize = 8;
/// `ModelProto.functions`, their nodes, and what an attribute may have beside a tensor.
const MODEL_FUNCTIONS: u64 = 25;
const FUNCTION_NODE: u64 = 7;
const ATTRIBUTE_GRAPH: u64 = 6;
const ATTRIBUTE_TENSORS: u64 = 10;
const ATTRIBUTE_GRAPHS: u64 = 11;
/// `ModelProto.metadata_props`, and in an entry, as in those of external data, its key and value.
const METADATA_PROPS: u64 = 14;
pub(crate) const KEY: u64 = 1;
pub(crate) const VALUE: u64 = 2;

/// Refuses files that are known to be something else. A parser would say at which byte one is no ONNX, and of an empty
/// one not even that.
///
/// # Errors
/// [`OnnxError::OtherFile`], which names what it is.
pub fn refuse_other_files(bytes: &[u8]) -> Result<(), OnnxError> {
    match FileKind::of(bytes) {
        FileKind::Onnx | FileKind::Unknown => Ok(()),
        found => Err(OnnxError::OtherFile { found }),
    }
}

/// Refuses a network of which a tensor lies in another file: a hash of this one would not tell its weights.
///
/// # Errors
/// [`OnnxError::ExternalData`], which names the first such tensor.
pub fn refuse_data_elsewhere(bytes: &[u8]) -> Result<(), OnnxError> {
    inside(bytes, MODEL_GRAPH).try_for_each(|graph| refuse_in_graph(graph?, 0))?;
    inside(bytes, MODEL_FUNCTIONS).try_for_each(|function| refuse_in_nodes(function?, FUNCTION_NODE, 0))
}

/// A graph, the branches of its nodes included.
fn refuse_in_graph(graph: &[u8], depth: usize) -> Result<(), OnnxError> {
    if depth > MAX_DEPTH {
        return Err(OnnxError::Malformed {
            reason: format!("more than {MAX_DEPTH} graphs inside each other"),
        });
    }
    inside(graph, GRAPH_INITIALIZER).try_for_each(|tensor| refuse_external(tensor?))?;
    refuse_in_nodes(graph, GRAPH_NODE, depth)
}

fn refuse_in_nodes(nodes: &[u8], number: u64, depth: usize) -> Result<(), OnnxError> {
    for node in inside(nodes, number) {
        for attribute in inside(node?, NODE_ATTRIBUTE) {
            let attribute = attribute?;
            for tensors in [ATTRIBUTE_TENSOR, ATTRIBUTE_TENSORS] {
                inside(attribute, tensors).try_for_each(|tensor| refuse_external(tensor?))?;
            }
            for graphs in [ATTRIBUTE_GRAPH, ATTRIBUTE_GRAPHS] {
                inside(attribute, graphs).try_for_each(|graph| refuse_in_graph(graph?, depth + 1))?;
            }
        }
    }
    Ok(())
}

/// Whether the data of a tensor lie in another file.
pub(crate) fn is_elsewhere(tensor: &[u8]) -> Result<bool, OnnxError> {
    /// `TensorProto.DataLocation.EXTERNAL`, as a varint.
    const EXTERNAL: [u8; 1] = [1];
    let mut is_elsewhere = false;
    for field in wire::fields(tensor) {
        let field = field?;
        if field.number == TENSOR_DATA_LOCATION {
            is_elsewhere = field.raw[1..] == EXTERNAL;
        }
    }
    Ok(is_elsewhere)
}

/// The messages that the fields of this number hold.
fn inside(message: &[u8], number: u64) -> impl Iterator<Item = Result<&[u8], OnnxError>> {
    let fields = wire::fields(message)
        .filter(move |field| field.as_ref().map_or(true, |field| field.number == number));
    fields.map(|field| field.map(|field| field.payload))
}

fn refuse_external(tensor: &[u8]) -> Result<(), OnnxError> {
    if !is_elsewhere(tensor)? {
        return Ok(());
    }
    let name = String::from_utf8_lossy(last_payload(tensor, TENSOR_NAME)?).into_owned();
    Err(OnnxError::ExternalData { tensor: name })
}

/// The value of `key`, the last one where the file has several; `None` where it has none.
///
/// # Errors
/// [`OnnxError::Malformed`] where the bytes are no protobuf message or the value is not UTF-8.
pub fn read(bytes: &[u8], key: &str) -> Result<Option<String>, OnnxError> {
    let mut found = None;
    for field in wire::fields(bytes) {
        let field = field?;
        if entry_key(&field)? == Some(key.as_bytes()) {
            found = Some(last_payload(field.payload, VALUE)?);
        }
    }
    found.map(|value| utf8(key, value)).transpose()
}

/// The file with these entries at its end, instead of any of the same keys.
///
/// # Errors
/// [`OnnxError::Malformed`] where the bytes are no protobuf message.
pub fn write(bytes: &[u8], entries: &[(&str, &str)]) -> Result<Vec<u8>, OnnxError> {
    let replaced = |key: &[u8]| entries.iter().any(|(new, _)| new.as_bytes() == key);
    let mut out = Vec::with_capacity(bytes.len());
    visit_without(bytes, replaced, |raw| out.extend_from_slice(raw))?;
    for (key, value) in entries {
        let mut entry = Vec::new();
        wire::push_field(&mut entry, KEY, key.as_bytes());
        wire::push_field(&mut entry, VALUE, value.as_bytes());
        wire::push_field(&mut out, METADATA_PROPS, &entry);
    }
    Ok(out)
}

/// SHA-256, in lower-case hex, of the file without the entries whose key begins with `prefix`.
///
/// For a file that [`write()`] put such entries into, that is the plain SHA-256 of the file before.
///
/// # Errors
/// [`OnnxError::Malformed`] where the bytes are no protobuf message.
pub fn weights_sha256(bytes: &[u8], prefix: &str) -> Result<String, OnnxError> {
    let mut hash = Sha256::new();
    visit_without(bytes, |key| key.starts_with(prefix.as_bytes()), |raw| hash.update(raw))?;
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Hands on every field of the file but the metadata entries whose key is to be dropped.
fn visit_without(
    bytes: &[u8],
    dropped: impl Fn(&[u8]) -> bool,
    mut visit: impl FnMut(&[u8]),
) -> Result<(), OnnxError> {
    for field in wire::fields(bytes) {
        let field = field?;
        if !entry_key(&field)?.is_some_and(&dropped) {
            visit(field.raw);
        }
    }
    Ok(())
}

/// The key where the field is a metadata entry; an entry without one has the empty key.
fn entry_key<'a>(field: &Field<'a>) -> Result<Option<&'a [u8]>, OnnxError> {
    if field.number == METADATA_PROPS { last_payload(field.payload, KEY).map(Some) } else { Ok(None) }
}

pub(crate) fn last_payload(message: &[u8], number: u64) -> Result<&[u8], OnnxError> {
    let mut payload: &[u8] = &[];
    for field in wire::fields(message) {
        let field = field?;
        if field.number == number {
            payload = field.payload;
        }
    }
    Ok(payload)
}

fn utf8(key: &str, value: &[u8]) -> Result<String, OnnxError> {
    String::from_utf8(value.to_vec())
        .map_err(|_| OnnxError::Malformed { reason: format!("the metadata value of {key:?} is not UTF-8") })
}
