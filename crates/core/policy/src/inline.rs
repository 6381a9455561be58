//! Weights that lie in files beside an ONNX file, brought into it. No other byte changes.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::error::OnnxError;
use crate::metadata::{self, KEY, VALUE};
use crate::proto::{
    self, ATTRIBUTE_TENSOR, GRAPH_INITIALIZER, GRAPH_NODE, MAX_FILE_BYTES, MODEL_GRAPH, NODE_ATTRIBUTE,
    TENSOR_DATA_LOCATION, TENSOR_EXTERNAL_DATA, TENSOR_NAME, TENSOR_RAW_DATA,
};
use crate::wire::{self, Field};

/// Hands out the content of a file beside the ONNX file, by its name; or why it cannot be had.
pub type ReadFile<'a> = dyn FnMut(&str) -> Result<Vec<u8>, String> + 'a;

/// The file with all tensors inside; its own bytes where all are.
///
/// # Errors
/// [`OnnxError::OtherFileOfTensor`] for a name that leads elsewhere than beside the file, for a file that cannot be had,
/// or that is too short.
pub fn inline<'a>(bytes: &'a [u8], read: &mut ReadFile<'_>) -> Result<Cow<'a, [u8]>, OnnxError> {
    let mut weights = Weights { read, files: BTreeMap::new(), read_bytes: 0, taken_bytes: 0 };
    changed(bytes, &mut |field| match field.number {
        MODEL_GRAPH => weights.graph(field.payload),
        _ => Ok(None),
    })
}

struct Weights<'a, 'b> {
    read: &'a mut ReadFile<'b>,
    /// Content of the files that were read, by their name.
    files: BTreeMap<String, Vec<u8>>,
    read_bytes: u64,
    taken_bytes: u64,
}

impl Weights<'_, '_> {
    fn graph(&mut self, graph: &[u8]) -> Result<Option<Vec<u8>>, OnnxError> {
        inside(graph, &mut |field| match field.number {
            GRAPH_INITIALIZER => self.tensor(field.payload),
            GRAPH_NODE => self.node(field.payload),
            _ => Ok(None),
        })
    }

    fn node(&mut self, node: &[u8]) -> Result<Option<Vec<u8>>, OnnxError> {
        inside(node, &mut |field| match field.number {
            NODE_ATTRIBUTE => self.attribute(field.payload),
            _ => Ok(None),
        })
    }

    fn attribute(&mut self, attribute: &[u8]) -> Result<Option<Vec<u8>>, OnnxError> {
        inside(attribute, &mut |field| match field.number {
            ATTRIBUTE_TENSOR => self.tensor(field.payload),
            _ => Ok(None),
        })
    }

    /// The tensor with its data inside; `None` where it has them.
    fn tensor(&mut self, tensor: &[u8]) -> Result<Option<Vec<u8>>, OnnxError> {
        if !metadata::is_elsewhere(tensor)? {
            return Ok(None);
        }
        let (mut name, mut place, mut rest) = (String::new(), BTreeMap::new(), Vec::new());
        for field in wire::fields(tensor) {
            let field = field?;
            match field.number {
                TENSOR_EXTERNAL_DATA => {
                    let (key, value) = entry(field.payload)?;
                    place.insert(key, value);
                }
                TENSOR_DATA_LOCATION | TENSOR_RAW_DATA => {}
                number => {
                    if number == TENSOR_NAME {
                        name = text(field.payload);
                    }
                    rest.extend_from_slice(field.raw);
                }
            }
        }
        let data = self.data(&name, &place)?;
        wire::push_field(&mut rest, TENSOR_RAW_DATA, data);
        Ok(Some(rest))
    }

    /// What the place of a tensor's data holds.
    fn data(&mut self, tensor: &str, place: &BTreeMap<String, String>) -> Result<&[u8], OnnxError> {
        let wrong = |reason: String| OnnxError::OtherFileOfTensor { tensor: tensor.to_owned(), reason };
        let location = place.get("location").ok_or_else(|| wrong("it names no file".to_owned()))?;
        if !is_beside(location) {
            return Err(wrong(format!("{location:?} is not beside the file")));
        }
        if !self.files.contains_key(location) {
            let content = (self.read)(location).map_err(wrong)?;
            self.read_bytes = self.read_bytes.saturating_add(content.len() as u64);
            proto::limit("bytes in the files of the weights", MAX_FILE_BYTES, self.read_bytes)?;
            self.files.insert(location.clone(), content);
        }
        let content = self.files.get(location).map(Vec::as_slice).unwrap_or_default();
        let number = |key: &str, otherwise: usize| match place.get(key) {
            None => Ok(otherwise),
            Some(text) => text.parse::<usize>().map_err(|_| wrong(format!("its {key} is {text:?}"))),
        };
        let offset = number("offset", 0)?;
        let length = number("length", content.len().saturating_sub(offset))?;
        self.taken_bytes = self.taken_bytes.saturating_add(length as u64);
        proto::limit("bytes of weights in other files", MAX_FILE_BYTES, self.taken_bytes)?;
        let end = offset.checked_add(length).filter(|end| *end <= content.len());
        let too_short = || {
            wrong(format!("{location:?} has {} bytes, and {length} from {offset} are asked", content.len()))
        };
        Ok(&content[offset..end.ok_or_else(too_short)?])
    }
}

/// A name of a file in the same folder or below it, on every system.
fn is_beside(location: &str) -> bool {
    let is_plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    location.split('/').all(is_plain) && !location.contains(['\\', ':', '\0'])
}

/// What becomes of a field: another payload, or none where it stays.
type Change<'a> = dyn FnMut(&Field<'_>) -> Result<Option<Vec<u8>>, OnnxError> + 'a;

/// A message with some of its fields replaced; its own bytes where none is.
fn changed<'a>(message: &'a [u8], change: &mut Change<'_>) -> Result<Cow<'a, [u8]>, OnnxError> {
    let mut out: Option<Vec<u8>> = None;
    let mut len = 0;
    for field in wire::fields(message) {
        let field = field?;
        match change(&field)? {
            Some(payload) => {
                let out = out.get_or_insert_with(|| message[..len].to_vec());
                wire::push_field(out, field.number, &payload);
            }
            None => {
                if let Some(out) = &mut out {
                    out.extend_from_slice(field.raw);
                }
            }
        }
        len += field.raw.len();
    }
    Ok(out.map_or(Cow::Borrowed(message), Cow::Owned))
}

/// [`changed`]; `None` where nothing is.
fn inside(message: &[u8], change: &mut Change<'_>) -> Result<Option<Vec<u8>>, OnnxError> {
    Ok(match changed(message, change)? {
        Cow::Borrowed(_) => None,
        Cow::Owned(message) => Some(message),
    })
}

fn entry(message: &[u8]) -> Result<(String, String), OnnxError> {
    Ok((text(metadata::last_payload(message, KEY)?), text(metadata::last_payload(message, VALUE)?)))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
