//! How much of the program itself stays in memory.
//!
//! Most of its code runs once: it reads the command line, the configuration and the certificates, and connects. The
//! kernel keeps what was used mapped for as long as the process lives. Given back, the code that goes on being used
//! returns by itself, page by page, and the rest stays in the page cache only until somebody needs the memory.

use std::{fs, io, path::Path, time::Duration};

/// The first ticks and the first connection are behind the agent then.
const SETTLED: Duration = Duration::from_secs(10);
/// What a lost connection or a changed configuration has brought in since is given back, too.
const AGAIN: Duration = Duration::from_secs(60 * 60);

/// Gives code back for ever, at long intervals. A kernel that does not let it is told of once, on `debug`.
pub(crate) async fn keep_small() -> std::convert::Infallible {
    tokio::time::sleep(SETTLED).await;
    loop {
        if let Err(error) = give_back_code() {
            tracing::debug!("the code of the start stays in memory: {error}");
            return std::future::pending().await;
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Unmaps the pages of this program's code; those that are still used come back from the page cache.
///
/// # Errors
/// When the kernel does not say where the code is, or keeps it.
fn give_back_code() -> io::Result<()> {
    let program = fs::read_link("/proc/self/exe")?;
    for code in code_of(&fs::read_to_string("/proc/self/smaps")?, &program) {
        give_back(code)?;
    }
    Ok(())
}

/// Where the code of `program` and its constants stand, according to /proc/PID/smaps: what cannot be written to and of
/// which no page differs from the file. What the start has written to and then locked is not among it: that would not
/// come back as it was.
fn code_of(smaps: &str, program: &Path) -> Vec<(usize, usize)> {
    let program = format!(" {}", program.display());
    let mut found = Vec::new();
    let mut candidate = None;
    for line in smaps.lines() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        if let Some((start, end)) = word.split_once('-') {
            let address = |text| usize::from_str_radix(text, 16).ok();
            let is_constant = ["r-xp ", "r--p "].iter().any(|kind| rest.starts_with(kind));
            candidate = address(start).zip(address(end)).filter(|_| is_constant && rest.ends_with(&program));
        } else if matches!(word, "Anonymous:" | "Swap:") && rest.trim() != "0 kB" {
            candidate = None;
        } else if word == "VmFlags:" {
            // The last line of each.
            found.extend(candidate.take());
        }
    }
    found
}

#[allow(unsafe_code)] // No safe wrapper can know that the memory is code.
fn give_back((start, end): (usize, usize)) -> io::Result<()> {
    // SAFETY: these pages are those of the program's file and cannot be written to, so what is read from them next
    // is what was there before.
    unsafe {
        rustix::mm::madvise(start as *mut _, end - start, rustix::mm::Advice::LinuxDontNeed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_as_in_the_file_is_meant() {
        let mapping = |head: &str, anonymous: u8, swap: u8| {
            format!("{head}\nRss: 4 kB\nAnonymous: {anonymous} kB\nSwap: {swap} kB\nVmFlags: rd mr mw me\n")
        };
        let smaps = [
            mapping("00400000-00420000 r--p 00000000 fe:00 5    /usr/bin/edge-agent", 0, 0),
            mapping("00420000-0068b000 r-xp 00020000 fe:00 5    /usr/bin/edge-agent", 0, 0),
            mapping("00697000-006b0000 r--p 00297000 fe:00 5    /usr/bin/edge-agent", 8, 0),
            mapping("006b0000-006b1000 r--p 002a0000 fe:00 5    /usr/bin/edge-agent", 0, 4),
            mapping("006b1000-006b3000 rw-p 002b0000 fe:00 5    /usr/bin/edge-agent", 0, 0),
            mapping("7f0000000000-7f0000001000 r-xp 00000000 fe:00 6    /usr/lib/libc.so.6", 0, 0),
            mapping("7ffd00000000-7ffd00002000 r-xp 00000000 00:00 0    [vdso]", 0, 0),
        ];
        let found = code_of(&smaps.concat(), Path::new("/usr/bin/edge-agent"));
        assert_eq!(found, [(0x40_0000, 0x42_0000), (0x42_0000, 0x68_b000)]);
    }

    /// Kilobytes of this program's code that are mapped.
    fn mapped() -> usize {
        let smaps = fs::read_to_string("/proc/self/smaps").unwrap();
        let program = fs::read_link("/proc/self/exe").unwrap();
        let code = smaps.split_once(" r-xp ").unwrap().1;
        assert!(code.lines().next().unwrap().ends_with(program.to_str().unwrap()), "{code:.100}");
        let line = code.lines().find_map(|line| line.strip_prefix("Rss:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Has all of it mapped, as if every part of it had run.
    #[allow(unsafe_code)] // No safe wrapper can know that the memory is code.
    fn use_all_code() {
        let program = fs::read_link("/proc/self/exe").unwrap();
        for (start, end) in code_of(&fs::read_to_string("/proc/self/smaps").unwrap(), &program) {
            // SAFETY: nothing is changed by what reads.
            unsafe {
                let advice = rustix::mm::Advice::LinuxPopulateRead;
                rustix::mm::madvise(start as *mut _, end - start, advice).unwrap();
            }
        }
    }

    #[test]
    fn code_that_is_not_used_any_more_leaves_and_the_rest_comes_back() {
        use_all_code();
        let before = mapped();
        give_back_code().unwrap();
        let after = mapped();
        assert!(after < before, "{after} of {before} kB");
        let help = clap::Command::new("much").try_get_matches_from(["much", "--help"]);
        assert!(help.unwrap_err().to_string().contains("Usage: much"), "it works as before");
    }
}
