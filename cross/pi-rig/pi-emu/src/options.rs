//! The command line. Only the guest's init writes it.

const USAGE: &str =
    "pi-emu [--scenario FILE] [--control PATH]... [--log PATH] [--ready PATH] [--seed NUMBER]";

pub struct Options {
    /// Commands by time.
    pub scenario: Option<String>,
    /// FIFOs and serial lines that commands come by.
    pub control: Vec<String>,
    /// Where the log goes in place of standard error.
    pub log: Option<String>,
    /// A file to create once the devices are there.
    pub ready: Option<String>,
    /// Of noise and of faults that come by chance.
    pub seed: u64,
}

impl Options {
    pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self { scenario: None, control: Vec::new(), log: None, ready: None, seed: 1 };
        while let Some(name) = words.next() {
            let value = words.next().ok_or(format!("{name}: its value is missing; {USAGE}"))?;
            match name.as_str() {
                "--scenario" => options.scenario = Some(value),
                "--control" => options.control.push(value),
                "--log" => options.log = Some(value),
                "--ready" => options.ready = Some(value),
                "--seed" => {
                    options.seed = value.parse().map_err(|error| format!("--seed {value}: {error}"))?;
                }
                unknown => return Err(format!("{unknown}: no such option; {USAGE}")),
            }
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_have_values_and_some_come_often() {
        let options = parse("--control a --control b --seed 7").unwrap();
        assert_eq!((options.control, options.seed, options.log), (vec!["a".into(), "b".into()], 7, None));
        for line in ["--log", "--speed 1", "--seed x"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
