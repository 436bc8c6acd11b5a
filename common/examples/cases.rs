//! Turns a file of cases into a directory that a fuzzer works on, and back:
//! `cases unpack FILE DIRECTORY`, `cases pack DIRECTORY FILE`. Run it by
//! `cargo run -p common --features fuzz --example cases -- ...`.

use common::cases;
use std::{env, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["unpack", file, directory] => unpack(Path::new(file), Path::new(directory)),
        ["pack", directory, file] => pack(Path::new(directory), Path::new(file)),
        _ => Err("say unpack FILE DIRECTORY, or pack DIRECTORY FILE".into()),
    }
}

fn unpack(file: &Path, directory: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(directory)?;
    for (number, case) in cases::parse(&fs::read_to_string(file)?).iter().enumerate() {
        fs::write(directory.join(format!("case-{number:05}")), case)?;
    }
    Ok(())
}

/// In the order of size, then of content: the same cases are the same file.
fn pack(directory: &Path, file: &Path) -> Result<(), Box<dyn Error>> {
    let paths: Result<Vec<_>, _> =
        fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut all: Vec<Vec<u8>> = paths?.iter().map(fs::read).collect::<Result<_, _>>()?;
    all.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    all.dedup();
    fs::write(file, cases::write(&all))?;
    println!("{}: {} cases", file.display(), all.len());
    Ok(())
}
