//! Tensors as the file holds them, checked and decoded.

use std::rc::Rc;

use crate::error::OnnxError;
use crate::proto;

/// Far more than a file of the largest size may hold.
const MAX_ELEMENTS: usize = 1 << 28;
/// ONNX's numbers for types.
pub const FLOAT: i32 = 1;
pub const INT64: i32 = 7;
pub const BOOL: i32 = 9;
pub const FLOAT16: i32 = 10;
/// `TensorProto.DataLocation.EXTERNAL`.
const EXTERNAL: i32 = 1;

/// A constant's numbers; shared, because values are cheap to clone.
#[derive(Debug, Clone)]
pub enum Numbers {
    Floats(Rc<[f32]>),
    Ints(Rc<[i64]>),
}

/// Checks a tensor's dimensions against its data and decodes it; `name` is what errors call it. Its numbers may be
/// anything: an infinite one is a bound of Clip, or wrong.
pub fn decode(tensor: &proto::Tensor, name: &str) -> Result<(Vec<usize>, Numbers), OnnxError> {
    if tensor.data_location == EXTERNAL {
        return Err(OnnxError::ExternalData { tensor: name.to_owned() });
    }
    let (dims, elements) = dimensions(tensor, name)?;
    let numbers = match tensor.data_type {
        FLOAT => Numbers::Floats(floats(tensor, name, elements)?),
        FLOAT16 => Numbers::Floats(halves(tensor, name, elements)?),
        BOOL => Numbers::Floats(booleans(tensor, name, elements)?),
        INT64 => Numbers::Ints(ints(tensor, name, elements)?),
        other => return Err(unsupported(name, other)),
    };
    Ok((dims, numbers))
}

/// Refuses every type of input and output but float32, and float16, which is computed as float32.
pub fn require_float(name: &str, data_type: i32) -> Result<(), OnnxError> {
    if matches!(data_type, FLOAT | FLOAT16) { Ok(()) } else { Err(unsupported(name, data_type)) }
}

/// Refuses infinities and NaN.
pub fn require_finite(name: &str, values: &[f32]) -> Result<(), OnnxError> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => {
            Err(OnnxError::NotFinite { tensor: name.to_owned(), index, value: values[index].to_string() })
        }
        None => Ok(()),
    }
}

/// The dimensions and their product. Checked against the data before anything of that size is made.
fn dimensions(tensor: &proto::Tensor, name: &str) -> Result<(Vec<usize>, usize), OnnxError> {
    proto::limit_rank(name, tensor.dims.len())?;
    let size_error = || OnnxError::TensorSize {
        tensor: name.to_owned(),
        dims: format!("{:?}", tensor.dims),
        expected: "an impossible number of".to_owned(),
        found: (tensor.float_data.len()
            + tensor.int32_data.len()
            + tensor.int64_data.len()
            + tensor.raw_data.as_slice().len())
        .to_string(),
    };
    let dims: Option<Vec<usize>> = tensor.dims.iter().map(|&dim| usize::try_from(dim).ok()).collect();
    let dims = dims.ok_or_else(size_error)?;
    let elements = elements(&dims).ok_or_else(size_error)?;
    Ok((dims, elements))
}

/// The product of the dimensions. `None` where it is more than any network has, empty dimensions counted as one: what
/// is made of these dimensions without the empty ones may be too large.
pub fn elements(dims: &[usize]) -> Option<usize> {
    let largest = dims.iter().try_fold(1usize, |product, &dim| product.checked_mul(dim.max(1)))?;
    (largest <= MAX_ELEMENTS).then(|| dims.iter().product())
}

fn floats(tensor: &proto::Tensor, name: &str, elements: usize) -> Result<Rc<[f32]>, OnnxError> {
    let values: Rc<[f32]> = match tensor.raw_data.as_slice() {
        [] => tensor.float_data.as_slice().into(),
        raw => raw_chunks(tensor, name, raw, elements)?.map(f32::from_le_bytes).collect(),
    };
    require_len(tensor, name, elements, values.len())?;
    Ok(values)
}

