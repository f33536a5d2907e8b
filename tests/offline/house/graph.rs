//! Which file uses which.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::Path as FilePath;

use super::source::{Import, Path, Source};

/// All files of a house, by their names below `src`.
#[derive(Debug)]
pub(super) struct House {
    files: BTreeMap<String, Source>,
    /// The file of each module.
    modules: BTreeMap<Path, String>,
}

/// So many imports of imports lead to what is meant.
const MOST_IMPORTS: usize = 16;

impl House {
    /// Reads the folder `src`.
    pub(super) fn read(src: &FilePath) -> Self {
        let mut files = Vec::new();
        let mut folders = vec![src.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let name = path.strip_prefix(src).unwrap().to_str().unwrap().to_owned();
                    files.push((name, fs::read_to_string(path).unwrap()));
                }
            }
        }
        Self::of(files.iter().map(|(name, text)| (name.as_str(), text.as_str())))
    }

    /// A house of files, each with its name and its text.
    pub(super) fn of<'t>(files: impl IntoIterator<Item = (&'t str, &'t str)>) -> Self {
        let files: BTreeMap<String, Source> =
            files.into_iter().map(|(name, text)| (name.to_owned(), Source::read(module(name), text))).collect();
        let modules = files.iter().map(|(name, source)| (source.module.clone(), name.clone())).collect();
        Self { files, modules }
    }

    /// The names of all files.
    pub(super) fn files(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Every arrow from a file to one that it uses.
    pub(super) fn arrows(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        self.files.iter().map(|(name, source)| (name.as_str(), self.used_by(name, source))).collect()
    }

    fn used_by(&self, name: &str, source: &Source) -> BTreeSet<&str> {
        // What is only passed on to others is no use of it.
        let own = source.imports.iter().filter(|(name, import)| *import == Import::Own || source.words.contains(name));
        let named = own.filter_map(|(name, _)| source.names.get(name)).chain(&source.paths);
        let globs = source.globs.iter().filter(|(_, import)| *import == Import::Own).map(|(path, _)| path);
        named.chain(globs).filter_map(|path| self.resolve(path, MOST_IMPORTS)).filter(|used| *used != name).collect()
    }

    /// The file in which stands what `path` names, whoever passes it on.
    fn resolve(&self, path: &[String], most: usize) -> Option<&str> {
        let known = (1..=path.len()).rev().find(|&length| self.modules.contains_key(&path[..length]))?;
        let file = self.modules[&path[..known]].as_str();
        let (Some(name), Some(most)) = (path.get(known), most.checked_sub(1)) else { return Some(file) };
        let source = &self.files[file];
        let rest = &path[known + 1..];
        if let Some(target) = source.names.get(name).filter(|target| *target != path) {
            return self.resolve(&[target, rest].concat(), most);
        }
        let defines = |(glob, _): &&(Path, Import)| {
            let source = self.modules.get(glob).map(|file| &self.files[file]);
            source.is_some_and(|source| source.defined.contains(name) || source.names.contains_key(name))
        };
        match source.globs.iter().filter(|(glob, _)| *glob != source.module).find(defines) {
            Some((glob, _)) => self.resolve(&[glob, &path[known..]].concat(), most),
            None => Some(file),
        }
    }

    /// A shortest circle through each file that is in one, each circle once.
    pub(super) fn circles(&self) -> Vec<Vec<&str>> {
        let arrows = self.arrows();
        let mut circles: Vec<Vec<&str>> = Vec::new();
        for &file in arrows.keys() {
            if !circles.iter().flatten().any(|known| *known == file) {
                circles.extend(circle(&arrows, file));
            }
        }
        circles
    }
}

/// A shortest way from a file back to itself.
fn circle<'h>(arrows: &BTreeMap<&'h str, BTreeSet<&'h str>>, file: &'h str) -> Option<Vec<&'h str>> {
    let mut before = BTreeMap::new();
    let mut next = VecDeque::from([file]);
    while let Some(at) = next.pop_front() {
        for &used in &arrows[at] {
            if used == file {
                let mut way = vec![file, at];
                while let Some(&earlier) = way.last().and_then(|last| before.get(last)) {
                    way.push(earlier);
                }
                if at == file {
                    way.pop();
                }
                way.reverse();
                return Some(way);
            }
            before.entry(used).or_insert_with(|| {
                next.push_back(used);
                at
            });
        }
    }
    None
}

/// The module that a file is: `model/artifact/mod.rs` is `rowscore::model::artifact`. Each program has a root
/// of its own: `bin/score.rs`, and all in the folder `bin/rowscore`.
fn module(file: &str) -> Path {
    let mut parts: Vec<&str> = file.trim_end_matches(".rs").split('/').collect();
    if matches!(parts.last(), Some(&("mod" | "main" | "lib"))) {
        parts.pop();
    }
    match parts.as_slice() {
        ["bin", program, rest @ ..] => {
            [&[format!("bin/{program}")][..], &rest.iter().map(|part| (*part).to_owned()).collect::<Path>()].concat()
        }
        parts => ["rowscore"].iter().chain(parts).map(|part| (*part).to_owned()).collect(),
    }
}

/// The room that a file is in: a folder or a file of `src`, or a program of `src/bin`.
pub(super) fn room(file: &str) -> &str {
    let length = if file.starts_with("bin/") { 2 } else { 1 };
    let end = file.match_indices('/').nth(length - 1).map_or(file.len(), |(at, _)| at);
    file[..end].trim_end_matches(".rs")
}
