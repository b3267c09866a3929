//! The file forms of profiles.

use std::fmt::Write;
use std::io;
use std::path::Path;
use std::str::FromStr;

use fxprof_processed_profile as firefox;
use serde_json::json;

use super::{FrameKind, Profile, ProfileFrame, Spent, Stack};

/// A form in which profiles are written, for people or for other programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileFormat {
    /// A table of functions and host calls.
    Text,
    /// A line a stack, frames separated by `;`, then the gas: the input of flame graph scripts.
    Folded,
    /// A flame graph as an SVG picture, for browsers.
    FlameGraph,
    /// For <https://profiler.firefox.com>.
    Firefox,
    /// For <https://www.speedscope.app>.
    Speedscope,
}

/// Reason why a profile could not be written in a form.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// No code used any gas.
    #[error("nothing used gas, so there is nothing to draw")]
    Empty,
    /// The library that draws failed.
    #[error("the flame graph could not be drawn: {0}")]
    Picture(#[from] io::Error),
    /// The library that writes JSON failed.
    #[error("the profile could not be written: {0}")]
    Json(#[from] serde_json::Error),
}

/// A name that is no [`ProfileFormat`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown form: expected text, folded, flame-graph, firefox or speedscope")]
pub struct UnknownFormat;

impl ProfileFormat {
    /// The forms with their names and the ends of their files' names. A longer end comes before an
    /// end that is a part of it.
    const TABLE: [(Self, &'static str, &'static [&'static str]); 5] = [
        (Self::Text, "text", &[".txt"]),
        (Self::Folded, "folded", &[".folded"]),
        (Self::FlameGraph, "flame-graph", &[".svg"]),
        (Self::Speedscope, "speedscope", &[".speedscope.json", ".speedscope"]),
        (Self::Firefox, "firefox", &[".json"]),
    ];

    /// All names.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::TABLE.into_iter().map(|(_, name, _)| name)
    }

    /// All ends of file names that tell a form.
    pub fn ends() -> impl Iterator<Item = &'static str> {
        Self::TABLE.into_iter().flat_map(|(_, _, ends)| ends.iter().copied())
    }

    /// The form of a file by the end of its name; `None` for an unknown end.
    #[must_use]
    pub fn of_file(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let tells = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
        let row = Self::TABLE.into_iter().find(|(_, _, ends)| tells(ends));
        row.map(|(format, ..)| format)
    }

    /// Writes profiles. The uncharged gas of inner machines is written as a profile of its own.
    ///
    /// # Errors
    ///
    /// When there is nothing to draw, or the library that draws or writes fails.
    pub fn write(self, profiles: &[Profile]) -> Result<Vec<u8>, ProfileError> {
        match self {
            Self::Text => Ok(text(profiles).into_bytes()),
            Self::Folded => Ok(folded(profiles).into_bytes()),
            Self::FlameGraph => flame_graph(profiles),
            Self::Firefox => firefox_profile(profiles),
            Self::Speedscope => speedscope(profiles),
        }
    }
}

impl FromStr for ProfileFormat {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        let row = Self::TABLE.into_iter().find(|(_, own, _)| *own == name);
        row.map(|(format, ..)| format).ok_or(UnknownFormat)
    }
}

/// The stacks of one profile under one title.
struct Part<'a> {
    title: String,
    frames: &'a [ProfileFrame],
    stacks: &'a [Stack],
}

impl Part<'_> {
    fn gas(&self) -> u64 {
        self.stacks.iter().fold(0, |sum, stack| sum.saturating_add(stack.gas))
    }

    fn frames_of<'s>(&'s self, stack: &'s Stack) -> impl Iterator<Item = &'s ProfileFrame> {
        stack.frames.iter().filter_map(|index| self.frames.get(*index))
    }
}

/// All parts that have stacks.
fn parts(profiles: &[Profile]) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    for Profile { title, frames, stacks, uncharged, .. } in profiles {
        parts.push(Part { title: title.clone(), frames, stacks });
        let title = format!("{title}: in inner machines, not charged to it");
        parts.push(Part { title, frames, stacks: uncharged });
    }
    parts.retain(|part| !part.stacks.is_empty());
    parts
}

fn text(profiles: &[Profile]) -> String {
    let mut text = String::new();
    for profile in profiles {
        let total = profile.gas();
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}: {total} gas", profile.title);
        for Spent { what, gas } in &profile.spent {
            let share = *gas as f64 * 100.0 / total.max(1) as f64;
            let _ = writeln!(text, "{gas:>12} {share:>5.1}%  {what}");
        }
    }
    text
}

fn folded(profiles: &[Profile]) -> String {
    let mut text = String::new();
    // The separator of frames, which types such as `[u8; 4]` contain.
    let plain = |name: &str| name.replace(';', ",");
    for part in parts(profiles) {
        for stack in part.stacks {
            text.push_str(&plain(&part.title));
            for frame in part.frames_of(stack) {
                text.push(';');
                text.push_str(&plain(&frame.name));
            }
            let _ = writeln!(text, " {}", stack.gas);
        }
    }
    text
}

