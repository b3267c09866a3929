//! Files in one text: a line with name and number of octets before the content of each.
//!
//! The build script reads this form, so this file uses nothing else of the crate.

/// Names and contents of the files in a text; `None` if it is not of this form.
pub fn read(packed: &str) -> Option<Vec<(String, String)>> {
    let mut files = Vec::new();
    let mut rest = packed;
    while !rest.is_empty() {
        let (line, after) = rest.split_once('\n')?;
        let (name, length) = line.rsplit_once(' ')?;
        let (content, after) = after.split_at_checked(length.parse().ok()?)?;
        files.push((name.to_owned(), content.to_owned()));
        rest = after;
    }
    Some(files)
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::template::pack;

    #[test]
    fn packed_files_come_out_as_they_went_in() {
        let files = [("a b/c.rs", "one\ntwo"), ("empty", ""), ("ü", "ä 3\n")];
        let packed = pack(&files);
        let back = read(&packed).unwrap();
        assert!(back.iter().map(|(name, text)| (&name[..], &text[..])).eq(files));
        assert_eq!(read(""), Some(Vec::new()));
        for damaged in ["a", "a 1\n", "a x\nb", &packed[..packed.len() - 1]] {
            assert_eq!(read(damaged), None, "{damaged:?}");
        }
    }
}
