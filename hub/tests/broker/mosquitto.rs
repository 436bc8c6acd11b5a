//! A real mosquitto on a free port of loopback.

use crate::client::HUNG;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

const PROGRAM: &str = "/usr/sbin/mosquitto";

pub(crate) struct Mosquitto {
    address: SocketAddr,
    directory: TempDir,
    process: Child,
}

impl Mosquitto {
    pub(crate) async fn start() -> Self {
        Self::start_with("").await
    }

    /// With more lines in its configuration.
    pub(crate) async fn start_with(more: &str) -> Self {
        let address = free_address();
        let directory = tempfile::tempdir().unwrap();
        let port = address.port();
        // Its queues hold 1,000 messages unless told otherwise, less than the cases send.
        let config = format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 100000\n\
             persistence false\nuser root\n{more}\n"
        );
        std::fs::write(directory.path().join("mosquitto.conf"), config).unwrap();
        let process = spawn(&directory);
        let mut started = Self { address, directory, process };
        started.wait_until_it_listens().await;
        started
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets it do nothing more, with its connections open.
    pub(crate) async fn freeze(&self) {
        let process = self.process.id().expect("it runs");
        run("kill", &format!("-STOP {process}"), "").await;
    }

    /// Ends it without a farewell.
    pub(crate) async fn stop(&mut self) {
        self.process.kill().await.unwrap();
    }

    /// Starts it again after [`stop`](Self::stop).
    pub(crate) async fn start_again(&mut self) {
        self.process = spawn(&self.directory);
        self.wait_until_it_listens().await;
    }

    pub(crate) async fn restart(mut self) -> Self {
        self.stop().await;
        self.start_again().await;
        self
    }

    async fn wait_until_it_listens(&mut self) {
        for _ in 0..200 {
            if TcpStream::connect(self.address).await.is_ok() {
                return;
            }
            if let Some(status) = self.process.try_wait().unwrap() {
                panic!("mosquitto ended at once, {status}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("mosquitto does not listen on {}", self.address);
    }
}

fn spawn(directory: &TempDir) -> Child {
    Command::new(PROGRAM)
        .arg("-c")
        .arg(directory.path().join("mosquitto.conf"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("{PROGRAM}: {error}; install it: apt-get install mosquitto"))
}

/// Runs one of mosquitto's clients to its end and returns what it printed.
pub(crate) async fn run(program: &str, arguments: &str, input: &str) -> String {
    let mut process = Command::new(program)
        .args(arguments.split(' '))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}; install it: apt-get install mosquitto-clients"));
    let mut stdin = process.stdin.take().unwrap();
    let write = async move { stdin.write_all(input.as_bytes()).await };
    let (written, output) =
        tokio::time::timeout(HUNG, async { tokio::join!(write, process.wait_with_output()) })
            .await
            .unwrap_or_else(|_| panic!("{program} {arguments} does not end"));
    // One that reads no input may have ended before it was written.
    drop(written);
    let output = output.unwrap();
    assert!(output.status.success(), "{program} {arguments}: {}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// An address that was free a moment ago.
pub(crate) fn free_address() -> SocketAddr {
    std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}
