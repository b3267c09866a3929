//! Diagnoses of bad input: its place, the mistake, the expected input, advice.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan};
use serde::Serialize;
use textwrap::WordSplitter;

use jambox_package::{Invalid, line_and_column};

use crate::plain::{plain, plain_lines};
use crate::snippet::Snippet;

/// One mistake in the input of the command.
#[derive(Debug, Clone)]
pub struct Diagnosis {
    message: String,
    place: Place,
    expected: Option<String>,
    help: Option<String>,
}

/// Place of a mistake.
#[derive(Debug, Clone)]
enum Place {
    /// Nowhere in a file: an argument, or the lack of one.
    Nowhere,
    /// A file as a whole.
    File(PathBuf),
    /// An octet of a binary file.
    Octet { path: PathBuf, offset: u64 },
    /// A range of a text.
    Text { source: Snippet, start: usize, length: usize },
}

impl Diagnosis {
    /// A mistake that is in no file.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), place: Place::Nowhere, expected: None, help: None }
    }

    /// Sets the place: a file as a whole.
    pub fn in_file(mut self, path: &Path) -> Self {
        self.place = Place::File(path.to_owned());
        self
    }

    /// Sets the place: an octet of a binary file.
    pub fn at_octet(mut self, path: &Path, offset: u64) -> Self {
        self.place = Place::Octet { path: path.to_owned(), offset };
        self
    }

    /// Sets the place: a range of a text file.
    pub fn at_text(mut self, path: &Path, text: &Arc<str>, place: std::ops::Range<usize>) -> Self {
        let source = Snippet::new(path.display().to_string(), text);
        let (start, length) = source.span(place);
        self.place = Place::Text { source, start, length };
        self
    }

    /// Adds the expected input.
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// Adds advice: the next thing to do.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The mistake, in words.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The mistakes that were found in reading a package file or a file of another kind.
    pub fn of_reading(invalid: &Invalid) -> Vec<Self> {
        let diagnosis = |problem: &jambox_package::Problem| {
            let (path, text) = invalid.file(problem);
            let mut diagnosis = Self::new(problem.kind.to_string()).in_file(path);
            if let Some(place) = &problem.place {
                diagnosis = diagnosis.at_text(path, text, place.clone());
            }
            let expected = problem.kind.expected();
            if !expected.is_empty() {
                diagnosis = diagnosis.expected(expected);
            }
            match problem.kind.help() {
                Some(help) => diagnosis.help(help),
                None => diagnosis,
            }
        };
        invalid.problems.iter().map(diagnosis).collect()
    }

    /// Text of the mistake, for a person.
    pub fn render(&self, coloured: bool) -> String {
        let theme =
            if coloured { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let handler = GraphicalReportHandler::new_themed(theme).with_width(100).with_links(false);
        // Paths are useful only in one piece.
        let handler = handler.with_break_words(false);
        // Names of revisions are useful only in one piece.
        let handler = handler.with_word_splitter(WordSplitter::NoHyphenation);
        let mut rendered = String::new();
        match handler.render_report(&mut rendered, self) {
            Ok(()) => rendered,
            Err(_) => self.to_string(),
        }
    }

    /// The mistake as JSON, for a program.
    pub fn to_json(&self) -> impl Serialize {
        let (file, line, column, offset) = match &self.place {
            Place::Nowhere => (None, None, None, None),
            Place::File(path) => (Some(path.display().to_string()), None, None, None),
            Place::Octet { path, offset } => {
                (Some(path.display().to_string()), None, None, Some(*offset))
            }
            Place::Text { source, start, .. } => {
                let (line, column) = line_and_column(source.text(), *start);
                (Some(source.name().to_owned()), Some(line), Some(column), None)
            }
        };
        ErrorJson {
            message: self.message.clone(),
            file,
            line,
            column,
            offset,
            expected: self.expected.clone(),
            help: self.help.clone(),
        }
    }
}

#[derive(Serialize)]
struct ErrorJson {
    message: String,
    file: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
    offset: Option<u64>,
    expected: Option<String>,
    help: Option<String>,
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::File(path) => write!(f, "{}: ", shown(path))?,
            Place::Octet { path, offset } => write!(f, "{}, octet {offset}: ", shown(path))?,
            Place::Nowhere | Place::Text { .. } => {}
        }
        write!(f, "{}", clipped(&plain_lines(&self.message)))?;
        match (&self.place, &self.expected) {
            // In a text, the expected input is the label under the place.
            (Place::Text { .. }, _) | (_, None) => Ok(()),
            (_, Some(expected)) => write!(f, " ({})", clipped(&plain_lines(expected))),
        }
    }
}

fn shown(path: &Path) -> String {
    plain(&path.display().to_string()).into_owned()
}

/// The most characters of one text of a diagnosis that are shown.
const SHOWN: usize = 2000;

/// A text, shortened: it may be as long as its file.
fn clipped(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text.to_owned(),
    }
}

impl std::error::Error for Diagnosis {}

impl Diagnostic for Diagnosis {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.help.as_ref().map(|help| clipped(&plain_lines(help)));
        help.map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        match &self.place {
            Place::Text { source, .. } => Some(source),
            _ => None,
        }
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        match &self.place {
            Place::Text { start, length, .. } => {
                let expected = self.expected.as_deref().map(|text| clipped(&plain(text)));
                let span = LabeledSpan::new(expected, *start, *length);
                Some(Box::new(std::iter::once(span)))
            }
            _ => None,
        }
    }
}
