//! `jambox man`: manual pages of the command and of all below it.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;
use serde::Serialize;

use crate::args::Cli;
use crate::input;
use crate::outcome::{Result, Verdict};
use crate::output::{Output, Report};

/// Write manual pages, one for each command
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jambox man ~/.local/share/man/man1
  jambox man build/man")]
pub struct Manual {
    /// The folder; it is made if it is not there
    folder: PathBuf,
}

impl Manual {
    pub fn run(&self, output: &Output) -> Result {
        let mut command = Cli::command().disable_help_subcommand(true);
        command.build();
        let mut files = Vec::new();
        write_pages(&command, &self.folder, &mut files)?;
        output.emit(&Pages { files })?;
        Ok(Verdict::Done)
    }
}

/// Writes the page of a command and those of its subcommands.
fn write_pages(command: &Command, folder: &Path, files: &mut Vec<String>) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|error| input::unwritable(folder, &error))?;
    let path = folder.join(Man::new(command.clone()).get_filename());
    input::write(&path, &page(command))?;
    files.push(path.display().to_string());
    let mut below = command.get_subcommands().filter(|command| !command.is_hide_set());
    below.try_for_each(|command| write_pages(command, folder, files))
}

/// A page in the language of `man`. All but the text after the options is clap's; that text, with
/// the examples, keeps its lines.
fn page(command: &Command) -> Vec<u8> {
    let man = Man::new(command.clone());
    let mut page = Vec::new();
    let mut render = || -> io::Result<()> {
        man.render_title(&mut page)?;
        man.render_name_section(&mut page)?;
        man.render_synopsis_section(&mut page)?;
        man.render_description_section(&mut page)?;
        man.render_options_section(&mut page)?;
        if command.has_subcommands() {
            man.render_subcommands_section(&mut page)?;
        }
        let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        page.extend_from_slice(sections(&after).as_bytes());
        match command.get_version() {
            Some(_) => man.render_version_section(&mut page),
            None => Ok(()),
        }
    };
    // Writing to memory does not fail.
    let _ = render();
    page
}

/// The text after the options. A heading ends in a colon, and the lines under it stay as they are;
/// a paragraph without one is filled.
fn sections(text: &str) -> String {
    let mut out = String::new();
    for part in text.split("\n\n").filter(|part| !part.is_empty()) {
        let (start, lines, end) = match part.split_once(":\n") {
            Some((heading, lines)) => (heading.to_uppercase() + "\n.nf", lines, ".fi\n"),
            None => ("NOTES".to_owned(), part, ""),
        };
        out.push_str(&format!(".SH {start}\n"));
        for line in lines.lines() {
            // Without `\&` a line that begins with a dot would be an instruction.
            out.push_str(&format!("\\&{}\n", line.replace('\\', "\\e").replace('-', "\\-")));
        }
        out.push_str(end);
    }
    out
}

#[derive(Serialize)]
struct Pages {
    files: Vec<String>,
}

impl Report for Pages {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        self.files.iter().try_for_each(|file| writeln!(out, "{file}"))
    }
}
