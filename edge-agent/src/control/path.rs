//! Where the socket is.

use std::{
    env,
    path::{Path, PathBuf},
};

/// Made by the service manager for the agent (`RuntimeDirectory=edgewise`).
const SERVICE: &str = "/run/edgewise";

/// Where the socket may be, the best place first: where the configuration says, or else in the service's
/// directory or in the user's own, of those that exist.
pub fn candidates(configured: Option<&Path>) -> Vec<PathBuf> {
    if let Some(path) = configured {
        return vec![path.to_owned()];
    }
    let of_service = Path::new(SERVICE).is_dir().then(|| Path::new(SERVICE).join("agent.sock"));
    let own = env::var_os("XDG_RUNTIME_DIR").filter(|directory| !directory.is_empty());
    let own = own.map(|directory| Path::new(&directory).join("edgewise-agent.sock"));
    of_service.into_iter().chain(own).collect()
}
