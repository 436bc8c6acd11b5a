//! Bad configurations, each with exactly the lines that it gets: `tests/bad_configs`. After a change of the
//! words, `UPDATE=1 cargo test -p edge-agent bad_configs` writes the lines anew, to be read before they are
//! believed.

use super::*;
use crate::identity::Machine;
use common::config_file::{Problem, Problems};
use proptest::prelude::*;
use std::{ffi::OsString, fs, os::unix::ffi::OsStringExt, path::PathBuf};

/// Begins a case; what follows is its title.
const TITLE: &str = "## ";
/// Begins a variable of the environment.
const VARIABLE: &str = "$ ";
/// Begins a line that the agent says.
const LINE: &str = ">> ";

struct Case {
    title: String,
    variables: Vec<(String, String)>,
    text: String,
    lines: Vec<String>,
}

fn files() -> Vec<PathBuf> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bad_configs");
    let mut files: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

fn cases(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.split_inclusive('\n') {
        let stripped = line.trim_end_matches('\n');
        if let Some(title) = stripped.strip_prefix(TITLE) {
            let (title, text) = (title.to_owned(), String::new());
            cases.push(Case { title, variables: Vec::new(), text, lines: Vec::new() });
            continue;
        }
        let case = cases.last_mut().expect("a file begins with a title");
        if let Some(said) = stripped.strip_prefix(LINE) {
            case.lines.push(said.to_owned());
        } else if let Some((name, value)) =
            stripped.strip_prefix(VARIABLE).and_then(|rest| rest.split_once('='))
        {
            case.variables.push((name.to_owned(), value.to_owned()));
        } else if case.lines.is_empty() {
            case.text.push_str(line);
        }
    }
    cases
}

fn machine() -> Machine {
    Machine { hostname: "roof".to_owned(), ..Machine::read() }
}

fn said(problems: &[Problem]) -> Vec<String> {
    let short = |problem: &Problem| problem.to_string().replacen("agent.toml:", "", 1).trim().to_owned();
    problems.iter().map(short).collect()
}

fn load(text: &str, variables: &[(String, String)]) -> Result<Sound, Problems> {
    let variable = |name: &str| {
        variables.iter().find(|(other, _)| other == name).map(|(_, value)| OsString::from(value))
    };
    Loader::default().load_text_with(text, &variable, Purpose::Run, &machine())
}

#[test]
fn bad_configs_get_their_lines() {
    let update = std::env::var_os("UPDATE").is_some();
    let (mut number, mut wrong) = (0, Vec::new());
    for file in files() {
        let mut anew = String::new();
        for case in cases(&fs::read_to_string(&file).unwrap()) {
            number += 1;
            let text = case.text.trim_end_matches('\n').to_owned() + "\n";
            let problems =
                load(&text, &case.variables).err().map(|problems| said(&problems.0)).unwrap_or_default();
            if problems != case.lines || problems.is_empty() {
                wrong.push(format!("{}\n  is {problems:#?}\n  not {:#?}", case.title, case.lines));
            }
            anew += &format!("{TITLE}{}\n", case.title);
            case.variables.iter().for_each(|(name, value)| anew += &format!("{VARIABLE}{name}={value}\n"));
            anew += &text;
            problems.iter().for_each(|line| anew += &format!("{LINE}{line}\n"));
            anew.push('\n');
        }
        if update {
            fs::write(&file, anew).unwrap();
        }
    }
    assert!(wrong.is_empty() || update, "{}", wrong.join("\n"));
    assert!(number >= 200, "{number}");
}

/// What a file that is not even text, or not to be read, gets.
#[test]
fn files_that_are_no_config_get_their_line() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("agent.toml");
    let load = || Loader { path: Some(path.clone()), ..Loader::default() }.load(Purpose::Run, &machine());
    let lines = || -> Vec<String> {
        let problems = load().map_or_else(|problems| problems.0, |sound| sound.warnings);
        let of = |problem: &Problem| problem.to_string().split_once("/agent.toml:").unwrap().1.to_owned();
        problems.iter().map(of).collect()
    };
    assert_eq!(
        lines(),
        [
            " cannot read the config file: No such file or directory (os error 2); check the path, and who may read it"
        ]
    );
    for (bytes, expected) in [
        (
            b"device = \"roof\"\n[mqtt]\nurl = \"mqtt://h\xe4user\"\n".to_vec(),
            "3: this is no UTF-8; save the file in that encoding",
        ),
        (b"\xff\xfed\0e\0v\0i\0c\0e\0".to_vec(), "1: this is no UTF-8; save the file in that encoding"),
        (
            b"device = \"roof\"\0\n".to_vec(),
            "1: this is no TOML, unexpected key or value; take the control characters out of the line",
        ),
        (
            b"device = \"ro\x07of\"\n".to_vec(),
            "1: this is no TOML, invalid basic string; take the control characters out of the line",
        ),
        (vec![b'#'; 2 * 1024 * 1024], " it has more than 1 MiB; is this the config file?"),
        (
            b"\x7fELF\x02\x01\x01\0\0".to_vec(),
            "1: this is no TOML, key with no value; take the control characters out of the line",
        ),
    ] {
        fs::write(&path, bytes).unwrap();
        assert_eq!(lines(), [expected]);
    }
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(
        lines(),
        [" cannot read the config file: Is a directory (os error 21); check the path, and who may read it"]
    );
    fs::remove_dir(&path).unwrap();
    fs::write(&path, b"\xef\xbb\xbf[mqtt]\r\nurl = \"mqtt://hub\"\r\n").unwrap();
    assert_eq!(
        lines(),
        Vec::<String>::new(),
        "a mark of the encoding and the line ends of Windows are no mistake"
    );
}

#[test]
fn a_variable_that_is_no_text_is_named() {
    let variable = |name: &str| (name == "EDGEWISE_DEVICE").then(|| OsString::from_vec(vec![0xff]));
    let text = "[mqtt]\nurl = 'mqtt://hub'\n";
    let problems = Loader::default().load_text_with(text, &variable, Purpose::Run, &machine()).unwrap_err();
    assert_eq!(said(&problems.0), ["EDGEWISE_DEVICE: device: this is no UTF-8; set it to plain text"]);
}

/// A sound config of every table, for something to break.
fn whole() -> String {
    include_str!("../../agent.example.toml")
        .lines()
        .filter_map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')))
        .map(|line| format!("{line}\n"))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Whatever is done to a file, it is taken or told, a line each, and nothing panics.
    #[test]
    fn no_file_makes_it_panic(
        edits in proptest::collection::vec((any::<proptest::sample::Index>(), 0_u8..5, any::<char>()), 1..12),
    ) {
        let mut text: Vec<char> = whole().chars().collect();
        for (place, how, letter) in edits {
            if text.is_empty() {
                break;
            }
            let at = place.index(text.len());
            match how {
                0 => text[at] = letter,
                1 => { text.remove(at); }
                2 => text.insert(at, letter),
                3 => text.truncate(at.max(1)),
                _ => { let part: Vec<char> = text[at..text.len().min(at + 40)].to_vec(); text.splice(at..at, part); }
            }
        }
        let text: String = text.into_iter().collect();
        if let Err(Problems(problems)) = load(&text, &[]) {
            prop_assert!(!problems.is_empty());
            for problem in problems {
                let line = problem.to_string();
                prop_assert!(!line.contains('\n') && !line.contains("not this one"), "{}", line);
            }
        }
    }
}