fn flame_graph(profiles: &[Profile]) -> Result<Vec<u8>, ProfileError> {
    let folded = folded(profiles);
    if folded.is_empty() {
        return Err(ProfileError::Empty);
    }
    let mut options = inferno::flamegraph::Options::default();
    options.title = "Gas".to_owned();
    options.count_name = "gas".to_owned();
    options.name_type = "Function:".to_owned();
    // Colours by name: the same profile always gives the same picture.
    options.hash = true;
    let mut picture = Vec::new();
    inferno::flamegraph::from_lines(&mut options, folded.lines(), &mut picture)?;
    Ok(picture)
}

/// A profile with a thread for each part. The time line is gas: a microsecond stands for 1 gas.
fn firefox_profile(profiles: &[Profile]) -> Result<Vec<u8>, ProfileError> {
    use firefox::{CategoryColor, CpuDelta, Frame, FrameFlags, FrameInfo, Timestamp};
    const NANOSECONDS: u64 = 1000;
    let start = firefox::ReferenceTimestamp::from_millis_since_unix_epoch(0.0);
    let interval = firefox::SamplingInterval::from_nanos(NANOSECONDS);
    let mut written = firefox::Profile::new("Jambox: 1 µs is 1 gas", start, interval);
    written.set_symbolicated(true);
    let categories = [
        ("Function", CategoryColor::Blue),
        ("Host call", CategoryColor::Orange),
        ("Inner machine", CategoryColor::Green),
    ];
    let categories = categories.map(|(name, color)| written.add_category(name, color));
    let at = |gas: u64| Timestamp::from_nanos_since_reference(gas.saturating_mul(NANOSECONDS));
    let process = written.add_process("gas", 1, at(0));
    for (id, part) in (1..).zip(parts(profiles)) {
        // None is the main thread, whose track would have the name of the process.
        let thread = written.add_thread(process, id, at(0), false);
        // Weights have 31 bits.
        let unit = part.gas().div_ceil(i32::MAX as u64).max(1);
        let units = if unit == 1 { String::new() } else { format!(" (in units of {unit} gas)") };
        written.set_thread_name(thread, &format!("{}{units}", part.title));
        let mut spent = 0_u64;
        // The track of a thread shows how busy it was between two samples: always.
        let mut busy = CpuDelta::ZERO;
        for stack in part.stacks {
            let [function, host_call, machine] = categories;
            let frames: Vec<_> = part
                .frames_of(stack)
                .map(|frame| FrameInfo {
                    frame: Frame::Label(written.intern_string(&frame.name)),
                    category_pair: match frame.kind {
                        FrameKind::Function => function.into(),
                        FrameKind::HostCall => host_call.into(),
                        FrameKind::Machine => machine.into(),
                    },
                    flags: FrameFlags::empty(),
                })
                .collect();
            let handle = written.intern_stack_frames(thread, frames.into_iter());
            let weight = stack.gas.checked_div(unit).and_then(|gas| i32::try_from(gas).ok());
            let weight = weight.unwrap_or(i32::MAX);
            written.add_sample(thread, at(spent), handle, busy, weight);
            busy = CpuDelta::from_nanos(stack.gas.saturating_mul(NANOSECONDS));
            spent = spent.saturating_add(stack.gas);
        }
        written.set_thread_end_time(thread, at(spent));
    }
    Ok(serde_json::to_vec(&written)?)
}

fn speedscope(profiles: &[Profile]) -> Result<Vec<u8>, ProfileError> {
    let mut frames = Vec::new();
    let mut written = Vec::new();
    for part in parts(profiles) {
        let first = frames.len();
        frames.extend(part.frames.iter().map(|frame| match frame.file.as_str() {
            "" => json!({ "name": frame.name }),
            file => json!({ "name": frame.name, "file": file }),
        }));
        let samples = part.stacks.iter().map(|stack| {
            stack.frames.iter().map(|index| index.saturating_add(first)).collect::<Vec<_>>()
        });
        written.push(json!({
            "type": "sampled",
            "name": part.title,
            "unit": "none",
            "startValue": 0,
            "endValue": part.gas(),
            "samples": samples.collect::<Vec<_>>(),
            "weights": part.stacks.iter().map(|stack| stack.gas).collect::<Vec<_>>(),
        }));
    }
    let file = json!({
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "name": "Gas",
        "activeProfileIndex": 0,
        "exporter": concat!("jambox ", env!("CARGO_PKG_VERSION")),
        "shared": { "frames": frames },
        "profiles": written,
    });
    Ok(serde_json::to_vec(&file)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_ends_of_files_tell_the_form() {
        for (format, name, ends) in ProfileFormat::TABLE {
            assert_eq!(name.parse(), Ok(format));
            for end in ends {
                let path = format!("some folder/a.b{end}");
                assert_eq!(ProfileFormat::of_file(Path::new(&path)), Some(format), "{path}");
            }
        }
        assert_eq!("flamegraph".parse::<ProfileFormat>(), Err(UnknownFormat));
        assert_eq!(ProfileFormat::of_file(Path::new("package.toml")), None);
        assert_eq!(ProfileFormat::of_file(Path::new("svg")), None);
        let expected = ProfileFormat::names().collect::<Vec<_>>();
        let told = UnknownFormat.to_string();
        assert!(expected.iter().all(|name| told.contains(name)), "{told}");
    }
}
