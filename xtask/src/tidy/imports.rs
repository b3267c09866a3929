//! Imports between the files of a crate: few files import each other in a circle.
//!
//! A file imports another when a path in it, in a `use` or elsewhere, names an item of the other's.
//! A path through a re-export counts for the file that has the item. Files in a circle can only be
//! understood together, so a circle is kept small enough to be read at a sitting.

use std::collections::{BTreeMap, BTreeSet};

use super::tokens::{self, Path};

/// Most files that may import each other in a circle.
const CIRCLE: usize = 3;

/// Most re-exports that a path is followed through.
const DEPTH: usize = 8;

/// A module's names from the root of its crate.
type Module = Vec<String>;

/// The files of one crate.
#[derive(Default)]
struct Files<'a> {
    modules: BTreeMap<Module, File<'a>>,
}

/// A file as far as imports go.
struct File<'a> {
    name: &'a str,
    /// Paths in its code.
    paths: Vec<Path>,
    /// Names that it has from elsewhere, with the paths that stand for them.
    aliases: BTreeMap<String, Vec<String>>,
    /// Paths of modules whose names it has all.
    globs: Vec<Vec<String>>,
    /// Names of its own items.
    items: BTreeSet<String>,
    macros: BTreeSet<String>,
}

/// Refuses circles of more than [`CIRCLE`] files. `sources` are names of files from the project's
/// root, with their texts.
pub fn check(sources: &[(String, String)], faults: &mut Vec<String>) {
    let mut crates: BTreeMap<&str, Files<'_>> = BTreeMap::new();
    let mut tests = BTreeSet::new();
    for (name, text) in sources {
        let Some((folder, path)) = name.split_once("/src/") else { continue };
        let module = module_of(path);
        let found = tokens::read(text);
        tests.extend(found.test_modules.iter().map(|test| {
            let mut module = module.clone();
            module.push(test.clone());
            (folder, module)
        }));
        crates.entry(folder).or_default().modules.insert(module, File::new(name, found));
    }
    for (folder, mut files) in crates {
        files.modules.retain(|module, _| !tests.contains(&(folder, module.clone())));
        for circle in circles(&files.imports()) {
            if circle.len() > CIRCLE {
                faults.push(format!(
                    "{folder}: {} files import each other in a circle, at most {CIRCLE} may: {}",
                    circle.len(),
                    circle.into_iter().collect::<Vec<_>>().join(", ")
                ));
            }
        }
    }
}

/// The module of a file, by its path from `src`.
fn module_of(path: &str) -> Module {
    let path = path.strip_suffix(".rs").unwrap_or(path);
    let mut module: Module = path.split('/').map(str::to_owned).collect();
    match module.last().map(String::as_str) {
        Some("mod") => drop(module.pop()),
        Some("lib" | "main") if module.len() == 1 => module.clear(),
        _ => {}
    }
    module
}

impl<'a> File<'a> {
    fn new(name: &'a str, found: tokens::Found) -> Self {
        let mut aliases = BTreeMap::new();
        let mut globs = Vec::new();
        for path in found.paths.iter().filter(|path| path.is_use) {
            match path.names.last().map(String::as_str) {
                Some("*") => globs.push(path.names[..path.names.len() - 1].to_vec()),
                Some(_) if !path.alias.is_empty() => {
                    aliases.insert(path.alias.clone(), path.names.clone());
                }
                _ => {}
            }
        }
        let tokens::Found { paths, items, macros, .. } = found;
        Self { name, paths, aliases, globs, items, macros }
    }
}

