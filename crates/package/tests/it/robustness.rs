//! No text panics the reader or delays it.

use proptest::prelude::*;

use crate::memory::{FULL, load_text};

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,400}") {
        let _ = load_text(&text);
    }

    #[test]
    fn a_file_with_a_piece_replaced_is_read_or_refused(
        start in 0..FULL.len(),
        length in 0_usize..40,
        piece in prop_oneof!["[\\[\\]{}=\",.a-z0-9_\n ]{0,12}", Just(String::new())],
    ) {
        let end = (start + length).min(FULL.len());
        if FULL.is_char_boundary(start) && FULL.is_char_boundary(end) {
            let text = format!("{}{piece}{}", &FULL[..start], &FULL[end..]);
            if let Err(invalid) = load_text(&text) {
                prop_assert!(!invalid.problems.is_empty());
                prop_assert!(!invalid.to_string().is_empty());
            }
        }
    }
}

#[test]
fn deep_nesting_is_refused() {
    let text = format!("{FULL}\nx = {}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(load_text(&text).is_err());
}
