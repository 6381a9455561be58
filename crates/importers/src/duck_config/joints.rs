//! What the file says of single joints: offsets, the way a servo turns, and its id.

use super::error::Remedy;
use super::fields::is_comment;
use super::nearest::nearest;
use super::{Reading, Unreachable};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Names of other tables of the published runtime, for what hangs on no servo of the bus.
const NO_SERVOS: [&str; 2] = ["left_antenna", "right_antenna"];

impl Reading {
    pub(super) fn offsets(&mut self, offsets: &Map<String, Value>) {
        for (name, index, value) in self.joints_of("joints_offsets", offsets) {
            let path = format!("joints_offsets.{name}");
            let joint = &self.profile.joints[index];
            let [low, high] = joint.offset_range_rad();
            let Some(offset_rad) = value.as_f64() else {
                self.fields.wrong(&path, "a number in rad", value);
                continue;
            };
            if (low..=high).contains(&offset_rad) {
                self.profile.joints[index].offset_rad = offset_rad;
            } else if self.unreachable == Unreachable::CountAsZero {
                self.profile.joints[index].offset_rad = 0.0;
                self.report.counted_as_zero.push(name);
            } else {
                let [first, last] = [joint.min_rad, joint.max_rad].map(|rad| format!("{rad:.2}"));
                let problem = format!(
                    "expected {low:.2} to {high:.2} rad, so that its servo reaches all of {first} to {last} within one \
                     turn, found {value}"
                );
                self.fields.mistake(&path, problem, Remedy::Calibrate(name));
            }
        }
    }

    pub(super) fn signs(&mut self, signs: &Map<String, Value>) {
        for (name, index, value) in self.joints_of("joints_signs", signs) {
            let direction = match value.as_f64() {
                Some(1.0) => 1,
                Some(-1.0) => -1,
                _ => {
                    self.fields.wrong(&format!("joints_signs.{name}"), "1 or -1", value);
                    continue;
                }
            };
            let before = std::mem::replace(&mut self.profile.joints[index].direction, direction);
            if before != direction {
                self.report
                    .applied
                    .push(format!("joints_signs: {name} turns by {direction}, the profile says {before}"));
            }
        }
    }

    pub(super) fn servo_ids(&mut self, ids: &Map<String, Value>) {
        for (name, index, value) in self.joints_of("servo_ids", ids) {
            let path = format!("servo_ids.{name}");
            let Some(id) = self.fields.byte(&path, value, "a whole number from 0 to 253", |id| id < 254)
            else {
                continue;
            };
            let before = std::mem::replace(&mut self.profile.joints[index].id, id);
            if before != id {
                self.report
                    .applied
                    .push(format!("servo_ids: {name} is servo {id}, the profile says {before}"));
            }
        }
        let mut joints_by_id: BTreeMap<u8, Vec<&str>> = BTreeMap::new();
        for joint in &self.profile.joints {
            joints_by_id.entry(joint.id).or_default().push(&joint.name);
        }
        for (id, joints) in joints_by_id.into_iter().filter(|(_, joints)| joints.len() > 1) {
            let problem =
                format!("expected another id for each joint, found {id} for {}", joints.join(" and "));
            self.fields.mistake("servo_ids", problem, Remedy::Correct);
        }
    }

    /// Older configurations of one branch swap legs by these; what it writes today are `servo_ids`.
    pub(super) fn swapped(&mut self, key: &str, value: &Value) {
        let swaps_nothing = match value {
            Value::Bool(is_swapped) => !is_swapped,
            Value::Array(pairs) => pairs.is_empty(),
            Value::Object(pairs) => pairs.is_empty(),
            Value::Null => true,
            _ => false,
        };
        if !swaps_nothing {
            let remedy = "write the ids of the joints concerned into servo_ids, as in {\"left_hip_yaw\": 10, \
                          \"right_hip_yaw\": 20}, and remove the key";
            self.fields.mistake(
                key,
                "expected the swapped joints in servo_ids, found them here".to_owned(),
                Remedy::Do(remedy.to_owned()),
            );
        }
    }

    /// Offsets that stand beside `joints_offsets` and not in it.
    pub(super) fn joints_at_the_top(&mut self, root: &Map<String, Value>) {
        let named: Vec<&str> =
            root.keys().map(String::as_str).filter(|key| self.profile.joint_index(key).is_some()).collect();
        if !named.is_empty() {
            let problem =
                format!("expected joints inside \"joints_offsets\", found beside it {}", named.join(", "));
            let remedy = "put them into it: \"joints_offsets\": {\"left_knee\": 0.05, …}";
            self.fields.mistake("top level", problem, Remedy::Do(remedy.to_owned()));
        }
    }

    /// Joints that an object names, for people to read; `None` where it names none.
    pub(super) fn joints_in(&self, value: &Value) -> Option<String> {
        let names = value.as_object()?.keys().filter(|key| self.profile.joint_index(key).is_some());
        let names: Vec<&str> = names.map(String::as_str).take(3).collect();
        (!names.is_empty()).then(|| names.join(", "))
    }

    /// Name, place in the profile and value of every joint of an object; who is no joint is a mistake.
    fn joints_of<'a>(
        &mut self,
        key: &str,
        object: &'a Map<String, Value>,
    ) -> Vec<(String, usize, &'a Value)> {
        let mut found = Vec::new();
        for (name, value) in object.iter().filter(|(name, _)| !is_comment(name)) {
            if let Some(index) = self.profile.joint_index(name) {
                found.push((name.clone(), index, value));
            } else if NO_SERVOS.contains(&name.as_str()) {
                self.report.ignored.push(format!("{key}.{name}: hangs on no servo of the bus"));
            } else {
                let near = nearest(name, self.profile.joints.iter().map(|joint| joint.name.as_str()));
                let near = near.map(|near| format!(": did you mean {near}?")).unwrap_or_default();
                let problem = format!("no joint of {} has this name{near}", self.profile.name);
                self.fields.mistake(&format!("{key}.{name}"), problem, Remedy::Correct);
            }
        }
        found
    }
}