fn ints(tensor: &proto::Tensor, name: &str, elements: usize) -> Result<Rc<[i64]>, OnnxError> {
    let values: Rc<[i64]> = match tensor.raw_data.as_slice() {
        [] => tensor.int64_data.as_slice().into(),
        raw => raw_chunks(tensor, name, raw, elements)?.map(i64::from_le_bytes).collect(),
    };
    require_len(tensor, name, elements, values.len())?;
    Ok(values)
}

/// Numbers of half precision, exactly as they are. Without raw data each has a whole `int32` for itself.
fn halves(tensor: &proto::Tensor, name: &str, elements: usize) -> Result<Rc<[f32]>, OnnxError> {
    let values: Rc<[f32]> = match tensor.raw_data.as_slice() {
        [] => tensor.int32_data.iter().map(|&bits| from_half(bits as u16)).collect(),
        raw => raw_chunks(tensor, name, raw, elements)?
            .map(|bytes| from_half(u16::from_le_bytes(bytes)))
            .collect(),
    };
    require_len(tensor, name, elements, values.len())?;
    Ok(values)
}

/// One for true, zero for false.
fn booleans(tensor: &proto::Tensor, name: &str, elements: usize) -> Result<Rc<[f32]>, OnnxError> {
    let values: Rc<[f32]> = match tensor.raw_data.as_slice() {
        [] => tensor.int32_data.iter().map(|&int| f32::from(int != 0)).collect(),
        raw => raw.iter().map(|&byte| f32::from(byte != 0)).collect(),
    };
    require_len(tensor, name, elements, values.len())?;
    Ok(values)
}

/// The number of IEEE 754's binary16 with these bits; float32 has all of them.
fn from_half(bits: u16) -> f32 {
    /// 2^-24: the smallest number above zero, and the unit of those whose exponent is zero.
    const SMALLEST: f32 = 5.960_464_5e-8;
    let sign = u32::from(bits >> 15) << 31;
    let (exponent, mantissa) = (u32::from(bits >> 10 & 0x1f), u32::from(bits & 0x3ff));
    let magnitude = match exponent {
        0 => (mantissa as f32 * SMALLEST).to_bits(),
        0x1f => 0x7f80_0000 | mantissa << 13,
        _ => (exponent + 112) << 23 | mantissa << 13,
    };
    f32::from_bits(sign | magnitude)
}

/// The raw data in little-endian pieces of `N` bytes, if it has no odd bytes left.
fn raw_chunks<'a, const N: usize>(
    tensor: &proto::Tensor,
    name: &str,
    raw: &'a [u8],
    elements: usize,
) -> Result<impl Iterator<Item = [u8; N]> + 'a, OnnxError> {
    let (chunks, rest) = raw.as_chunks::<N>();
    if rest.is_empty() {
        return Ok(chunks.iter().copied());
    }
    Err(OnnxError::TensorSize {
        tensor: name.to_owned(),
        dims: format!("{:?}", tensor.dims),
        expected: format!("{elements} ({N} bytes each)"),
        found: format!("{} bytes", raw.len()),
    })
}

fn require_len(tensor: &proto::Tensor, name: &str, expected: usize, found: usize) -> Result<(), OnnxError> {
    if expected == found {
        return Ok(());
    }
    Err(OnnxError::TensorSize {
        tensor: name.to_owned(),
        dims: format!("{:?}", tensor.dims),
        expected: expected.to_string(),
        found: found.to_string(),
    })
}

fn unsupported(name: &str, data_type: i32) -> OnnxError {
    OnnxError::UnsupportedType {
        tensor: name.to_owned(),
        found: type_name(data_type),
        expected: "float32 or float16 (or int64 for a shape)",
    }
}

/// A type of numbers, by ONNX's number for it.
pub fn type_name(data_type: i32) -> String {
    const NAMES: [&str; 17] = [
        "undefined",
        "float32",
        "uint8",
        "int8",
        "uint16",
        "int16",
        "int32",
        "int64",
        "string",
        "bool",
        "float16",
        "float64",
        "uint32",
        "uint64",
        "complex64",
        "complex128",
        "bfloat16",
    ];
    usize::try_from(data_type)
        .ok()
        .and_then(|index| NAMES.get(index))
        .map_or_else(|| format!("number {data_type}"), |name| (*name).to_owned())
}
