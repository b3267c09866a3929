//! First words of comments.
//!
//! A comment begins with its subject, a noun of the field: "Gas of a call", where a question word
//! would leave the noun to the reader. So does the documentation of an item, which is read alone in
//! a list: "Name of the call", where a pronoun would send the reader to look for its noun.

/// Folders whose comments follow this rule: names in `crates`, or of the root.
const CLEAN: &[&str] = &[
    "asm",
    "bench",
    "build",
    "chain",
    "cli",
    "codec",
    "debug",
    "engine",
    "erasure",
    "files",
    "fuzz",
    "guests",
    "hostcall",
    "inspect",
    "invocation",
    "isa",
    "node",
    "package",
    "program",
    "recompiler",
    "sandbox",
    "sdk",
    "sdk-macros",
    "sdk-testing",
    "state",
    "store",
    "symbols",
    "trace",
    "types",
    "vectors",
    "xtask",
];

/// Words that no comment line of a clean folder begins with.
const REFUSED: [&str; 2] = ["What", "Whatever"];

/// Words that no item's documentation begins with.
const PRONOUNS: [&str; 8] = ["It", "Its", "They", "Their", "That", "Those", "Whoever", "Whether"];

/// Words that no message of an error begins with: a message is read without the code around it.
const NO_SUBJECTS: [&str; 7] = ["it", "its", "they", "their", "that", "those", "there"];

/// The beginnings of code that makes a message of an error from the text behind it.
const MESSAGES: [&str; 3] = ["#[error(\"", "Diagnosis::new(\"", "Diagnosis::new(format!(\""];

/// Adds a fault for every comment line of a clean folder that begins with a refused word, for every
/// documentation that begins with a pronoun, and for every message that has no subject.
pub fn check(name: &str, text: &str, faults: &mut Vec<String>) {
    let path = name.strip_prefix("crates/").unwrap_or(name);
    if !CLEAN.iter().any(|folder| is_in(path, folder)) {
        return;
    }
    let mut is_continued = false;
    let mut before = "";
    for (index, line) in text.lines().enumerate() {
        let is_first = is_documentation(line) && !is_continued;
        is_continued = is_documentation(line);
        let is_refused =
            |word: &&str| REFUSED.contains(word) || is_first && PRONOUNS.contains(word);
        if let Some(word) = first_word(line).filter(is_refused) {
            let at = format!("{name}:{}", index + 1);
            faults.push(format!("{at}: a comment begins with `{word}`: begin with its noun"));
        }
        if let Some(word) = message_word(before, line).filter(|word| NO_SUBJECTS.contains(word)) {
            let at = format!("{name}:{}", index + 1);
            faults.push(format!("{at}: a message begins with `{word}`: begin with its subject"));
        }
        before = line;
    }
}

/// The first word of an error's message, if one begins in a line.
fn message_word<'a>(before: &str, line: &'a str) -> Option<&'a str> {
    let text = match before.trim() {
        "#[error(" => line.trim_start().strip_prefix('"'),
        _ => MESSAGES.iter().find_map(|start| Some(line.split_once(start)?.1)),
    };
    text?.split(' ').next()
}

fn is_documentation(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("///") || line.starts_with("//!")
}

fn is_in(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// The first word of a comment line, emphasis marks aside; `None` for a line of code.
fn first_word(line: &str) -> Option<&str> {
    let comment = line.trim_start().strip_prefix("//")?;
    let text = comment.trim_start_matches(['/', '!']).trim_start().trim_start_matches('*');
    text.split(|c: char| !c.is_alphabetic()).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(name: &str, text: &str) -> Vec<String> {
        let mut faults = Vec::new();
        check(name, text, &mut faults);
        faults
    }

    #[test]
    fn comments_of_clean_crates_begin_with_a_noun() {
        for line in ["/// What a call costs.", "    //! **What it is.**", "// Whatever is left."] {
            let found = faults("crates/isa/src/x.rs", &format!("\n{line}\n"));
            assert_eq!(found.len(), 1, "{line}");
            assert!(found[0].starts_with("crates/isa/src/x.rs:2: "), "{found:?}");
        }
        let good = "/// Gas of a call: what it costs.\nWhat,\nlet x = 1; // What follows.\n";
        assert_eq!(faults("crates/isa/src/x.rs", good), [""; 0]);
        assert_eq!(faults("crates/isa-other/src/x.rs", "/// What it is.\n"), [""; 0]);
        assert_eq!(faults("other/src/x.rs", "/// What it is.\n"), [""; 0]);
        assert_eq!(faults("guests/ledger/src/lib.rs", "/// What it is.\n").len(), 1);
    }

    #[test]
    fn messages_begin_with_their_subject() {
        for text in [
            "    #[error(\"it is damaged: {0}\")]\n",
            "    #[error(\n        \"its parent {0} is missing\"\n    )]\n",
            "    Err(Diagnosis::new(format!(\"there is no service {id}\")))\n",
        ] {
            let found = faults("crates/cli/src/x.rs", text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].contains("a message begins with `"), "{found:?}");
        }
        let good = "    #[error(\"item {0}: it is damaged\")]\n    let x = \"it is\";\n";
        assert_eq!(faults("crates/cli/src/x.rs", good), [""; 0]);
    }

    #[test]
    fn documentation_begins_with_no_pronoun() {
        let found = faults("crates/isa/src/x.rs", "struct X {\n    /// Its name.\n    n: u8,\n}\n");
        let expected = "crates/isa/src/x.rs:2: a comment begins with `Its`: begin with its noun";
        assert_eq!(found, [expected]);
        assert_eq!(faults("crates/isa/src/x.rs", "//! Whether it is.\n").len(), 1);
        // Further lines, and comments within code, have their noun before them.
        let good = "/// A name.\n/// It is short.\nlet x = 1;\n// It is one.\n/// Italic.\n";
        assert_eq!(faults("crates/isa/src/x.rs", good), [""; 0]);
    }
}
