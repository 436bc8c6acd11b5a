//! A database as the store, as people meet it: what they are told, and the commands about it.

mod common;

use common::{
    Hub, SURELY, backlog,
    place::{Place, apart, settings},
    postgres::Server,
    summary,
};
use hub::store::{
    Keep,
    fold::{DAY_MS, MINUTE_MS},
    postgresql::{PostgresStore, Settings, StoreUrl},
};
use std::{
    fs,
    io::{BufRead, BufReader, Read},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

/// The start of a day.
const DAY: i64 = 20_000 * DAY_MS;

fn refused(url: &str) -> String {
    refused_with(settings_of(url, None, None))
}

fn refused_with(settings: impl Fn() -> Settings) -> String {
    let error = PostgresStore::open(settings()).err().expect("it is refused").to_string();
    assert!(error.lines().count() == 1 && !error.contains("hunter2"), "{error}");
    error
}

fn settings_of(url: &str, password: Option<&str>, ca_file: Option<&Path>) -> impl Fn() -> Settings {
    let (url, ca_file): (StoreUrl, _) = (url.parse().unwrap(), ca_file.map(Path::to_owned));
    let password = password.map(::common::secret::Secret::new);
    move || Settings::new(&url, password.as_ref(), ca_file.as_deref()).unwrap()
}

#[test]
fn a_database_that_cannot_be_used_is_told_in_one_line() {
    let server = Server::start();
    let url = |user: &str, database: &str| {
        format!("postgresql://{user}:hunter2@127.0.0.1:{}/{database}", server.port())
    };
    assert!(refused(&url("edgewise", "none")).contains("database \"none\" does not exist"));
    assert!(refused(&url("nobody", "postgres")).contains("role \"nobody\" does not exist"));

    server.ask("CREATE ROLE guest LOGIN");
    assert!(refused(&url("guest", "postgres")).contains("run CREATE SCHEMA edgewise AUTHORIZATION"));
    server.ask("CREATE SCHEMA edgewise AUTHORIZATION guest");
    drop(PostgresStore::open(settings(&url("guest", "postgres"))).unwrap());
    server.ask("UPDATE edgewise.schema_version SET version = 99");
    assert!(
        refused(&url("guest", "postgres"))
            .contains("newer hub (schema 99, this one knows 1): update the hub")
    );

    server.ask(
        "DROP SCHEMA edgewise CASCADE; CREATE SCHEMA edgewise; CREATE TABLE edgewise.photos (name text)",
    );
    assert!(refused(&url("edgewise", "postgres")).contains("has a schema edgewise that is not the hub's"));
    server.ask("CREATE TABLE edgewise.schema_version (name text)");
    assert!(refused(&url("edgewise", "postgres")).contains("has a schema edgewise that is not the hub's"));

    // What others have in the same database does not matter.
    server.ask("DROP SCHEMA edgewise CASCADE; CREATE TABLE public.summaries (name text)");
    drop(PostgresStore::open(settings(&url("edgewise", "postgres"))).unwrap());
    let port = server.port();
    drop(server);
    let gone = refused(&format!("postgresql://edgewise@127.0.0.1:{port}/postgres"));
    assert!(gone.contains("cannot be reached: error connecting to server: Connection refused"), "{gone}");
}

#[test]
fn the_password_is_asked_for_and_told_to_nobody() {
    let server = Server::start_with(&[], |data| {
        fs::write(
            data.join("pg_hba.conf"),
            "local all all trust\nhost all probe all trust\nhost all all all scram-sha-256\n",
        )
        .unwrap();
    });
    server.ask("CREATE ROLE hub LOGIN SUPERUSER PASSWORD 'hunter2'");
    let url = |login: &str| format!("postgresql://{login}@127.0.0.1:{}/postgres", server.port());
    drop(PostgresStore::open(settings(&url("hub:hunter2"))).unwrap());
    drop(PostgresStore::open(settings_of(&url("hub:old"), Some("hunter2"), None)()).unwrap());
    let wrong = refused_with(settings_of(&url("hub"), Some("hunter2 "), None));
    assert!(wrong.contains("password authentication failed for user \"hub\""), "{wrong}");
    let none = refused(&url("hub"));
    assert!(none.contains("password missing"), "{none}");
}

#[test]
fn what_is_asked_to_be_encrypted_is_never_sent_in_plain_text() {
    let (own, other) = (certificate(), certificate());
    let folder = tempfile::tempdir().unwrap();
    let trusted = |name: &str, certificate: &str| {
        fs::write(folder.path().join(name), certificate).unwrap();
        folder.path().join(name)
    };
    let (own_file, other_file) = (trusted("own.pem", &own.0), trusted("other.pem", &other.0));
    let server = Server::start_with(&["-cssl=on"], |data| {
        for (name, content) in [("server.crt", &own.0), ("server.key", &own.1)] {
            fs::write(data.join(name), content).unwrap();
            fs::set_permissions(data.join(name), fs::Permissions::from_mode(0o600)).unwrap();
            common::postgres::own(&data.join(name));
        }
    });
    let url = format!("{}?sslmode=require", server.url());
    let store = PostgresStore::open(settings_of(&url, None, Some(&own_file))()).unwrap();
    let encrypted = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE ssl AND application_name = 'edgewise hub'";
    assert_eq!(server.ask(encrypted), ["1"]);
    drop(store);
    let told = refused_with(settings_of(&url, None, Some(&other_file)));
    assert!(
        told.contains(
            "cannot be reached encrypted: error performing TLS handshake: invalid peer certificate"
        ),
        "{told}"
    );

    let plain = Server::start();
    let url = format!("{}?sslmode=require", plain.url());
    let told = refused_with(settings_of(&url, None, Some(&own_file)));
    assert!(told.contains("server does not support TLS") && told.contains("write sslmode=disable"), "{told}");
}

/// A certificate for this machine, and its key.
fn certificate() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

fn hub(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hub"));
    command.env("NO_COLOR", "1").arg("--data").arg(data);
    command
}

fn command(data: &Path, url: &str, arguments: &[&str]) -> Output {
    hub(data).env("EDGEWISE_STORE_URL", url).args(arguments).output().unwrap()
}

fn done(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The one line that says what is wrong.
fn told(output: &Output) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(!output.status.success() && text.lines().count() == 1, "{text}");
    text
}

/// A hub that is started before its database, and ends when it is asked to, at any time.
#[test]
fn the_hub_waits_for_its_database_and_its_log_holds_no_password() {
    let mut server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let url = format!("postgresql://edgewise:hunter2@127.0.0.1:{}/postgres", server.port());
    server.stop("INT");
    let start = || {
        let mut command = hub(folder.path());
        command.args(["--http", "127.0.0.1:0", "--mqtt", "127.0.0.1:0"]).env("EDGEWISE_STORE_URL", &url);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap());
        (child, lines)
    };
    let line = |lines: &mut BufReader<_>, wanted: &str| {
        let mut line = String::new();
        while !line.contains(wanted) {
            line.clear();
            assert!(lines.read_line(&mut line).unwrap() > 0, "it ended without {wanted:?}");
            assert!(!line.contains("hunter2"), "{line}");
        }
    };
    let stop = |mut child: std::process::Child, mut lines: BufReader<std::process::ChildStderr>| {
        assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
        let mut rest = String::new();
        lines.read_to_string(&mut rest).unwrap();
        assert!(child.wait().unwrap().success() && !rest.contains("hunter2"), "{rest}");
    };
    let (child, mut lines) = start();
    line(&mut lines, "waiting for the database postgresql://127.0.0.1");
    stop(child, lines);

    let (child, mut lines) = start();
    line(&mut lines, "waiting for the database");
    server.start_again(&[]);
    line(&mut lines, "started");
    let shown = fs::read_to_string(format!("/proc/{}/cmdline", child.id())).unwrap();
    assert!(!shown.contains("hunter2"));
    stop(child, lines);
    assert_eq!(server.ask("SELECT version FROM edgewise.schema_version"), ["1"]);
    assert!(!folder.path().join("edgewise.db").exists(), "everything is in the database");

    let bad = hub(folder.path()).env("EDGEWISE_STORE_URL", "postgresql://me:hunter2@db").output().unwrap();
    let bad = told(&bad);
    assert!(
        bad.contains("EDGEWISE_STORE_URL") && bad.contains("write postgresql://") && !bad.contains("hunter2"),
        "{bad}"
    );
}

