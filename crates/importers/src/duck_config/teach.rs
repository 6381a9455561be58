//! What people write who know another language than JSON, and how JSON spells it.

use super::error::{ConfigError, Remedy};
use super::fields::shown;
use serde_json::error::Category;

/// A parser's error in words that say how to write it.
pub(super) fn explain(text: &str, error: &serde_json::Error) -> ConfigError {
    let said = error.to_string();
    // Without the place, which stands in front.
    let said = said.rsplit_once(" at line ").map_or(said.as_str(), |(said, _)| said);
    let line = text.split('\n').nth(error.line().saturating_sub(1)).unwrap_or_default().trim_end();
    let problem = match spelling(said, from_word(line, error.column()), error.classify()) {
        Some(spelt) => format!("{spelt}; the line is `{}`", shown(line.trim())),
        None if line.trim().is_empty() => said.to_owned(),
        None => format!("{said}; the line is `{}`", shown(line.trim())),
    };
    ConfigError::one(&format!("line {}", error.line()), problem, Remedy::Correct)
}

/// The line from the word on in which the parser stopped; a column counts bytes, from 1.
fn from_word(line: &str, column: usize) -> &str {
    let before = line.get(..column.saturating_sub(1)).unwrap_or_default();
    let begin = before.trim_end_matches(|letter: char| letter.is_alphanumeric()).len();
    line.get(begin..).unwrap_or_default().trim_start()
}

/// How what begins with `rest` is written in JSON; `None` where it is none of the usual slips.
fn spelling(said: &str, rest: &str, category: Category) -> Option<String> {
    if category == Category::Eof {
        return Some("the file ends too early: a closing } is missing".to_owned());
    }
    if said.contains("is there twice") {
        return None;
    }
    let word: String = rest.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
    let is_key = said.contains("key must be a string");
    let first = rest.chars().next();
    Some(match (first, word.as_str()) {
        _ if said.contains("trailing comma") => "JSON has no comma before a closing bracket".to_owned(),
        (Some('}' | ']'), _) if is_key => "JSON has no comma before a closing bracket".to_owned(),
        (Some('\''), _) => "JSON takes double quotes, \"like this\"".to_owned(),
        (Some('\u{201c}' | '\u{201d}' | '\u{201e}'), _) => {
            "JSON takes straight quotes, \"like this\"".to_owned()
        }
        (Some('#' | '/'), _) => "JSON has no comments; a key that begins with _ is passed over".to_owned(),
        (Some('0'..='9'), _) if is_key => {
            "JSON writes numbers with a point, 0.05, and keys in quotes".to_owned()
        }
        (_, word) if is_key && !word.is_empty() => {
            format!("JSON wants the key in quotes: \"{}\"", shown(word))
        }
        (_, "True" | "TRUE" | "yes" | "Yes" | "on") => format!("JSON writes true, not {word}"),
        (_, "False" | "FALSE" | "no" | "No" | "off") => format!("JSON writes false, not {word}"),
        (_, "None" | "nil" | "NULL" | "undefined") => {
            format!("JSON writes null, not {word}; or remove the key")
        }
        (_, "NaN" | "nan" | "inf" | "Infinity") => {
            format!("JSON has no {word}; an offset is a number in rad")
        }
        (Some('+' | '.'), _) if said.contains("expected value") => {
            "JSON writes numbers as 0.1 or -0.1, without + and with a digit before the point".to_owned()
        }
        _ if said.contains("expected `,` or") => {
            "a comma is missing, here or at the end of the line before".to_owned()
        }
        _ => return None,
    })
}
