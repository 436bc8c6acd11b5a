//! What the hub's API says of itself.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use serde_json::Value;

use super::account::{LedgerRun, Source};
use crate::http;

/// The runs of a device by the hub's ledger; none where it does not know the device.
pub(super) fn read(port: u16, device: &str) -> anyhow::Result<BTreeMap<Source, LedgerRun>> {
    let path = format!("/api/v1/devices/{device}/ledger");
    let (status, body) = http::get(port, &path).with_context(|| format!("the hub does not answer {path}"))?;
    match status {
        200 => parse(&body, device).with_context(|| format!("not understood: {path}")),
        404 => Ok(BTreeMap::new()),
        other => bail!("{path} answers {other}"),
    }
}

fn parse(body: &str, device: &str) -> anyhow::Result<BTreeMap<Source, LedgerRun>> {
    let ledger: Value = serde_json::from_str(body)?;
    let number = |of: &Value, key: &str| of[key].as_u64().with_context(|| format!("no {key}"));
    let mut runs = BTreeMap::new();
    for run in ledger["runs"].as_array().context("no runs")? {
        let boot = run["boot"].as_str().context("no boot")?.to_owned();
        let told = LedgerRun {
            highest: number(run, "highest_sequence")?,
            received: number(run, "received_count")?,
            missing: number(run, "missing_count")?,
            late: number(run, "late_count")?,
            double: number(run, "double_count")?,
        };
        runs.insert(Source { device: device.to_owned(), boot }, told);
    }
    // Beyond a hundred the API tells sums only, which the store is not compared with run by run then.
    let sum = |of: fn(&LedgerRun) -> u64| runs.values().map(of).sum::<u64>();
    let (received, missing) = (number(&ledger, "received_count")?, number(&ledger, "missing_count")?);
    let (of_runs, of_holes) = (sum(|run| run.received), sum(|run| run.missing));
    if received < of_runs || missing < of_holes {
        bail!(
            "its sums ({received} received, {missing} missing) are less than its runs ({of_runs}, {of_holes})"
        );
    }
    if received > of_runs || missing > of_holes {
        let rest =
            LedgerRun { received: received - of_runs, missing: missing - of_holes, ..LedgerRun::default() };
        runs.insert(Source { device: device.to_owned(), boot: String::new() }, rest);
    }
    Ok(runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_read_and_what_is_not_listed_is_not_forgotten() {
        let run = r#"{"boot":"b","highest_sequence":5,"received_count":4,"missing_count":1,"late_count":2,"double_count":3}"#;
        let ledger =
            |received| format!(r#"{{"received_count":{received},"missing_count":1,"runs":[{run}]}}"#);
        let source = |boot: &str| Source { device: "roof".into(), boot: boot.into() };
        let told = LedgerRun { highest: 5, received: 4, missing: 1, late: 2, double: 3 };
        let whole = parse(&ledger(4), "roof").unwrap();
        assert_eq!(whole, BTreeMap::from([(source("b"), told)]));
        assert_eq!(parse(&ledger(9), "roof").unwrap()[&source("")].received, 5);
        assert!(parse(&ledger(3), "roof").is_err());
        assert!(parse("{}", "roof").is_err());
    }
}
