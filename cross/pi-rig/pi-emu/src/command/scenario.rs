//! Commands by time.

/// Reads lines of seconds and a command; `#` begins a remark. In the order of their times.
pub fn scenario(text: &str) -> Result<Vec<(f64, String)>, String> {
    let mut plan = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let step = line.split_once(char::is_whitespace).and_then(|(seconds, command)| {
            let seconds = seconds.parse::<f64>().ok().filter(|seconds| seconds.is_finite())?;
            Some((seconds, command.trim().to_owned()))
        });
        plan.push(step.ok_or(format!("line {}: want SECONDS COMMAND, not {line}", number + 1))?);
    }
    plan.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_in_the_order_of_their_times() {
        let plan = scenario("# remark\n5 plug\n\n0 set t=1  # now\n").unwrap();
        assert_eq!(plan, [(0.0, "set t=1".to_owned()), (5.0, "plug".to_owned())]);
        assert!(scenario("\nplug").unwrap_err().contains("line 2"));
    }
}