#[tokio::test]
async fn the_commands_work_on_a_database() {
    let mut place = Place::database();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let url = place.server().url();
    assert!(told(&command(data, &url, &["doctor"])).contains("there is no store postgresql://127.0.0.1"));
    let minute = |n: u64| summary("b1", n, DAY + n as i64 * MINUTE_MS, "a_percent", n as f64);
    let mut running = Hub::start_at(&place).await;
    for device in ["roof", "shed"] {
        let minutes: Vec<String> = (1..=100).map(minute).collect();
        running
            .receive(&format!("edgewise/{device}/backlog"), backlog(&minutes), DAY + 100 * MINUTE_MS)
            .await;
        while running.next_ack().await.sequence < 100 {}
    }
    running.stop().await;
    apart(|| {
        let store = place.open();
        let mut upkeep = store.upkeep();
        let keep = Keep { minutes_ms: None, hours_ms: None, settle_ms: 0 };
        while upkeep.step(&keep, DAY + 100 * MINUTE_MS).unwrap() {}
    });
    let running = Hub::start_at(&place).await;
    let text = done(&command(data, &url, &["doctor"]));
    for line in [
        "devices    2",
        "waiting    80 summaries, not packed yet, 2024-10-04T01:01:00.000Z to 2024-10-04T01:40:00.000Z",
        "minutes    120 points in 2 chunks, 2024-10-04T00:01:00.000Z to 2024-10-04T01:00:00.000Z",
        "hours      2 points in 2 chunks, 2024-10-04T01:00:00.000Z to 2024-10-04T01:00:00.000Z",
        "wrong      nothing",
    ] {
        assert!(text.lines().any(|told| told == line), "{line}\n{text}");
    }
    for words in [["backup", "copy.db"], ["restore", "copy.db"]] {
        assert!(told(&command(data, &url, &words)).contains("pg_dump --schema=edgewise"));
    }
    let csv = done(&command(data, &url, &["export", "--device", "roof"]));
    assert_eq!(csv.lines().count(), 101);
    let file = data.join("a.csv");
    fs::write(&file, &csv).unwrap();
    let file = file.to_str().unwrap();
    assert!(told(&command(data, &url, &["import", file])).contains("in use by another hub"));
    running.stop().await;
    assert_eq!(done(&command(data, &url, &["import", file])), "0 points imported, 100 were there already\n");

    // From one kind of store to the other, and back.
    let (elsewhere, again) = (data.join("elsewhere"), data.join("again.csv"));
    fs::create_dir(&elsewhere).unwrap();
    let local = |arguments: &[&str]| done(&hub(&elsewhere).args(arguments).output().unwrap());
    assert_eq!(local(&["import", file]), "100 points imported, 0 were there already\n");
    assert_eq!(local(&["export"]), csv);
    place.server().ask("DROP SCHEMA edgewise CASCADE");
    fs::write(&again, csv.replace("roof", "attic")).unwrap();
    let imported = command(data, &url, &["import", again.to_str().unwrap()]);
    assert_eq!(done(&imported), "100 points imported, 0 were there already\n");
    assert_eq!(done(&command(data, &url, &["export"])), csv.replace("roof", "attic"));

    place.server().ask("UPDATE edgewise.chunks SET points = substr(points, 1, 40) WHERE tier = 0");
    let output = command(data, &url, &["doctor"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    let damaged = "a_percent of attic, part 20000 of its history: a chunk of the history is damaged";
    assert!(text.contains(damaged), "{text}");
}

/// Reads need more connections than the database has left, and work again once it has.
#[tokio::test]
async fn without_connections_reads_fail_and_writing_goes_on() {
    let mut place = Place::database();
    place.server().ask("CREATE ROLE poor LOGIN; CREATE SCHEMA edgewise AUTHORIZATION poor");
    let url = place.server().url().replace("edgewise@", "poor@");
    let Place::Database(server) = place else { unreachable!() };
    let place = Place::Behind(url, server);
    let mut running = Hub::start_at(&place).await;
    running.receive("edgewise/roof/status", "online", 1).await;
    let Place::Behind(_, server) = &place else { unreachable!() };
    server.ask("ALTER ROLE poor CONNECTION LIMIT 1");
    let kick = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'poor'";
    server.ask(kick);
    running.receive("edgewise/roof/summary", summary("b1", 1, 1_000, "a_percent", 5.0), 5).await;
    running.acked("b1", 1).await;
    let ledger = "/api/v1/devices/roof/ledger";
    assert_eq!(running.get(ledger).await.0, 503);
    server.ask("ALTER ROLE poor CONNECTION LIMIT -1");
    let give_up = Instant::now() + SURELY;
    while running.get(ledger).await.0 != 200 {
        assert!(Instant::now() < give_up);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    running.stop().await;
}