impl<'a> Files<'a> {
    /// All imports: each file with those that it imports.
    fn imports(&self) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
        let mut imports = BTreeMap::new();
        for (module, file) in &self.modules {
            let paths = file.paths.iter().filter(|path| !path.is_handed_on);
            let places = paths.filter_map(|path| self.place(module, &path.names, 0));
            let others = places.map(|place| self.modules[&place].name);
            imports.insert(file.name, others.filter(|other| *other != file.name).collect());
        }
        imports
    }

    /// The module that has the item of a path in the code of `module`; `None` for a path out of the
    /// crate. Modules that stand in another's file count as that file.
    fn place(&self, module: &Module, names: &[String], depth: usize) -> Option<Module> {
        let (mut place, mut rest) = self.start(module, names, depth)?;
        while let Some((name, after)) = rest.split_first() {
            let mut child = place.clone();
            child.push(name.clone());
            if self.modules.contains_key(&child) {
                (place, rest) = (child, after);
                continue;
            }
            let file = &self.modules[&place];
            // A file that is only named is imported for the sake of what follows.
            if file.items.contains(name) || depth > DEPTH {
                return Some(place);
            }
            if let Some(path) = file.aliases.get(name)
                && path != names
            {
                let path = [path.as_slice(), after].concat();
                return self.place(&place, &path, depth + 1);
            }
            let through = file.globs.iter().find_map(|glob| {
                let path = [glob.as_slice(), rest].concat();
                let found = self.place(&place, &path, depth + 1)?;
                self.modules[&found].items.contains(name).then_some(found)
            });
            let macros = || self.modules.iter().find(|(_, file)| file.macros.contains(name));
            let exported =
                || macros().filter(|_| place.is_empty()).map(|(module, _)| module.clone());
            return Some(through.or_else(exported).unwrap_or(place));
        }
        // The path ends at a module: a name for paths that follow, and they count.
        None
    }

    /// The module that a path starts from, and the names after it; `None` for a path that starts
    /// elsewhere than in this crate.
    fn start<'n>(
        &self,
        module: &Module,
        names: &'n [String],
        depth: usize,
    ) -> Option<(Module, &'n [String])> {
        let (first, after) = names.split_first()?;
        match first.as_str() {
            "crate" => Some((Module::new(), after)),
            "self" => Some((module.clone(), after)),
            "super" => {
                let mut place = module.clone();
                let mut rest = names;
                while rest.first().is_some_and(|name| name == "super") {
                    place.pop()?;
                    rest = &rest[1..];
                }
                Some((place, rest))
            }
            name => {
                let mut child = module.clone();
                child.push(name.to_owned());
                if self.modules.contains_key(&child) {
                    return Some((child, after));
                }
                // Only aliases of modules lead on; an item's own names are not looked up.
                let path = self.modules.get(module)?.aliases.get(name)?;
                let depth = Some(depth + 1).filter(|depth| *depth <= DEPTH)?;
                let (mut place, rest) = self.start(module, path, depth)?;
                place.extend_from_slice(rest);
                self.modules.contains_key(&place).then_some((place, after))
            }
        }
    }
}

/// The sets of files that import each other, of two files or more.
fn circles<'a>(imports: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Vec<BTreeSet<&'a str>> {
    let reached = |from: &'a str| {
        let mut reached = BTreeSet::new();
        let mut next = vec![from];
        while let Some(file) = next.pop() {
            let others = imports.get(file).into_iter().flatten();
            next.extend(others.copied().filter(|other| reached.insert(*other)));
        }
        reached
    };
    let all: BTreeMap<&str, BTreeSet<&str>> =
        imports.keys().map(|file| (*file, reached(file))).collect();
    let circle = |file: &&'a str| -> BTreeSet<&'a str> {
        all[file].iter().copied().filter(|other| all[other].contains(file)).collect()
    };
    let found: BTreeSet<_> = imports.keys().map(circle).collect();
    found.into_iter().filter(|circle| circle.len() > 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(files: &[(&str, &str)]) -> Vec<String> {
        let owned = |(name, text): &(&str, &str)| (format!("c/src/{name}"), (*text).to_owned());
        let mut faults = Vec::new();
        check(&files.iter().map(owned).collect::<Vec<_>>(), &mut faults);
        faults
    }

    #[test]
    fn a_circle_of_four_files_is_refused_and_one_of_three_is_not() {
        let circle = [
            ("lib.rs", "mod a; mod b; mod d; mod e; pub use a::{A, f};"),
            ("a.rs", "use crate::b::B; pub struct A; pub fn f() {}"),
            ("b.rs", "use super::d::*; pub struct B;"),
            ("d/mod.rs", "mod e; pub use e::E; pub struct D;"),
            ("d/e.rs", "use crate::A; pub struct E;"),
        ];
        assert_eq!(faults(&circle), [""; 0], "`d` only hands on, and `b` takes nothing of it");
        let closed = [circle[0], circle[1], ("b.rs", "fn g() { super::d::E; }"), circle[3]];
        assert_eq!(faults(&[&closed[..], &[circle[4]]].concat()), [""; 0], "three files");
        let longer = ("d/e.rs", "use super::D; pub struct E;");
        let through = ("d/mod.rs", "mod e; pub use e::E; pub struct D { f: crate::A }");
        let found = faults(&[circle[0], circle[1], closed[2], through, longer]);
        assert_eq!(
            found,
            ["c: 4 files import each other in a circle, at most 3 may: \
              c/src/a.rs, c/src/b.rs, c/src/d/e.rs, c/src/d/mod.rs"]
        );
    }

    #[test]
    fn macros_and_items_behind_names_count_for_their_files() {
        let found = faults(&[
            ("lib.rs", "mod a; mod b; mod d; mod e;"),
            ("a.rs", "use crate::b; fn f() { b::g() }"),
            ("b.rs", "pub fn g() { crate::made!() }"),
            ("d.rs", "macro_rules! made { () => { $crate::e::h() } }"),
            ("e.rs", "use super::a; pub fn h() { a::f() }"),
            ("tests.rs", "use super::*;"),
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("c: 4 files"), "{found:?}");
    }
}
