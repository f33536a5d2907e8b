//! One file: which names it imports, and which paths its code says.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use super::tokens::{is_name, tokens};

/// A path from the root of its crate, like `["rowscore", "model", "Kernel"]`.
pub(super) type Path = Vec<String>;

/// What one file says.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// The module that the file is.
    pub module: Path,
    /// Every name that an import binds, with what it stands for.
    pub names: BTreeMap<String, Path>,
    /// What is imported with a `*`, and whether it is passed on.
    pub globs: Vec<(Path, Import)>,
    /// The imports, in the order of the file.
    pub imports: Vec<(String, Import)>,
    /// The paths in the code outside of imports.
    pub paths: Vec<Path>,
    /// The first words of all paths, and the words that stand alone.
    pub words: BTreeSet<String>,
    /// The names of what is defined here.
    pub defined: BTreeSet<String>,
}

/// What an import is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Import {
    /// For the file's own code.
    Own,
    /// `pub use`: for others, and perhaps for its own code, too.
    PassedOn,
}

/// Words after which a name is defined.
const DEFINING: [&str; 8] = ["fn", "struct", "enum", "trait", "type", "const", "static", "union"];

impl Source {
    /// Reads the file that is the module `module`.
    pub(super) fn read(module: Path, text: &str) -> Self {
        let tokens = tokens(text);
        let mut source = Self { module, ..Self::default() };
        // The modules in the file that are open, each with the depth of its braces.
        let mut open: Vec<(&str, usize)> = Vec::new();
        // The bodies of enums that are open, by their depth, and whether the next brace opens one.
        let (mut enums, mut is_enum) = (Vec::new(), false);
        let mut depth = 0;
        let mut at = 0;
        while at < tokens.len() {
            let before = if at == 0 { "" } else { tokens[at - 1] };
            let after = tokens.get(at + 1).copied().unwrap_or_default();
            match tokens[at] {
                "{" => {
                    depth += 1;
                    if mem::take(&mut is_enum) {
                        enums.push(depth);
                    }
                }
                "}" => {
                    depth -= 1;
                    open.retain(|(_, opened)| *opened <= depth);
                    enums.retain(|opened| *opened <= depth);
                }
                // A variant is no use of what has the same name.
                name if is_name(name) && enums.last() == Some(&depth) && matches!(before, "{" | "," | "]") => {}
                "mod" => {
                    if tokens.get(at + 2) == Some(&"{") {
                        open.push((after, depth + 1));
                    }
                    at += 1;
                }
                "use" if after != "<" => {
                    let end = at + tokens[at..].iter().position(|token| *token == ";").unwrap_or(0);
                    // Only the bracket of `pub(…)` may stand before an import.
                    let import = if before == "pub" || before == ")" { Import::PassedOn } else { Import::Own };
                    source.import(&tokens[at + 1..end], &[], &source.base(&open), import);
                    at = end;
                }
                "enum" => is_enum = true,
                word if is_name(word) && before != "::" && before != "." => {
                    let length = path_length(&tokens[at..]);
                    let path = tokens[at..at + length].iter().step_by(2).map(|part| (*part).to_owned()).collect();
                    source.say(path, before, &open);
                    at += length - 1;
                }
                _ => {}
            }
            at += 1;
        }
        source
    }

    fn base(&self, open: &[(&str, usize)]) -> Path {
        self.module.iter().cloned().chain(open.iter().map(|(name, _)| (*name).to_owned())).collect()
    }

    fn say(&mut self, path: Path, before: &str, open: &[(&str, usize)]) {
        self.words.insert(path[0].clone());
        if DEFINING.contains(&before) {
            self.defined.insert(path[0].clone());
        }
        let base = self.base(open);
        match (self.absolute(&path, &base), path.len()) {
            (_, 1) => {}
            (Some(path), _) => self.paths.push(path),
            (None, _) => self.paths.push([self.module.clone(), path].concat()),
        }
    }

    /// `path` from the root, if it says where it begins.
    fn absolute(&self, path: &[String], base: &[String]) -> Option<Path> {
        let mut base = base.to_vec();
        let mut rest = path;
        match path[0].as_str() {
            "crate" => base.truncate(1),
            "self" => {}
            "super" => {
                while let Some((_, after)) = rest.split_first().filter(|(first, _)| *first == "super") {
                    base.pop();
                    rest = after;
                }
                return Some([base, rest.to_vec()].concat());
            }
            "rowscore" if self.module[0] != "rowscore" => return Some(path.to_vec()),
            _ => return None,
        }
        Some([base, path[1..].to_vec()].concat())
    }

    /// Takes the tree of an import, like `a::{b, c as d, e::*}`, that grows from `stem`.
    fn import(&mut self, tree: &[&str], stem: &[String], base: &[String], import: Import) {
        if let Some(brace) = tree.iter().position(|token| *token == "{") {
            let stem = [stem, &names(&tree[..brace])].concat();
            split(&tree[brace + 1..tree.len() - 1]).into_iter().for_each(|tree| self.import(tree, &stem, base, import));
            return;
        }
        let (tree, bound) = match tree {
            [path @ .., "as", name] => (path, Some(*name)),
            _ => (tree, None),
        };
        let mut path = [stem, &names(tree)].concat();
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        let Some(last) = path.last().cloned() else { return };
        // Beside it, if it begins with a name of this file; with another crate's it leads nowhere.
        let path = self.absolute(&path, base).unwrap_or_else(|| [base, &path].concat());
        if tree.last() == Some(&"*") {
            self.globs.push((path, import));
        } else {
            let name = bound.map_or(last, str::to_owned);
            self.names.entry(name.clone()).or_insert(path);
            self.imports.push((name, import));
        }
    }
}

/// How many tokens a path has that begins here.
fn path_length(tokens: &[&str]) -> usize {
    let more = tokens[1..].chunks_exact(2).take_while(|pair| pair[0] == "::" && is_name(pair[1]));
    1 + 2 * more.count()
}

fn names(tokens: &[&str]) -> Path {
    tokens.iter().filter(|token| is_name(token)).map(|token| (*token).to_owned()).collect()
}

/// The parts between commas that stand in no inner braces.
fn split<'t>(tokens: &'t [&'t str]) -> Vec<&'t [&'t str]> {
    let mut depth = 0;
    let parts = tokens.split(|token| {
        match *token {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        *token == "," && depth == 0
    });
    parts.filter(|part| !part.is_empty()).collect()
}
