//! A node as the lowering sees it: its inputs resolved, its attributes by name, its errors labelled.

use super::Value;
use crate::error::OnnxError;
use crate::proto::{Attribute, Node};
use crate::tensor;

/// A node with the values it reads.
pub struct NodeView<'a> {
    pub node: &'a Node,
    /// What errors call it.
    pub label: String,
    /// `None` for an optional input that is left out.
    pub inputs: Vec<Option<Value>>,
}

impl NodeView<'_> {
    /// Refuses attributes that the operator does not have or that would change what it means.
    pub fn allow_attributes(&self, allowed: &[&str]) -> Result<(), OnnxError> {
        match self.node.attribute.iter().find(|attribute| !allowed.contains(&attribute.name.as_str())) {
            Some(unknown) => Err(self.unsupported(format!("its attribute {:?}", unknown.name))),
            None => Ok(()),
        }
    }

    /// Refuses more or fewer inputs than the operator takes.
    pub fn require_inputs(&self, least: usize, most: usize) -> Result<(), OnnxError> {
        let count = self.inputs.len();
        if (least..=most).contains(&count) {
            return Ok(());
        }
        Err(self.invalid(format!("expected {least} to {most} inputs, found {count}")))
    }

    /// An input that must be there and must be floats, finite where they are known.
    pub fn floats(&self, index: usize) -> Result<&Value, OnnxError> {
        let value = self.any_floats(index)?;
        tensor::require_finite(&self.node.input[index], value.constant().unwrap_or_default())?;
        Ok(value)
    }

    /// An input that must be there and must be floats, known or not, finite or not.
    pub fn any_floats(&self, index: usize) -> Result<&Value, OnnxError> {
        let value = self.any(index)?;
        if value.constant_ints().is_some() {
            return Err(OnnxError::UnsupportedType {
                tensor: self.node.input[index].clone(),
                found: "int64".to_owned(),
                expected: "float32",
            });
        }
        Ok(value)
    }

    /// An input that must be a single row of floats, and its length.
    pub fn row(&self, index: usize) -> Result<(&Value, usize), OnnxError> {
        let value = self.floats(index)?;
        let len = value
            .row_len()
            .ok_or_else(|| self.mismatch(format!("input {index}"), "one row", format!("{:?}", value.dims)))?;
        Ok((value, len))
    }

    /// An input that may be left out.
    pub fn optional(&self, index: usize) -> Option<&Value> {
        self.inputs.get(index).and_then(Option::as_ref)
    }

    /// Whole numbers from the attribute, or from the input where the operator takes them there since a later version.
    pub fn ints(&self, name: &str, input: usize) -> Result<Option<Vec<i64>>, OnnxError> {
        if let Some(attribute) = self.attribute(name) {
            return Ok(Some(attribute.ints.clone()));
        }
        let Some(value) = self.optional(input) else {
            return Ok(None);
        };
        match value.constant_ints() {
            Some(ints) => Ok(Some(ints.to_vec())),
            None => Err(self.unsupported(format!("{name} that are not constant int64"))),
        }
    }

    /// A whole-number attribute.
    pub fn int(&self, name: &str) -> Result<Option<i64>, OnnxError> {
        let wrong_type = || self.invalid(format!("attribute {name:?} is not an integer"));
        self.attribute(name).map(|attribute| attribute.i.ok_or_else(wrong_type)).transpose()
    }

    /// A floating-point attribute, finite.
    pub fn float(&self, name: &str) -> Result<Option<f32>, OnnxError> {
        let value = self.any_float(name)?;
        tensor::require_finite(&format!("{}.{name}", self.label), value.as_slice())?;
        Ok(value)
    }

    /// A floating-point attribute, finite or not.
    pub fn any_float(&self, name: &str) -> Result<Option<f32>, OnnxError> {
        let wrong_type = || self.invalid(format!("attribute {name:?} is not a float"));
        self.attribute(name).map(|attribute| attribute.f.ok_or_else(wrong_type)).transpose()
    }

    /// A text attribute.
    pub fn text(&self, name: &str) -> Result<Option<String>, OnnxError> {
        let wrong_type = || self.invalid(format!("attribute {name:?} is not a text"));
        let decode = |attribute: &Attribute| {
            let bytes = attribute.s.clone().ok_or_else(wrong_type)?;
            String::from_utf8(bytes).map_err(|_| wrong_type())
        };
        self.attribute(name).map(decode).transpose()
    }

    /// An input that must be there, of any type.
    pub fn any(&self, index: usize) -> Result<&Value, OnnxError> {
        let missing = || self.invalid(format!("input {index} is missing"));
        self.inputs.get(index).and_then(Option::as_ref).ok_or_else(missing)
    }

    /// Whole numbers that must be known.
    pub fn constant_ints(&self, index: usize, what: &str) -> Result<&[i64], OnnxError> {
        let value = self.any(index)?;
        value.constant_ints().ok_or_else(|| self.unsupported(format!("{what} that is not constant int64")))
    }

    /// The axis counted from the front.
    pub fn axis(&self, axis: i64, rank: usize) -> Result<usize, OnnxError> {
        let resolved = if axis < 0 { axis.saturating_add(rank as i64) } else { axis };
        match usize::try_from(resolved) {
            Ok(resolved) if resolved < rank => Ok(resolved),
            _ => Err(self.invalid(format!("axis {axis} of a value with {rank} dimensions"))),
        }
    }

    /// Refuses every axis but the last, along which a row lies.
    pub fn require_last_axis(&self, axis: i64, row: &Value) -> Result<(), OnnxError> {
        let rank = row.dims.len();
        if self.axis(axis, rank)? + 1 == rank {
            return Ok(());
        }
        Err(self.unsupported(format!("axis {axis} of {rank}; the last is")))
    }

    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.node.attribute.iter().find(|attribute| attribute.name == name)
    }

    pub fn unsupported(&self, reason: impl Into<String>) -> OnnxError {
        let operator = self.node.operator();
        OnnxError::UnsupportedOperator { operator, node: self.label.clone(), reason: reason.into() }
    }

    pub fn invalid(&self, reason: impl Into<String>) -> OnnxError {
        let (operator, node) = (self.node.op_type.clone(), self.label.clone());
        OnnxError::InvalidNode { operator, node, reason: reason.into() }
    }

    pub fn mismatch(
        &self,
        what: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> OnnxError {
        OnnxError::DimensionMismatch {
            node: self.label.clone(),
            what: what.into(),
            expected: expected.into(),
            found: found.into(),
        }
    }
}
