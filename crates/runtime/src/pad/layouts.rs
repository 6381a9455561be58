//! Layouts of pads, as files.

use gaitway_gamepad::{AxisRange, Button, Layout, Stick};
use gaitway_platform::files;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A layout that cannot be used.
#[derive(Debug, Error)]
pub enum LayoutError {
    /// The file.
    #[error("pad layout {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// What is in it.
    #[error("pad layout {name}: {problem}")]
    Content {
        /// Name or path.
        name: String,
        /// What is wrong.
        problem: String,
    },
}

impl LayoutError {
    /// What the person can do about it.
    pub fn hint(&self) -> String {
        let names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
        format!("one of {}, or a file like python/gaitway/pads/xbox.toml", names.join(", "))
    }
}

/// A layout, and the pads it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedLayout {
    /// Its name.
    pub name: String,
    /// Parts of the names of such pads.
    pub names: Vec<String>,
    /// Which code is what.
    pub layout: Layout,
    /// From where to where its axes go, by code, where the kernel does not say.
    pub ranges: BTreeMap<u16, AxisRange>,
}

/// Axes of a right stick; where a pad has them, what others have as a right stick are its triggers, which rest at an
/// end (`ABS_RX`, `ABS_RY`).
const RIGHT_STICK: [u16; 2] = [3, 4];

/// The layouts that ship; where several name a pad the first counts that knows its right stick.
const BUILT_IN: [(&str, &str); 5] = [
    ("xbox_bluetooth", include_str!("../../../../python/gaitway/pads/xbox_bluetooth.toml")),
    ("xbox", include_str!("../../../../python/gaitway/pads/xbox.toml")),
    ("8bitdo", include_str!("../../../../python/gaitway/pads/8bitdo.toml")),
    ("dualsense", include_str!("../../../../python/gaitway/pads/dualsense.toml")),
    ("generic", include_str!("../../../../python/gaitway/pads/generic.toml")),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    schema: String,
    names: Vec<String>,
    sticks: BTreeMap<String, (u16, i32, i32)>,
    buttons: BTreeMap<String, u16>,
}

impl NamedLayout {
    /// The layout of that name, or in that file.
    pub fn load(name: &Path) -> Result<NamedLayout, LayoutError> {
        let shown = name.display().to_string();
        if let Some((_, text)) = BUILT_IN.iter().find(|(known, _)| *known == shown) {
            return NamedLayout::parse(&shown, text);
        }
        let text =
            files::read_text(name).map_err(|source| LayoutError::File { path: name.to_owned(), source })?;
        NamedLayout::parse(&shown, &text)
    }

    /// The layout for a pad that calls itself `device` and has an axis where `has_axis` says so.
    pub fn for_device(device: &str, has_axis: impl Fn(u16) -> bool) -> Result<NamedLayout, LayoutError> {
        let has_right_stick = RIGHT_STICK.into_iter().all(has_axis);
        for (name, text) in BUILT_IN {
            let layout = NamedLayout::parse(name, text)?;
            let is_named = layout.names.iter().any(|part| device.contains(part.as_str()));
            let knows_it = RIGHT_STICK.iter().all(|code| layout.layout.sticks.contains_key(code));
            if is_named && (knows_it || !has_right_stick) {
                return Ok(layout);
            }
        }
        NamedLayout::load(Path::new(if has_right_stick { "xbox" } else { "generic" }))
    }

    fn parse(name: &str, text: &str) -> Result<NamedLayout, LayoutError> {
        let wrong = |problem: String| LayoutError::Content { name: name.to_owned(), problem };
        let written: Written = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        if written.schema != "gaitway.pad/1" {
            return Err(wrong(format!("schema: expected gaitway.pad/1, found {:?}", written.schema)));
        }
        let mut layout = Layout::default();
        let mut ranges = BTreeMap::new();
        for (stick, (code, min, max)) in written.sticks {
            let known = Stick::ALL.into_iter().find(|known| known.name() == stick);
            let known =
                known.ok_or_else(|| wrong(unknown("sticks", &stick, &Stick::ALL.map(Stick::name))))?;
            layout.sticks.insert(code, known);
            ranges.insert(code, AxisRange { min, max });
        }
        for (button, code) in written.buttons {
            let known = Button::named(&button);
            let known =
                known.ok_or_else(|| wrong(unknown("buttons", &button, &Button::ALL.map(Button::name))))?;
            layout.buttons.insert(code, known);
        }
        Ok(NamedLayout { name: name.to_owned(), names: written.names, layout, ranges })
    }
}

fn unknown(table: &str, found: &str, known: &[&str]) -> String {
    format!("{table}: expected {}, found {found:?}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layout_that_ships_is_whole_and_pads_find_theirs() {
        for (name, _) in BUILT_IN {
            let layout = NamedLayout::load(Path::new(name)).unwrap();
            assert!(layout.layout.sticks.len() >= 5 && layout.layout.buttons.len() == 7, "{name}");
        }
        // With the axes of its right stick, or without.
        for (device, has_right_stick, name) in [
            ("Xbox Wireless Controller", false, "xbox_bluetooth"),
            // With xpadneo in place of the kernel's own driver.
            ("Xbox Wireless Controller", true, "xbox"),
            ("Microsoft X-Box One pad", true, "xbox"),
            ("8BitDo Ultimate Wireless Controller for PC", true, "xbox"),
            ("DualSense Wireless Controller", true, "dualsense"),
            // A DualShock 4.
            ("Wireless Controller", true, "dualsense"),
            ("8BitDo Zero 2 gamepad", false, "8bitdo"),
            ("Logitech Gamepad F310", true, "xbox"),
            ("Twin USB Joystick", false, "generic"),
        ] {
            let has_axis = |code: u16| has_right_stick || !RIGHT_STICK.contains(&code);
            assert_eq!(NamedLayout::for_device(device, has_axis).unwrap().name, name, "{device}");
        }
    }

    #[test]
    fn a_wrong_layout_is_refused_by_name() {
        let parse = |text: &str| NamedLayout::parse("mine", text).unwrap_err().to_string();
        let head = "schema = \"gaitway.pad/1\"\nnames = []\n";
        assert!(parse("").contains("schema"));
        assert!(parse(&format!("{head}[sticks]\nleft = [0, 0, 1]\n[buttons]\n")).contains("left_x, left_y"));
        assert!(parse(&format!("{head}[sticks]\n[buttons]\njump = 3\n")).contains("pause, head"));
        assert!(parse(&head.replace("/1", "/2")).contains("sticks"));
        let error = NamedLayout::load(Path::new("/none.toml")).unwrap_err();
        assert!(error.hint().contains("dualsense"));
    }
}
