//! Profiles of many runs, and their form as a text.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::{FrameKind, Profile, ProfileFrame, Spent, Stack};

/// First line of the text form, with the version of the lines after it.
const HEADER: &str = "jambox-profiles 1";

/// Profiles by title; those of one title add up.
///
/// As a text, profiles go through a file, with nothing lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profiles(BTreeMap<String, Profile>);

impl Profiles {
    /// Adds a profile to the one of its title.
    pub fn add(&mut self, profile: &Profile) {
        let title = profile.title.replace(char::is_control, " ");
        let own = self
            .0
            .entry(title)
            .or_insert_with_key(|title| Profile { title: title.clone(), ..Profile::default() });
        own.add(profile);
    }

    /// Adds all profiles of other runs.
    pub fn add_all(&mut self, others: &Self) {
        others.0.values().for_each(|profile| self.add(profile));
    }

    /// All profiles, by title.
    #[must_use]
    pub fn into_vec(self) -> Vec<Profile> {
        self.0.into_values().collect()
    }
}

impl Profile {
    /// Adds the gas of another run. The title stays.
    pub fn add(&mut self, other: &Self) {
        let own = self.frames.iter().enumerate();
        let mut indices: BTreeMap<_, _> = own.map(|(index, it)| (it.clone(), index)).collect();
        let mut translated = Vec::new();
        for frame in &other.frames {
            let next = indices.len();
            let index = *indices.entry(frame.clone()).or_insert(next);
            if index == next {
                self.frames.push(frame.clone());
            }
            translated.push(index);
        }
        let index = |frame: &usize| translated.get(*frame).copied();
        for (own, other) in
            [(&mut self.stacks, &other.stacks), (&mut self.uncharged, &other.uncharged)]
        {
            let pairs = own.drain(..).map(|stack| (stack.frames, stack.gas));
            let mut sums: BTreeMap<Vec<usize>, u64> = pairs.collect();
            for Stack { frames, gas } in other {
                add(sums.entry(frames.iter().filter_map(index).collect()).or_default(), *gas);
            }
            own.extend(sums.into_iter().map(|(frames, gas)| Stack { frames, gas }));
        }
        let pairs = self.spent.drain(..).map(|spent| (spent.what, spent.gas));
        let mut sums: BTreeMap<String, u64> = pairs.collect();
        for Spent { what, gas } in &other.spent {
            add(sums.entry(what.clone()).or_default(), *gas);
        }
        self.spent.extend(sums.into_iter().map(|(what, gas)| Spent { what, gas }));
        self.spent.sort_by_key(|spent| std::cmp::Reverse(spent.gas));
    }
}

fn add(sum: &mut u64, gas: u64) {
    *sum = sum.saturating_add(gas);
}

/// A line of a text that is not of the form of [`Profiles`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: expected a line of profiles such as `stack 12 0 1`")]
pub struct ProfilesError {
    /// Number of the line, from 1 on.
    pub line: usize,
}

/// Words of the text form for the kinds of frames.
const KINDS: [(FrameKind, &str); 3] = [
    (FrameKind::Function, "function"),
    (FrameKind::HostCall, "host-call"),
    (FrameKind::Machine, "machine"),
];

/// A line for each profile, frame (`KIND NAME`, a tabulator, the file), stack (`stack GAS FRAMES`,
/// or `uncharged`) and sum (`spent GAS WHAT`).
impl fmt::Display for Profiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |text: &str| text.replace(char::is_control, " ");
        writeln!(f, "{HEADER}")?;
        for (title, profile) in &self.0 {
            writeln!(f, "profile {title}")?;
            for ProfileFrame { kind, name, file } in &profile.frames {
                let word = KINDS.iter().find(|(it, _)| it == kind).map_or("", |(_, word)| word);
                writeln!(f, "{word} {}\t{}", plain(name), plain(file))?;
            }
            for (word, stacks) in [("stack", &profile.stacks), ("uncharged", &profile.uncharged)] {
                for Stack { frames, gas } in stacks {
                    write!(f, "{word} {gas}")?;
                    frames.iter().try_for_each(|frame| write!(f, " {frame}"))?;
                    writeln!(f)?;
                }
            }
            for Spent { what, gas } in &profile.spent {
                writeln!(f, "spent {gas} {}", plain(what))?;
            }
        }
        Ok(())
    }
}

