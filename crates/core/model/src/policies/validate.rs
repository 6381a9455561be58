//! What a policy set must be beyond its schema.

use super::{FILE, MAX_POLICIES, PolicyEntry, PolicyRules, SCHEMA, Transition, When};
use crate::error::ProfileError;

/// Longest blend, ticks of the policy.
const MAX_BLEND_TICKS: u32 = 1000;
/// Longest name of a policy, bytes: as the local API takes them.
const MAX_NAME_BYTES: usize = 64;

impl PolicyRules {
    pub(super) fn validate(&self) -> Result<(), ProfileError> {
        let count = self.policies.len();
        check("schema", self.schema == SCHEMA, SCHEMA, &self.schema)?;
        let most = format!("1 to {MAX_POLICIES} policies");
        check("policies", (1..=MAX_POLICIES).contains(&count), &most, &count.to_string())?;
        for (index, policy) in self.policies.iter().enumerate() {
            let path = |key: &str| format!("policies[{index}].{key}");
            policy.validate(&path)?;
            let is_first = self.index(&policy.name) == Some(index);
            check(&path("name"), is_first, "a name no other policy of the set has", &policy.name)?;
        }
        self.check_name("default", &self.default)?;
        for (index, transition) in self.transitions.iter().enumerate() {
            let path = |key: &str| format!("transitions[{index}].{key}");
            self.check_name(&path("to"), &transition.to)?;
            for from in &transition.from {
                self.check_name(&path("from"), from)?;
                check(&path("from"), *from != transition.to, "another policy than `to`", from)?;
            }
            transition.validate(&path)?;
        }
        Ok(())
    }

    fn check_name(&self, path: &str, name: &str) -> Result<(), ProfileError> {
        let names: Vec<&str> = self.policies.iter().map(|policy| policy.name.as_str()).collect();
        check(path, names.contains(&name), &format!("one of {}", names.join(", ")), name)
    }
}

impl PolicyEntry {
    fn validate(&self, path: &impl Fn(&str) -> String) -> Result<(), ProfileError> {
        let is_name = |name: &str| {
            !name.is_empty() && name.len() <= MAX_NAME_BYTES && !name.chars().any(char::is_control)
        };
        check(&path("name"), is_name(&self.name), "1 to 64 bytes without control characters", &self.name)?;
        let is_beside = is_name(&self.file)
            && !self.file.contains(['/', '\\'])
            && self.file.strip_suffix(".onnx").is_some_and(|stem| !stem.is_empty());
        check(&path("file"), is_beside, "an .onnx file beside policies.toml", &self.file)?;
        let blend = format!("0 to {MAX_BLEND_TICKS}");
        let is_short = self.blend_ticks <= MAX_BLEND_TICKS;
        check(&path("blend_ticks"), is_short, &blend, &self.blend_ticks.to_string())?;
        for [from, to] in &self.leave_phases {
            let is_part = (0.0..=1.0).contains(from) && (0.0..=1.0).contains(to);
            check(&path("leave_phases"), is_part, "shares of a gait, 0 to 1", &format!("[{from}, {to}]"))?;
        }
        Ok(())
    }
}

impl Transition {
    fn validate(&self, path: &impl Fn(&str) -> String) -> Result<(), ProfileError> {
        let ends_somehow = self.when != When::Always
            || self.after_ticks > 0
            || self.pose.is_some()
            || self.tilt_rad.is_some();
        let expected = "after_ticks, pose or tilt_rad beside when = \"always\"";
        check(&path("when"), ends_somehow, expected, "none of them: it would be left at once")?;
        if let Some([low, high]) = self.tilt_rad {
            let is_range = low.is_finite() && high.is_finite() && 0.0 <= low && low <= high;
            check(
                &path("tilt_rad"),
                is_range,
                "the lower end first, both 0 or more",
                &format!("[{low}, {high}]"),
            )?;
        }
        let expected = "a pose and within_rad above 0, or neither";
        match (self.pose, self.within_rad) {
            (None, None) => Ok(()),
            (Some(_), Some(within)) if within > 0.0 && within.is_finite() => Ok(()),
            (pose, within) => check(&path("within_rad"), false, expected, &format!("{pose:?}, {within:?}")),
        }
    }
}

fn check(path: &str, holds: bool, expected: &str, found: &str) -> Result<(), ProfileError> {
    if holds {
        return Ok(());
    }
    let (path, expected, found) = (path.to_owned(), expected.to_owned(), format!("{found:?}"));
    Err(ProfileError::Value { file: FILE, path, expected, found })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: &str = r#"
        schema = "gaitway.policies/1"
        default = "walk"
        policies = [
            { name = "walk", file = "walk.onnx", blend_ticks = 5, leave_phases = [[0.9, 0.1]] },
            { name = "stand", file = "stand.onnx" },
        ]
        [[transitions]]
        from = ["walk"]
        to = "stand"
        when = "no_velocity"
    "#;

    #[test]
    fn each_mistake_says_where_it_is_what_is_expected_and_what_was_found() {
        let rules = PolicyRules::from_toml(SOUND).unwrap();
        assert_eq!((rules.default_index(), rules.index("stand"), rules.index("sit")), (0, Some(1), None));
        for (good, bad, place, part) in [
            ("policies/1", "policies/9", "at schema", "gaitway.policies/1"),
            ("default = \"walk\"", "default = \"run\"", "at default", "one of walk, stand, found \"run\""),
            ("to = \"stand\"", "to = \"sit\"", "at transitions[0].to", "one of walk, stand"),
            ("from = [\"walk\"]", "from = [\"stand\"]", "at transitions[0].from", "another policy than `to`"),
            ("\"no_velocity\"", "\"always\"", "at transitions[0].when", "after_ticks, pose or tilt_rad"),
            ("\"no_velocity\"", "\"never\"", "at transitions[0].when", "unknown variant"),
            ("\"stand.onnx\"", "\"../stand.onnx\"", "at policies[1].file", "beside policies.toml"),
            ("name = \"stand\"", "name = \"walk\"", "at policies[1].name", "no other policy"),
            ("[[0.9, 0.1]]", "[[0.9, 1.1]]", "at policies[0].leave_phases", "0 to 1"),
            ("blend_ticks = 5", "blend_ticks = 5000", "at policies[0].blend_ticks", "0 to 1000"),
            ("blend_ticks", "blend", "at policies[0]", "unknown field"),
            (
                "to = \"stand\"",
                "to = \"stand\"\ntilt_rad = [2.0, 1.0]",
                "at transitions[0].tilt_rad",
                "lower end",
            ),
            (
                "to = \"stand\"",
                "to = \"stand\"\npose = \"sit\"",
                "at transitions[0].within_rad",
                "within_rad",
            ),
        ] {
            let told = PolicyRules::from_toml(&SOUND.replacen(good, bad, 1)).unwrap_err().to_string();
            assert!(
                told.starts_with("policy set: ") && told.contains(place) && told.contains(part),
                "{told}"
            );
        }
    }
}
