//! Where the repository lies, and its files.

use std::path::{Path, PathBuf};

/// What a build, a run or an editor leaves behind; never part of the repository.
const NOT_OURS: [&str; 5] = [
    ".git",
    "target",
    "payfold-demo",
    "payfold-data",
    "payfold-sandbox",
];

/// The repository's top folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// What lies in the top folder, by name.
pub(crate) fn top_level() -> Vec<String> {
    let entries = std::fs::read_dir(root()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names
        .filter(|name| !NOT_OURS.contains(&name.as_str()))
        .collect();
    names.sort();
    names
}

/// Every file of the repository with one of these extensions, from the top folder down.
pub(crate) fn files(extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = top_level().iter().map(|name| root().join(name)).collect();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(
                std::fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if path
            .extension()
            .is_some_and(|it| extensions.iter().any(|wanted| it == *wanted))
        {
            found.push(path);
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no file ends with any of {extensions:?}");
    found
}

/// A path as a reader of a failure knows it: from the top folder down.
pub(crate) fn shown(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}
