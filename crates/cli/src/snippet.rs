//! Excerpt of a text around a mistake.

use std::ops::Range;
use std::sync::Arc;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use crate::plain::plain_in_place;

/// The longest line that is shown as it is, in octets.
const LINE: usize = 400;
/// Octets of a longer line that are shown before and after the mistake.
const AROUND: usize = 60;

/// A text with its name; excerpts of it are short however long its lines are.
#[derive(Debug, Clone)]
pub struct Snippet {
    name: String,
    /// The text, made harmless: every octet keeps its place.
    text: Arc<str>,
}

impl Snippet {
    pub fn new(name: String, text: &str) -> Self {
        Self { name: plain_in_place(&name), text: plain_in_place(text).into() }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Start and length of the marked part of a place, in octets; on a very long line, of its
    /// visible part.
    pub fn span(&self, place: Range<usize>) -> (usize, usize) {
        let start = self.boundary(place.start);
        let end = self.boundary(place.end).max(start);
        let line = self.line(start);
        if line.len() <= LINE {
            return (start, end - start);
        }
        let end = end.min(self.boundary(start + AROUND)).min(line.end.max(start));
        (start, end - start)
    }

    /// The line that an octet is in, without its end.
    fn line(&self, at: usize) -> Range<usize> {
        let (before, after) = self.text.split_at(at);
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        start..at + after.find('\n').unwrap_or(after.len())
    }

    /// Last start of a character up to an octet.
    fn boundary(&self, at: usize) -> usize {
        (0..=at.min(self.text.len())).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0)
    }
}

impl SourceCode for Snippet {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let contents = self.text.as_ref().read_span(span, lines_before, lines_after)?;
        let longest = contents.data().split(|octet| *octet == b'\n').map(<[u8]>::len).max();
        let name = self.name.clone();
        // Nothing but the place is asked for where no line is.
        if lines_before + lines_after == 0 || longest.is_none_or(|longest| longest <= LINE) {
            return Ok(Box::new(MietteSpanContents::new_named(
                name,
                contents.data(),
                *contents.span(),
                contents.line(),
                contents.column(),
                contents.line_count(),
            )));
        }
        let (start, length) = self.span(span.offset()..span.offset() + span.len());
        let line = self.line(start);
        let from = self.boundary(start.saturating_sub(AROUND)).max(line.start);
        let to = self.boundary(start + length + AROUND).min(line.end).max(start + length);
        let number = self.text[..start].matches('\n').count();
        let data = &self.text.as_bytes()[from..to];
        let shown = SourceSpan::from(from..to);
        let column = self.text[line.start..from].chars().count();
        Ok(Box::new(MietteSpanContents::new_named(name, data, shown, number, column, 1)))
    }
}
