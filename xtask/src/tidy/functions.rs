//! The functions of a source, by their indentation, which rustfmt makes regular.

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub struct Function<'a> {
    pub name: &'a str,
    /// First line, from 1.
    pub line: usize,
    pub lines: usize,
}

/// All functions with bodies in a text, nested ones too.
pub fn of(text: &str) -> Vec<Function<'_>> {
    let lines: Vec<&str> = text.lines().collect();
    let starts = lines.iter().enumerate().filter_map(|(index, line)| Some((index, name(line)?)));
    starts
        .filter_map(|(start, name)| {
            let indent = indent(lines[start]);
            let rest = &lines[start..];
            // The signature ends at its brace or, in a trait, at its semicolon.
            let at_end =
                |line: &&str| line.ends_with('{') || line.ends_with('}') || line.ends_with(';');
            let signature = rest.iter().position(at_end)?;
            if !rest[signature].ends_with('{') {
                return None;
            }
            let body = &rest[signature + 1..];
            let is_end =
                |line: &&str| self::indent(line) == indent && line.trim_start().starts_with('}');
            let end = body.iter().position(is_end)?;
            Some(Function { name, line: start + 1, lines: signature + end + 2 })
        })
        .collect()
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The name of the function that begins in a line.
fn name(line: &str) -> Option<&str> {
    let words = line.trim_start().split(' ');
    let mut rest = words.skip_while(|word| {
        matches!(*word, "pub" | "const" | "async" | "unsafe" | "extern" | "\"C\"")
            || word.starts_with("pub(")
    });
    if rest.next() != Some("fn") {
        return None;
    }
    rest.next()?.split(['(', '<']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_found_with_their_lengths() {
        let text = "\
impl X {
    pub(crate) const fn one<T>(
        x: T,
    ) -> T {
        x
    }

    fn brief() {}
}

trait Y {
    fn promised(
        &self,
    ) -> u8;
}

fn outer() {
    fn inner() {
        let s = \"}\";
    }
}
";
        let found = of(text);
        let found: Vec<_> = found.iter().map(|it| (it.name, it.line, it.lines)).collect();
        assert_eq!(found, [("one", 2, 5), ("outer", 17, 5), ("inner", 18, 3)]);
    }
}
