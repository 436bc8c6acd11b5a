//! The socket at which the running agent tells how it is.

use super::{Health, Report};
use crate::clock;
use std::{
    fs,
    io::{self, ErrorKind, Read},
    os::unix::{
        fs::{FileTypeExt, PermissionsExt},
        net::UnixStream,
    },
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{io::AsyncWriteExt, net::UnixListener, task::JoinHandle};

/// Readable and writable for the agent's user and group: connecting takes the right to write.
const MODE: u32 = 0o660;
/// How long either side waits for the other.
const PATIENCE: Duration = Duration::from_secs(2);
/// More than any report has.
const LARGEST: u64 = 1024 * 1024;

/// A socket that answers as long as it exists.
#[derive(Debug)]
pub struct Socket {
    path: PathBuf,
    task: JoinHandle<()>,
}

/// Why there is no socket, or no answer from it.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Somebody answers there already.
    #[error("another agent answers at {0}: this one has no status socket; set status.socket to another path")]
    Taken(String),
    /// It cannot be made.
    #[error("no status socket at {path}: {source}; set status.socket to a path that can be written")]
    Refused {
        /// Its path.
        path: String,
        /// What the system says.
        source: io::Error,
    },
}

impl Socket {
    /// Listens at `path`, in the place of a socket that an agent left behind, and answers every connection
    /// with the report of `health`. To be called within a tokio runtime.
    ///
    /// # Errors
    /// When somebody answers there already, or the system does not let it.
    pub fn open(path: PathBuf, health: Arc<Health>) -> Result<Self, SocketError> {
        let refused = |source| SocketError::Refused { path: path.display().to_string(), source };
        match UnixStream::connect(&path) {
            Ok(_) => return Err(SocketError::Taken(path.display().to_string())),
            // Left behind by an agent that was killed: nobody listens.
            Err(error) if error.kind() == ErrorKind::ConnectionRefused && is_socket(&path) => {
                fs::remove_file(&path).map_err(refused)?;
            }
            Err(_) => {}
        }
        let listener = UnixListener::bind(&path).map_err(refused)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(MODE)).map_err(refused)?;
        Ok(Self { path, task: tokio::spawn(serve(listener, health)) })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.task.abort();
        // If it is gone already, that is what is wanted.
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether there is a socket at `path`. To connect to a plain file is refused as well.
fn is_socket(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket())
}

/// One connection after the other: one that does not read holds up the others for a moment, never the agent.
async fn serve(listener: UnixListener, health: Arc<Health>) {
    loop {
        let Ok((mut stream, _)) = listener.accept().await else {
            // Out of file descriptors, say: it may pass.
            tokio::time::sleep(PATIENCE).await;
            continue;
        };
        let report = health.report(clock::monotonic_ms());
        let json = serde_json::to_vec(&report).expect("a report has a JSON form");
        // A reader that hangs up early has what it wanted.
        let _ = tokio::time::timeout(PATIENCE, async {
            stream.write_all(&json).await?;
            stream.shutdown().await
        })
        .await;
    }
}

/// Asks the agent that listens at `path`.
///
/// # Errors
/// When nobody does, or the answer is none.
pub fn ask(path: &Path) -> io::Result<Report> {
    let stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut json = Vec::new();
    stream.take(LARGEST).read_to_end(&mut json)?;
    Ok(serde_json::from_slice(&json)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health() -> Arc<Health> {
        Arc::new(Health::new("roof".parse().unwrap(), String::new(), 0))
    }

    async fn asked(path: &Path) -> io::Result<Report> {
        let path = path.to_owned();
        tokio::task::spawn_blocking(move || ask(&path)).await.unwrap()
    }

    #[tokio::test]
    async fn it_answers_and_is_for_user_and_group_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("agent.sock");
        let socket = Socket::open(path.clone(), health()).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
        for _ in 0..2 {
            assert_eq!(asked(&path).await.unwrap().device.as_str(), "roof");
        }
        drop(socket);
        assert!(!path.exists() && asked(&path).await.is_err());
    }

    #[tokio::test]
    async fn one_left_behind_is_replaced_and_a_live_one_is_not_stolen() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("agent.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let first = Socket::open(path.clone(), health()).unwrap();
        let second = Socket::open(path.clone(), health()).unwrap_err();
        assert!(second.to_string().contains("another agent answers"), "{second}");
        assert_eq!(asked(first.path()).await.unwrap().device.as_str(), "roof");
    }

    #[tokio::test]
    async fn what_is_no_socket_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("precious.txt");
        fs::write(&path, "do not delete").unwrap();
        let error = Socket::open(path.clone(), health()).unwrap_err();
        assert!(matches!(error, SocketError::Refused { .. }), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "do not delete");
    }
}
