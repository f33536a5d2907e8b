//! The house is built as `docs/ARCHITECTURE.md` draws it: no two files use each other, in whatever round-about way,
//! and rooms use only rooms on the floors below.

mod features;
mod graph;
mod mutations;
mod scripts;
mod source;
mod tokens;

use std::collections::BTreeSet;
use std::path::Path;

use graph::{House, room};

fn house() -> House {
    House::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
}

/// The rooms on each floor, the highest floor first, as the picture below the heading has them.
fn floors(document: &str) -> Vec<Vec<&str>> {
    let (_, section) = document.split_once("\n## The floors\n").expect("there is a section `The floors`");
    let picture = section.split("```").nth(1).expect("it has a picture");
    let lines = picture.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    lines.filter(|rooms| !rooms.is_empty()).collect()
}

fn drawn() -> Vec<Vec<&'static str>> {
    floors(include_str!("../../../docs/ARCHITECTURE.md"))
}

/// The arrows that do not lead to a lower floor, in words.
fn against(house: &House, floors: &[Vec<&str>]) -> Vec<String> {
    let floor = |file: &str| floors.iter().position(|rooms| rooms.contains(&room(file)));
    let arrows = house.arrows().into_iter();
    let arrows = arrows.flat_map(|(file, used)| used.into_iter().map(move |used| (file, used)));
    arrows
        .filter(|(file, used)| room(file) != room(used) && floor(file) >= floor(used))
        .map(|(file, used)| format!("{file} uses {used}"))
        .collect()
}

/// The circles, in words.
fn circles(house: &House) -> Vec<String> {
    house.circles().iter().map(|circle| circle.join(" -> ")).collect()
}

#[test]
fn no_import_circle_is_in_the_house() {
    let circles = circles(&house());
    assert!(circles.is_empty(), "files that use each other:\n{}", circles.join("\n"));
}

#[test]
fn every_arrow_leads_to_a_lower_floor() {
    let against = against(&house(), &drawn());
    assert!(against.is_empty(), "against the floors in docs/ARCHITECTURE.md:\n{}", against.join("\n"));
}

#[test]
fn every_room_is_drawn_once() {
    let house = house();
    let rooms: BTreeSet<&str> = house.files().map(room).filter(|room| *room != "lib").collect();
    let mut drawn = drawn().concat();
    drawn.sort_unstable();
    assert_eq!(drawn, rooms.into_iter().collect::<Vec<_>>());
}

const FLOORS: [&[&str]; 2] = [&["hop"], &["model", "store"]];

fn tree(files: &[(&'static str, &'static str)]) -> House {
    House::of(files.iter().copied())
}

fn against_floors(files: &[(&'static str, &'static str)]) -> Vec<String> {
    against(&tree(files), &FLOORS.map(<[&str]>::to_vec))
}

#[test]
fn an_added_circle_is_found_however_the_other_file_is_named() {
    const HERE: (&str, &str) = ("hop/lane.rs", "use super::scope::Scope; pub struct Job;");
    let ways = [
        "use super::lane::Job;",
        "use super::lane;",
        "use crate::hop::lane::{self as other};",
        "use crate::{hop::{end, lane::{Job, Other}}, run};",
        "pub use super::lane::Job; fn f(job: Job) {}",
        "pub(crate) use super::lane::*; use super::lane::*;",
        "fn f() { let job = crate::hop::lane::Job; }",
        "fn f() { println!(\"{}\", super::lane::Job::NAME); }",
        "use crate::hop; fn f(job: &hop::lane::Job) {}",
        "use super::Job;",
        "use crate::hop::Passed;",
        "mod inner { use super::super::lane::Job; }",
        "fn f() { use super::lane::Job; }",
    ];
    let door = "mod end; mod lane; mod scope; pub use lane::Job; pub use lane::Job as Passed;";
    for way in ways {
        let house = tree(&[("hop/mod.rs", door), HERE, ("hop/scope.rs", way)]);
        assert_eq!(circles(&house), ["hop/lane.rs -> hop/scope.rs -> hop/lane.rs"], "{way}");
    }
    for none in
        ["use super::Other;", "// use super::lane::Job;", "const A: &str = \"super::lane::Job\";", "struct lane;"]
    {
        assert_eq!(circles(&tree(&[("hop/mod.rs", door), HERE, ("hop/scope.rs", none)])), [""; 0], "{none}");
    }
}

