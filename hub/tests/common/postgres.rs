//! A PostgreSQL server of a test's own, which ends with it.

use super::SURELY;
use std::{
    ffi::OsString,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A server with one database, reached over a socket and over the loopback interface.
pub(crate) struct Server {
    child: Child,
    folder: tempfile::TempDir,
    port: u16,
    options: Vec<String>,
}

/// Options that trade the safety of data for time.
const CARELESS: [&str; 2] = ["-cfsync=off", "-cfull_page_writes=off"];

impl Server {
    /// Fast, and not safe from a power loss, which is not what most tests are about.
    pub(crate) fn start() -> Self {
        Self::start_with(&CARELESS, |_| {})
    }

    /// With options, and with its directory of data prepared.
    pub(crate) fn start_with(options: &[&str], prepare: impl FnOnce(&Path)) -> Self {
        // Not in the checkout, which other users may not read.
        let folder = tempfile::Builder::new().prefix("edgewise-postgres-").tempdir().unwrap();
        own(folder.path());
        let data = folder.path().join("data");
        let mut initdb = program("initdb");
        initdb.args(["--auth=trust", "--username=edgewise", "--encoding=UTF8", "--locale=C.UTF-8"]);
        let output = initdb.args(["--no-sync", "--no-instructions"]).arg(&data).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        prepare(&data);
        // Free at this moment, and nobody else's the moment after, which is as much as there is.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let options = options.iter().map(ToString::to_string).collect::<Vec<_>>();
        let child = spawn(folder.path(), port, &options);
        let server = Self { child, folder, port, options };
        server.await_ready();
        server
    }

    /// Its address over the loopback interface.
    pub(crate) fn url(&self) -> String {
        self.url_at(self.port)
    }

    /// Its address as if it were behind this port.
    pub(crate) fn url_at(&self, port: u16) -> String {
        format!("postgresql://edgewise@127.0.0.1:{port}/postgres")
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What statements say, one text a row, as another program sees it.
    pub(crate) fn ask(&self, sql: &str) -> Vec<String> {
        // Over its socket, where it believes whoever asks.
        let url = format!(
            "postgresql:///postgres?user=edgewise&port={}&host={}",
            self.port,
            self.folder.path().display()
        );
        let output = Command::new("psql").args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql, &url]).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    /// Another program that is in the middle of something, until it is dropped.
    pub(crate) fn busy_with(&self, sql: &str) -> Busy {
        let mut command = Command::new("psql");
        command.args(["-XAtq", &self.url()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // Its input stays open, and it waits for more.
        writeln!(child.stdin.as_mut().unwrap(), "{sql};\n\\echo BEGUN").unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "BEGUN\n");
        Busy(child)
    }

    /// Ends the server: `INT` waits for nobody, `QUIT` and `KILL` are crashes.
    pub(crate) fn stop(&mut self, signal: &str) {
        send(&self.child, signal);
        self.child.wait().unwrap();
    }

    /// Holds all of its processes still, as one that hangs, or lets them go on.
    pub(crate) fn hold(&self, still: bool) {
        let signal = if still { "STOP" } else { "CONT" };
        // The first of them first: while it stands still there come no more.
        send(&self.child, signal);
        for process in children(self.child.id()) {
            let _ = Command::new("kill").args([&format!("-{signal}"), &process]).status();
        }
    }

    /// Starts it once more, with what it had, and more options.
    pub(crate) fn start_again(&mut self, more: &[&str]) {
        let options: Vec<String> =
            self.options.iter().cloned().chain(more.iter().map(ToString::to_string)).collect();
        self.child = spawn(self.folder.path(), self.port, &options);
        self.await_ready();
    }

    fn await_ready(&self) {
        let give_up = Instant::now() + SURELY;
        let ready = || program("pg_isready").args(["-q", "-d", &self.url()]).status().unwrap().success();
        while !ready() {
            assert!(Instant::now() < give_up, "it is not ready: {}", log(self.folder.path()));
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.hold(false);
        send(&self.child, "QUIT");
        let _ = self.child.wait();
    }
}

/// See [`Server::busy_with`].
pub(crate) struct Busy(Child);

impl Drop for Busy {
    fn drop(&mut self) {
        // With it goes its connection, and with that its transaction.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn spawn(folder: &Path, port: u16, options: &[String]) -> Child {
    let log = fs::File::options().create(true).append(true).open(folder.join("log")).unwrap();
    let mut command = program("postgres");
    command.arg("-D").arg(folder.join("data")).arg("-k").arg(folder).arg("-p").arg(port.to_string());
    command
        .args(["-h", "127.0.0.1", "-cdynamic_shared_memory_type=mmap", "-cshared_buffers=16MB"])
        .args(options);
    command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap()
}

fn log(folder: &Path) -> String {
    fs::read_to_string(folder.join("log")).unwrap_or_default()
}

fn send(child: &Child, signal: &str) {
    let _ = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status();
}

fn children(of: u32) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap());
    let is_child = |name: &String| {
        let stat = fs::read_to_string(format!("/proc/{name}/stat")).unwrap_or_default();
        // Behind the name of the program, which may be anything: its state, and who started it.
        let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)).map(str::to_owned);
        parent == Some(of.to_string())
    };
    processes.filter_map(|entry| entry.file_name().into_string().ok()).filter(is_child).collect()
}

/// A program of the newest PostgreSQL there is, as a user that it accepts, and which ends when the test does, however
/// that ends.
fn program(name: &str) -> Command {
    let mut command = Command::new("setpriv");
    if let Some((user, _)) = user() {
        command.args([&format!("--reuid={user}"), &format!("--regid={user}"), "--clear-groups"]);
    }
    command.args(["--pdeathsig", "QUIT"]).arg(find(name)).current_dir("/");
    command
}

fn find(name: &str) -> OsString {
    let versions =
        fs::read_dir("/usr/lib/postgresql").into_iter().flatten().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> =
        versions.map(|version| version.join("bin").join(name)).filter(|file| file.is_file()).collect();
    found.sort();
    // Elsewhere than in Debian it is in the path.
    found.pop().map_or_else(|| name.into(), PathBuf::into_os_string)
}

/// PostgreSQL refuses root: the user to be instead, with its number.
fn user() -> Option<(&'static str, u32)> {
    let number = |name: &str| {
        let passwd = fs::read_to_string("/etc/passwd").unwrap();
        let line = passwd.lines().find(|line| line.starts_with(&format!("{name}:")))?.to_owned();
        line.split(':').nth(2)?.parse().ok()
    };
    let root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    root.then(|| Some(("postgres", number("postgres")?))).flatten()
}

pub(crate) fn own(path: &Path) {
    if let Some((_, number)) = user() {
        chown(path, Some(number), Some(number)).unwrap();
    }
}
