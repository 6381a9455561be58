//! Flags: how one is found by its name, what an unknown one may have meant, and the help.

mod table;

use super::flag::Flag;
use std::fmt::Write;
use table::GROUPS;

/// The flag with this letter.
pub(super) fn by_short(short: char) -> Option<&'static Flag> {
    all().find(|flag| flag.short == Some(short))
}

/// Other names of flags: those of the published runtime, and those of version 0.2.
const ALIASES: [(&str, &str); 6] = [
    ("--pad-key", "--key"),
    ("--status", "--socket"),
    ("--onnx-model-path", "--policy"),
    ("--duck-config-path", "--config"),
    ("--serial-port", "--port"),
    ("--control-freq", "--loop-hz"),
];

/// The flag with this name, written with dashes or underscores, without those before it.
pub(super) fn by_long(long: &str) -> Option<&'static Flag> {
    let written = format!("--{}", long.replace('_', "-"));
    let name = ALIASES.iter().find(|(alias, _)| *alias == written).map_or(written.as_str(), |(_, name)| name);
    all().find(|flag| flag.name == name)
}

/// The known flag that an unknown one looks most like; `None` where it looks like none.
pub(super) fn nearest(unknown: &str) -> Option<&'static str> {
    let unknown = unknown.replace('_', "-").to_lowercase();
    // The beginning of a name is taken for the name: the published runtime's parser does so, too.
    let names = || all().map(|flag| (flag.name, flag.name)).chain(ALIASES);
    let longer = names().find(|(written, _)| unknown.len() > 3 && written.starts_with(&unknown));
    let by_distance = || names().min_by_key(|(written, _)| distance(&unknown, written));
    let near =
        || by_distance().filter(|(written, _)| distance(&unknown, written) <= unknown.len().min(9) / 3);
    longer.or_else(near).map(|(_, name)| name)
}

/// How many letters to insert, remove or replace to make one text of the other.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// The help, every flag on a line.
pub fn help() -> String {
    let mut text = HEAD.to_owned();
    let width = all().map(|flag| left(flag).len()).max().unwrap_or_default();
    for (title, flags) in GROUPS {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "\n{title}");
        for flag in *flags {
            let _ = writeln!(text, "  {:width$}  {}", left(flag), flag.help);
        }
    }
    text
}

const HEAD: &str = "\
gaitwayd: runs a policy on a robot, in real time, without Python

usage: gaitwayd [FLAGS]
Write flags with dashes or underscores, values after a space or an equals sign.
The published runtime's names of flags work, too: --onnx_model_path, --serial_port and so on.
At a terminal: space is the emergency stop, h lists the other keys.
";

fn left(flag: &Flag) -> String {
    let value = if flag.value.is_empty() { String::new() } else { format!(" {}", flag.value) };
    match flag.short {
        Some(_) if flag.name.len() == 2 => format!("{}{value}", flag.name),
        Some(short) => format!("-{short}, {}{value}", flag.name),
        None => format!("    {}{value}", flag.name),
    }
}

fn all() -> impl Iterator<Item = &'static Flag> {
    GROUPS.iter().flat_map(|(_, flags)| flags.iter())
}
