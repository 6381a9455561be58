//! A number for every joint, or one for each.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// Either one number for all joints, or a list with one for each, in the order of the joints.
#[derive(Debug, Clone, PartialEq)]
pub enum PerJoint {
    /// The same for all.
    All(f64),
    /// One for each joint.
    Each(Vec<f64>),
}

impl PerJoint {
    /// The number for joint `index`, or `None` past the end of a list.
    pub fn get(&self, index: usize) -> Option<f64> {
        match self {
            PerJoint::All(value) => Some(*value),
            PerJoint::Each(values) => values.get(index).copied(),
        }
    }

    /// The numbers that are written down.
    pub fn values(&self) -> &[f64] {
        match self {
            PerJoint::All(value) => std::slice::from_ref(value),
            PerJoint::Each(values) => values,
        }
    }

    /// True where there is a number for exactly `joints` joints.
    pub fn fits(&self, joints: usize) -> bool {
        match self {
            PerJoint::All(_) => true,
            PerJoint::Each(values) => values.len() == joints,
        }
    }
}

impl Serialize for PerJoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            PerJoint::All(value) => value.serialize(serializer),
            PerJoint::Each(values) => values.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for PerJoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PerJointVisitor)
    }
}

struct PerJointVisitor;

impl<'de> Visitor<'de> for PerJointVisitor {
    type Value = PerJoint;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a number, or a list with one number for each joint")
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<PerJoint, E> {
        Ok(PerJoint::All(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<PerJoint, E> {
        Ok(PerJoint::All(value as f64))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<PerJoint, E> {
        Ok(PerJoint::All(value as f64))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<PerJoint, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(PerJoint::Each(values))
    }
}

impl JsonSchema for PerJoint {
    fn schema_name() -> Cow<'static, str> {
        "PerJoint".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "One number for all joints, or a list with one for each, in the order of the joints.",
            "oneOf": [{ "type": "number" }, { "type": "array", "items": { "type": "number" } }]
        })
    }
}
