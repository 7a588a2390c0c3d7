//! The built files are those of the sources.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use sha2::{Digest as _, Sha256};

/// Bytes that a browser loads before it shows the list of workflows, compressed.
const FIRST_LOAD_MAX: usize = 300 * 1000;

fn ui() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui")
}

fn all_below(folder: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all_below(&path, found);
        } else {
            found.insert(path);
        }
    }
}

/// The hash of all that the build reads, as ui/vite.config.ts computes it.
fn sources() -> String {
    let ui = ui();
    let mut files = BTreeSet::new();
    for folder in ["public", "src"] {
        all_below(&ui.join(folder), &mut files);
    }
    for file in ["index.html", "package-lock.json", "package.json", "tsconfig.json", "vite.config.ts"] {
        files.insert(ui.join(file));
    }
    let mut names: Vec<String> = files
        .iter()
        .map(|file| file.strip_prefix(&ui).unwrap().to_str().unwrap().to_owned())
        .filter(|name| !name.ends_with(".test.ts"))
        .collect();
    names.sort();
    let mut hash = Sha256::new();
    for name in names {
        let content = Sha256::digest(fs::read(ui.join(&name)).unwrap());
        hash.update(format!("{name} {}\n", hex(&content)));
    }
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_built_files_are_those_of_the_sources() {
    let built = fs::read_to_string(ui().join("dist/sources.sha256")).unwrap_or_default();
    assert_eq!(built.trim(), sources(), "ui/dist is not what ui/ would build now.\nhint: make ui, and commit ui/dist");
}

#[test]
fn the_first_page_is_small() {
    let dist = ui().join("dist");
    let page = fs::read_to_string(dist.join("index.html")).unwrap();
    let manifest: BTreeSet<String> =
        fs::read_dir(dist.join("assets")).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    // What the page names, what the screen of workflows needs, and the fonts.
    let mut needed: Vec<&String> = manifest.iter().filter(|name| name.starts_with("workflows-")).collect();
    assert_eq!(needed.len(), 1, "the screen has a file of its own");
    let mut next = 0;
    while let Some(name) = needed.get(next) {
        let script = fs::read_to_string(dist.join("assets").join(name)).unwrap();
        let imported = |other: &&String| script.contains(&format!("from\"./{other}\"")) && !page.contains(other.as_str());
        let fresh: Vec<_> = manifest.iter().filter(imported).filter(|other| !needed.contains(other)).collect();
        needed.extend(fresh);
        next += 1;
    }
    let is_first = |name: &&String| page.contains(name.as_str()) || needed.contains(name) || name.ends_with(".woff2");
    let size: usize = manifest
        .iter()
        .filter(is_first)
        .map(|name| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            std::io::Write::write_all(&mut encoder, &fs::read(dist.join("assets").join(name)).unwrap()).unwrap();
            encoder.finish().unwrap().len()
        })
        .sum();
    assert!(size <= FIRST_LOAD_MAX, "{size} bytes are loaded at first, {FIRST_LOAD_MAX} are permitted");
    assert!(size > 50_000, "{size}: something is not counted");
}
