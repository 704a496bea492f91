use std::fs;

/// What decides where texts are split: part of the splitter's version.
const SPLITTER_CRATES: [&str; 3] = ["text-splitter", "tokenizers", "icu_segmenter_data"];

fn main() {
    napi_build::setup();
    println!("cargo:rerun-if-changed=Cargo.lock");
    let lock = fs::read_to_string("Cargo.lock").expect("Cargo.lock is committed");
    let versions = SPLITTER_CRATES.map(|name| format!("{name}-{}", locked_version(&lock, name)));
    println!("cargo:rustc-env=SPLITTER_VERSION={}", versions.join("+"));
}

fn locked_version<'lock>(lock: &'lock str, name: &str) -> &'lock str {
    let entry = format!("name = \"{name}\"\nversion = \"");
    let (_, rest) = lock.split_once(&entry).expect("a crate of the splitter is in Cargo.lock");
    rest.split('"').next().unwrap_or_default()
}
