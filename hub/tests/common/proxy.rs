//! A way to the database that breaks when a test wants it to.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

/// What a client sends to have its transaction made durable.
const COMMIT: &[u8] = b"COMMIT\0";

/// A proxy for any number of connections.
#[derive(Clone)]
pub(crate) struct Proxy(Arc<Shared>);

struct Shared {
    upstream: u16,
    port: u16,
    /// The next commits reach the server, but their answers do not come back.
    swallow: AtomicUsize,
    /// The server does not learn of it when a connection breaks.
    hold: AtomicBool,
    /// Connections are made and stay, but nothing arrives, either way.
    mute: AtomicBool,
    /// What the server does not know to be dead.
    held: Mutex<Vec<TcpStream>>,
    open: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    pub(crate) fn start(upstream: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Shared {
            upstream,
            port,
            swallow: AtomicUsize::new(0),
            hold: AtomicBool::new(false),
            mute: AtomicBool::new(false),
            held: Mutex::default(),
            open: Mutex::default(),
        };
        let proxy = Self(Arc::new(shared));
        let accepting = proxy.clone();
        thread::spawn(move || {
            listener.incoming().map_while(Result::ok).for_each(|client| accepting.join(client));
        });
        proxy
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.port
    }

    /// Has the answers to so many commits lost.
    pub(crate) fn swallow(&self, commits: usize) {
        self.0.swallow.store(commits, SeqCst);
    }

    pub(crate) fn left_to_swallow(&self) -> usize {
        self.0.swallow.load(SeqCst)
    }

    /// Breaks all connections, of which the server learns nothing.
    pub(crate) fn break_silently(&self) {
        self.0.hold.store(true, SeqCst);
        for client in self.0.open.lock().unwrap().drain(..) {
            let _ = client.shutdown(Shutdown::Both);
        }
    }

    /// Goes silent, or works again, when what was connected meanwhile has ended: bytes are missing in it.
    pub(crate) fn mute(&self, mute: bool) {
        self.0.mute.store(mute, SeqCst);
        if !mute {
            for client in self.0.open.lock().unwrap().drain(..) {
                let _ = client.shutdown(Shutdown::Both);
            }
        }
    }

    fn is_mute(&self) -> bool {
        self.0.mute.load(SeqCst)
    }

    fn join(&self, client: TcpStream) {
        let Ok(server) = TcpStream::connect(("127.0.0.1", self.0.upstream)) else { return };
        self.0.open.lock().unwrap().push(client.try_clone().unwrap());
        let lost = Arc::new(AtomicBool::new(false));
        let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        let (proxy, losing) = (self.clone(), lost.clone());
        thread::spawn(move || proxy.forth(from, to, &losing));
        let proxy = self.clone();
        thread::spawn(move || proxy.back(server, client, &lost));
    }

    fn forth(&self, mut client: TcpStream, mut server: TcpStream, lost: &AtomicBool) {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length @ 1..) = client.read(&mut buffer) {
            let bytes = &buffer[..length];
            let commits = bytes.windows(COMMIT.len()).any(|window| window == COMMIT);
            let one_less = |left: usize| left.checked_sub(1);
            if commits && self.0.swallow.fetch_update(SeqCst, SeqCst, one_less).is_ok() {
                lost.store(true, SeqCst);
            }
            if !self.is_mute() && server.write_all(bytes).is_err() {
                break;
            }
        }
        if self.0.hold.load(SeqCst) {
            self.0.held.lock().unwrap().push(server);
        } else {
            let _ = server.shutdown(Shutdown::Both);
        }
    }

    fn back(&self, mut server: TcpStream, mut client: TcpStream, lost: &AtomicBool) {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length @ 1..) = server.read(&mut buffer) {
            if lost.load(SeqCst) || (!self.is_mute() && client.write_all(&buffer[..length]).is_err()) {
                break;
            }
        }
        let _ = client.shutdown(Shutdown::Both);
    }
}
