//! How many files, and so connections, this process may have open at a time.

use rustix::{
    io,
    process::{Resource, Rlimit, getrlimit, setrlimit},
};

/// Raises the limit to what the system allows this process, which takes no rights: the usual 1024 is a guard for
/// programs that keep files in a set of bits. Returns the limit, `None` when there is none.
///
/// # Errors
/// When the system refuses.
pub fn raise_limit() -> io::Result<Option<u64>> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?;
    Ok(maximum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_then_the_hard_one() {
        let limit = raise_limit().unwrap();
        assert_eq!(getrlimit(Resource::Nofile).current, limit);
    }
}
