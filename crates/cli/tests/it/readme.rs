//! The transcripts in `README.md` are what the command says.
//!
//! `JAMBOX_BLESS=1` writes what it says into the file instead.

use crate::jambox::{jambox, root};

#[test]
fn the_transcripts_are_true() {
    let path = root().join("README.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (mut written, mut commands) = (String::new(), 0);
    let mut lines = text.split_inclusive('\n');
    while let Some(line) = lines.next() {
        written.push_str(line);
        let Some(command) = line.strip_prefix("$ jambox ") else { continue };
        commands += 1;
        written.push_str(&jambox(command.split_whitespace()).stdout);
        let end = lines.by_ref().find(|line| line.starts_with("```")).expect("the block's end");
        written.push_str(end);
    }
    assert!(commands > 0, "README.md has no transcript");
    if std::env::var_os("JAMBOX_BLESS").is_some() {
        std::fs::write(&path, written).unwrap();
        return;
    }
    let first = text.lines().zip(written.lines()).find(|(theirs, ours)| theirs != ours);
    assert_eq!(first.map(|(theirs, _)| theirs), first.map(|(_, ours)| ours));
    assert_eq!(text.lines().count(), written.lines().count());
}
