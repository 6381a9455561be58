//! Text from files, devices and wires, made harmless for a terminal: what would move its cursor, colour it or turn its
//! writing round is shown as it is written in source code.

use serde_json::Value;
use std::fmt::Write;

/// Of an error's line, characters, and lines of an error: a file may be one line of any length.
const LINE_CHARS: usize = 400;
const LINES: usize = 40;

/// A text for a terminal, cut where it is very long.
pub fn text(text: &str) -> String {
    let lines: Vec<String> = text.lines().take(LINES).map(line).collect();
    lines.join("\n")
}

/// The same text without what a terminal obeys; nothing is cut.
pub(crate) fn escaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    text.chars().for_each(|character| push(&mut plain, character));
    plain
}

/// Every text in a value.
pub(crate) fn escape(value: &mut Value) {
    match value {
        Value::String(text) if text.chars().any(is_obeyed) => *text = escaped(text),
        Value::Array(values) => values.iter_mut().for_each(escape),
        Value::Object(values) => values.values_mut().for_each(escape),
        _ => {}
    }
}

fn line(line: &str) -> String {
    let mut plain = String::new();
    let mut characters = line.chars();
    characters.by_ref().take(LINE_CHARS).for_each(|character| push(&mut plain, character));
    if characters.next().is_some() {
        plain.push('…');
    }
    plain
}

fn push(plain: &mut String, character: char) {
    if is_obeyed(character) {
        // Writing into a string cannot fail.
        let _ = write!(plain, "\\x{:02x}", u32::from(character));
    } else {
        plain.push(character);
    }
}

/// True for what a terminal does in place of showing it: control characters of both sets, and marks that turn the
/// direction of writing.
fn is_obeyed(character: char) -> bool {
    let turns =
        matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || character.is_control() && !matches!(character, '\n' | '\t')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        let evil = "a\u{1b}[2J\u{9b}31m\u{7f}\r\u{202e}b\tü 鴨\nc";
        assert_eq!(text(evil), "a\\x1b[2J\\x9b31m\\x7f\\x0d\\x202eb\tü 鴨\nc");
        let mut value = json!({ "name": evil, "more": [{ "file": "\u{1b}]0;x\u{7}" }, 1.5, null] });
        escape(&mut value);
        assert!(!value.to_string().chars().any(|character| is_obeyed(character) || character == '\n'));
        assert_eq!(value["more"][0]["file"], "\\x1b]0;x\\x07");
    }

    #[test]
    fn a_file_of_one_line_is_not_echoed_whole() {
        let long = text(&"x".repeat(10 << 20));
        assert_eq!((long.chars().count(), long.ends_with('…')), (LINE_CHARS + 1, true));
        assert_eq!(text(&"x\n".repeat(1 << 20)).lines().count(), LINES);
    }
}