#[test]
fn a_circle_over_three_files_is_told_once() {
    let house = tree(&[
        ("lib.rs", "pub mod a; pub mod b; pub mod c;"),
        ("a.rs", "use crate::b;"),
        ("b.rs", "use crate::c::C;"),
        ("c.rs", "fn f() { crate::a::f() } pub struct C;"),
    ]);
    assert_eq!(circles(&house), ["a.rs -> b.rs -> c.rs -> a.rs"]);
}

#[test]
fn a_door_that_only_passes_on_is_in_no_circle_but_one_that_works_is() {
    let child = ("model/kernel.rs", "use super::Digest; pub struct Kernel;");
    let other = ("model/digest.rs", "pub struct Digest;");
    let door = "mod digest; mod kernel; pub use digest::Digest; pub use kernel::Kernel;";
    assert_eq!(circles(&tree(&[("model/mod.rs", door), child, other])), [""; 0]);
    let works = "mod kernel; pub use kernel::Kernel; pub struct Digest; fn f() -> Kernel {}";
    assert_eq!(
        circles(&tree(&[("model/mod.rs", works), child])),
        ["model/kernel.rs -> model/mod.rs -> model/kernel.rs"]
    );
    let calls = "mod kernel; pub struct Digest; fn f() { kernel::f() }";
    assert_eq!(
        circles(&tree(&[("model/mod.rs", calls), child])),
        ["model/kernel.rs -> model/mod.rs -> model/kernel.rs"]
    );
    let holds = "mod kernel; pub use kernel::Kernel; pub struct Digest; enum Kind { #[a] Kernel = 1, Other }";
    assert_eq!(circles(&tree(&[("model/mod.rs", holds), child])), [""; 0]);
}

#[test]
fn an_added_arrow_against_the_floors_is_found() {
    let down = [("hop/mod.rs", "use crate::model::Kernel; use crate::store;"), ("model.rs", ""), ("store.rs", "")];
    assert_eq!(against_floors(&down), [""; 0]);
    let up = [("hop/mod.rs", "pub struct Hop;"), ("model.rs", "fn f(hop: crate::hop::Hop) {}")];
    assert_eq!(against_floors(&up), ["model.rs uses hop/mod.rs"]);
    let along = [("model.rs", "use crate::store::Table;"), ("store.rs", "pub struct Table;")];
    assert_eq!(against_floors(&along), ["model.rs uses store.rs"]);
    let through =
        [("hop/mod.rs", "pub use crate::store::Table;"), ("model.rs", "use crate::hop::Table;"), ("store.rs", "")];
    assert_eq!(against_floors(&through), ["model.rs uses store.rs"]);
    let undrawn = [("hop/mod.rs", "use crate::attic::Box;"), ("attic.rs", "pub struct Box;")];
    assert_eq!(against_floors(&undrawn), ["hop/mod.rs uses attic.rs"]);
}

#[test]
fn a_program_is_a_room_that_calls_the_library_by_its_name() {
    let files = [
        ("bin/score.rs", "use rowscore::hop; fn main() { hop::run() }"),
        ("bin/rowscore/main.rs", "mod run; use run::go;"),
        ("bin/rowscore/run.rs", "use crate::files; pub fn go() { rowscore::store::open() }"),
        ("hop/mod.rs", "pub fn run() {}"),
        ("store.rs", "pub fn open() {}"),
    ];
    let house = tree(&files);
    let arrows = house.arrows();
    assert_eq!(arrows["bin/score.rs"], BTreeSet::from(["hop/mod.rs"]));
    assert_eq!(arrows["bin/rowscore/main.rs"], BTreeSet::from(["bin/rowscore/run.rs"]));
    assert_eq!(arrows["bin/rowscore/run.rs"], BTreeSet::from(["bin/rowscore/main.rs", "store.rs"]));
    assert_eq!(["bin/score.rs", "bin/rowscore/run.rs", "run.rs"].map(room), ["bin/score", "bin/rowscore", "run"]);
}
