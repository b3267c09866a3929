//! Similarity of names, for suggestions.

/// The known name with the least edit distance to `name`; `None` if none is similar. Letter case is
/// ignored.
#[must_use]
pub fn most_like<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    // One slip in three letters leaves a word recognizable. No known word is very long.
    let letters = name.chars().count();
    let tolerance = if letters <= 64 { letters.div_ceil(3) } else { return None };
    let distances = known
        .into_iter()
        .map(|other| (distance(&name.to_lowercase(), &other.to_lowercase()), other));
    // At a distance of its whole length, any word is similar to any other.
    let alike = distances
        .filter(|(distance, other)| *distance <= tolerance && *distance < other.chars().count());
    alike.min().map(|(_, other)| other.to_owned())
}

/// Edit distance: the least number of letters to insert, remove or replace to turn one word into
/// the other.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (index, letter) in from.chars().enumerate() {
        let mut diagonal = index;
        let mut left = index.saturating_add(1);
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (above, other) in row.iter_mut().skip(1).zip(to.chars()) {
            let replaced = diagonal.saturating_add(usize::from(letter != other));
            diagonal = *above;
            left = replaced.min(left.saturating_add(1)).min(above.saturating_add(1));
            *above = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_letters() {
        for (from, to, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("add_32", "add_23", 2),
            ("jump", "jmp", 1),
        ] {
            assert_eq!(distance(from, to), expected, "{from} {to}");
        }
    }

    #[test]
    fn only_what_is_alike_is_offered() {
        assert_eq!(most_like("jmp", ["trap", "jump"]), Some("jump".to_owned()));
        assert_eq!(most_like("mov", ["trap", "jump", "xor"]), None);
        assert_eq!(most_like("storge", ["storage", "state"]), Some("storage".to_owned()));
        assert_eq!(most_like("FUL", ["full", "HUH"]), Some("full".to_owned()));
        assert_eq!(most_like("id", ["gas"]), None);
        assert_eq!(most_like("", ["C", "or"]), None);
        assert_eq!(most_like("lg", ["L", "log"]), Some("log".to_owned()));
    }
}
