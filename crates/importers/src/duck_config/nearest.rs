//! The name that somebody meant.

/// The one of `names` that differs from `written` by few letters; `None` where none does.
pub(super) fn nearest<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A longer name may be off by more, a short one is another word soon.
    let most = ((written.chars().count() + 2) / 4).clamp(1, 3);
    let steps = |name: &&'a str| distance(&folded(written), &folded(name));
    names
        .into_iter()
        .map(|name| (steps(&name), name))
        .filter(|(steps, _)| *steps <= most)
        .min()
        .map(|(_, name)| name)
}

/// Case, and what stands between words, are no difference.
fn folded(name: &str) -> Vec<char> {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).take(64).collect()
}

/// Letters to be put in, taken out or replaced.
fn distance(one: &[char], other: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, letter) in one.iter().enumerate() {
        let mut diagonal = above;
        row[0] = above + 1;
        for (place, theirs) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != theirs);
            diagonal = row[place + 1];
            row[place + 1] = replaced.min(diagonal + 1).min(row[place] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_slip_is_found_and_another_word_is_not() {
        let names = ["left_knee", "right_knee", "left_ankle", "head_yaw"];
        for (written, meant) in [
            ("left_kne", Some("left_knee")),
            ("Left-Knee", Some("left_knee")),
            ("rigth_knee", Some("right_knee")),
            ("heady_aw", Some("head_yaw")),
            ("tail", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, names), meant, "{written}");
        }
    }
}
