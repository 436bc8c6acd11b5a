//! Just enough HTTP to ask a server on this machine.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// The status code of a GET on the loopback; nothing if no answer came within two seconds.
pub(crate) fn status(port: u16, path: &str) -> Option<u16> {
    let mut stream = ask(port, path)?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).ok()?;
    parse(&head)
}

/// The status code and body of a GET on the loopback; nothing if two seconds brought nothing, or not all of it.
/// Reads no chunked answers.
pub(crate) fn get(port: u16, path: &str) -> Option<(u16, String)> {
    let mut answer = Vec::new();
    ask(port, path)?.read_to_end(&mut answer).ok()?;
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let body = answer.split_off(end + 4);
    let code = parse(&answer)?;
    let head = String::from_utf8(answer).ok()?.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    (length == Some(body.len())).then_some((code, String::from_utf8(body).ok()?))
}

fn ask(port: u16, path: &str) -> Option<TcpStream> {
    let limit = Duration::from_secs(2);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, limit).ok()?;
    stream.set_read_timeout(Some(limit)).ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    Some(stream)
}

fn parse(head: &[u8]) -> Option<u16> {
    let code = head.strip_prefix(b"HTTP/1.1 ").or_else(|| head.strip_prefix(b"HTTP/1.0 "))?;
    std::str::from_utf8(code.get(..3)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn the_status_comes_from_the_first_line() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 256];
            let length = stream.read(&mut request).unwrap();
            stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\n\r\n").unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        assert_eq!(status(port, "/readyz"), Some(503));
        assert!(server.join().unwrap().starts_with("GET /readyz HTTP/1.1\r\n"));
        assert_eq!(status(port, "/readyz"), None);
        assert_eq!(parse(b"SSH-2.0-Open"), None);
    }

    #[test]
    fn a_body_is_whole_or_not_there() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for answer in [
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
                "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}",
            ] {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 256]).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        assert_eq!(get(port, "/"), Some((200, "{}".to_owned())));
        assert_eq!(get(port, "/"), None);
    }
}