impl FromStr for Profiles {
    type Err = ProfilesError;

    fn from_str(text: &str) -> Result<Self, ProfilesError> {
        let mut lines = (1..).zip(text.lines());
        if lines.next().is_none_or(|(_, first)| first != HEADER) {
            return Err(ProfilesError { line: 1 });
        }
        let mut profiles = Self::default();
        let mut profile: Option<Profile> = None;
        for (line, text) in lines {
            let error = ProfilesError { line };
            let (word, rest) = text.split_once(' ').ok_or(error)?;
            if word == "profile" {
                let next = Profile { title: rest.to_owned(), ..Profile::default() };
                profile.replace(next).into_iter().for_each(|it| profiles.add(&it));
            } else {
                profile.as_mut().and_then(|it| it.read(word, rest)).ok_or(error)?;
            }
        }
        profile.into_iter().for_each(|it| profiles.add(&it));
        Ok(profiles)
    }
}

impl Profile {
    /// Reads a line that is not the first of a profile.
    fn read(&mut self, word: &str, rest: &str) -> Option<()> {
        if let Some((kind, _)) = KINDS.iter().find(|(_, it)| *it == word) {
            let (name, file) = rest.split_once('\t')?;
            let (name, file) = (name.to_owned(), file.to_owned());
            self.frames.push(ProfileFrame { kind: *kind, name, file });
            return Some(());
        }
        let (gas, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let gas = gas.parse().ok()?;
        if word == "spent" {
            self.spent.push(Spent { what: rest.to_owned(), gas });
            return Some(());
        }
        let frame = |index: &str| -> Option<usize> {
            index.parse().ok().filter(|index| *index < self.frames.len())
        };
        let frames = rest.split_terminator(' ').map(frame).collect::<Option<_>>()?;
        match word {
            "stack" => self.stacks.push(Stack { frames, gas }),
            "uncharged" => self.uncharged.push(Stack { frames, gas }),
            _ => return None,
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(title: &str, names: [&str; 2], gas: u64) -> Profile {
        let frame = |name: &str| ProfileFrame {
            kind: if name.contains(' ') { FrameKind::HostCall } else { FrameKind::Function },
            name: name.to_owned(),
            file: String::new(),
        };
        let spent = names.map(|name| Spent { what: name.to_owned(), gas });
        Profile {
            title: title.to_owned(),
            frames: names.map(frame).to_vec(),
            stacks: vec![Stack { frames: vec![0], gas }, Stack { frames: vec![0, 1], gas }],
            uncharged: vec![Stack { frames: vec![1], gas }],
            spent: spent.to_vec(),
        }
    }

    #[test]
    fn profiles_of_one_title_add_up_by_name_and_read_back() {
        let mut profiles = Profiles::default();
        profiles.add(&profile("refine", ["main", "host call fetch"], 5));
        profiles.add(&profile("refine", ["host call fetch", "main"], 7));
        profiles.add(&profile("accumulate", ["main", "other"], u64::MAX));
        assert_eq!(profiles.to_string().parse(), Ok(profiles.clone()));
        let [accumulate, refine] = &profiles.into_vec()[..] else { panic!("two titles") };
        assert_eq!(accumulate.stacks.len(), 2);
        let stacks: Vec<_> = refine.stacks.iter().map(|it| (&it.frames[..], it.gas)).collect();
        assert_eq!(stacks, [(&[0][..], 5), (&[0, 1], 5), (&[1], 7), (&[1, 0], 7)]);
        assert_eq!(refine.frames.len(), 2);
        assert_eq!(refine.spent.iter().map(|it| it.gas).collect::<Vec<_>>(), [12, 12]);
        assert_eq!(refine.gas(), 24);
    }

    #[test]
    fn texts_of_another_form_are_refused_by_line() {
        let profile = format!("{HEADER}\nprofile a\n");
        for (text, line) in [
            ("", 1),
            (&format!("{HEADER}\nstack 1 0\n"), 2),
            (&format!("{profile}stack 1 0\n"), 3),
            (&format!("{profile}function main\n"), 3),
            (&format!("{profile}function main\t\nstack x 0\n"), 4),
            (&format!("{profile}word 1 0\n"), 3),
        ] {
            assert_eq!(text.parse::<Profiles>(), Err(ProfilesError { line }), "{text}");
        }
    }
}
