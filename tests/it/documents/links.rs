//! Links from one document to another.

use std::fs;
use std::path::{Path, PathBuf};

fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let others = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let texts = others.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    texts.chain([root.join("README.md"), root.join("CHANGELOG.md")]).collect()
}

/// A heading as a link names it.
fn anchor(heading: &str) -> String {
    let kept =
        heading.trim_start_matches('#').trim().chars().filter(|char| char.is_alphanumeric() || " -_".contains(*char));
    kept.flat_map(char::to_lowercase).map(|char| if char == ' ' { '-' } else { char }).collect()
}

fn leads_somewhere(document: &Path, link: &str) -> bool {
    let (file, fragment) = link.split_once('#').unwrap_or((link, ""));
    let file = if file.is_empty() { document.to_owned() } else { document.parent().unwrap().join(file) };
    if fragment.is_empty() {
        return file.exists();
    }
    let text = fs::read_to_string(file).unwrap_or_default();
    text.lines().filter(|line| line.starts_with('#')).any(|heading| anchor(heading) == fragment)
}

/// What stands in `text` between each `open` and the next `close`.
fn between<'t>(text: &'t str, open: &str, close: char) -> impl Iterator<Item = &'t str> {
    text.split(open).skip(1).filter_map(move |rest| rest.split_once(close)).map(|(inner, _)| inner)
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        let pictures = ["src=\"", "srcset=\""].map(|attribute| between(&text, attribute, '"'));
        let links = between(&text, "](", ')').chain(pictures.into_iter().flatten());
        for link in links.filter(|link| !link.starts_with("http")) {
            assert!(leads_somewhere(&document, link), "{}: {link}", document.display());
        }
    }
}

/// Folders of the repository whose files the documents name.
const FOLDERS: [&str; 9] = ["docs/", "events/", "examples/", "fuzz/", "infra/", "proof/", "scripts/", "src/", "tests/"];

/// What a user puts there.
const OF_USERS: [&str; 2] = ["infra/kubernetes/authority/ca.pem", "infra/kubernetes/model/model.json"];

/// Whether the repository has such a file, or a room one, of which only the name is said, like `hop/telling`.
fn is_there(path: &str) -> bool {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    [path.to_owned(), format!("{path}.rs"), format!("src/{path}.rs")].iter().any(|path| root.join(path).exists())
}

fn is_a_path(word: &str) -> bool {
    let room = word.split_once('/').filter(|(room, _)| !room.is_empty());
    let room = room.map(|(room, _)| Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room));
    FOLDERS.iter().any(|folder| word.starts_with(folder)) || room.is_some_and(|room| room.is_dir())
}

#[test]
fn every_path_that_a_document_names_is_there() {
    let mut named = 0;
    for document in documents().into_iter().filter(|document| !document.ends_with("CHANGELOG.md")) {
        let text = fs::read_to_string(&document).unwrap();
        let prose: String = text.split("```").step_by(2).collect();
        for word in prose.split('`').skip(1).step_by(2).filter_map(|code| code.split(' ').next()) {
            if is_a_path(word) && !OF_USERS.contains(&word) {
                named += 1;
                assert!(is_there(word), "{}: there is no {word}", document.display());
            }
        }
    }
    assert!(named > 50, "{named} paths are no longer all");
}
