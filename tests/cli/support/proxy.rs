//! A small SOCKS5 server, which notes what it is asked for.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What the proxy does with who comes.
pub enum Manner {
    /// Dials the names in the list, and nothing else.
    Names(Vec<(&'static str, SocketAddr)>),
    /// Dials every address as well.
    Open(Vec<(&'static str, SocketAddr)>),
    /// The first, for who has this login.
    Login(&'static str, &'static str, Vec<(&'static str, SocketAddr)>),
    /// Answers each request with this code.
    Code(u8),
    /// Says something else.
    Garbage,
    /// Says nothing.
    Silent,
}

/// A running proxy.
pub struct Proxy {
    pub at: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    pub fn start(manner: Manner) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let at = listener.local_addr().expect("a bound socket has an address");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (notes, manner) = (asked.clone(), Arc::new(manner));
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let (notes, manner) = (notes.clone(), manner.clone());
                // Whoever is sent away finds out by the end of the stream.
                thread::spawn(move || serve(stream, &manner, &notes).is_ok());
            }
        });
        Proxy { at, asked }
    }

    /// As `--proxy` takes it.
    pub fn url(&self) -> String {
        format!("socks5://{}", self.at)
    }

    /// What it was asked to dial, in order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("nobody panics with it").clone()
    }
}

fn serve(mut stream: TcpStream, manner: &Manner, notes: &Mutex<Vec<String>>) -> io::Result<()> {
    let [_, methods] = read(&mut stream)?;
    let mut offered = vec![0; usize::from(methods)];
    stream.read_exact(&mut offered)?;
    match manner {
        Manner::Silent => return stream.read_exact(&mut [0; 1]),
        Manner::Garbage => return stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        Manner::Login(user, password, _) if offered.contains(&2) => {
            stream.write_all(&[5, 2])?;
            let is_right =
                word(&mut stream, true)? == *user && word(&mut stream, false)? == *password;
            stream.write_all(&[1, u8::from(!is_right)])?;
        }
        Manner::Login(..) => return stream.write_all(&[5, 255]),
        _ => stream.write_all(&[5, 0])?,
    }
    let [_, command, _, kind] = read(&mut stream)?;
    assert_eq!(command, 1, "only dialled");
    let host = match kind {
        1 => Ipv4Addr::from(read::<4>(&mut stream)?).to_string(),
        4 => format!("[{}]", Ipv6Addr::from(read::<16>(&mut stream)?)),
        _ => word(&mut stream, false)?,
    };
    let port = u16::from_be_bytes(read(&mut stream)?);
    let asked = format!("{host}:{port}");
    notes.lock().expect("nobody panics with it").push(asked.clone());
    let (names, is_open) = match manner {
        Manner::Names(names) | Manner::Login(_, _, names) => (names, false),
        Manner::Open(names) => (names, true),
        Manner::Code(code) => return stream.write_all(&reply(*code)),
        Manner::Garbage | Manner::Silent => return Ok(()),
    };
    let named = names.iter().find(|(name, _)| *name == host).map(|(_, at)| *at);
    let Some(to) = named.or(asked.parse().ok().filter(|_| is_open)) else {
        return stream.write_all(&reply(2));
    };
    let Ok(other) = TcpStream::connect(to) else { return stream.write_all(&reply(5)) };
    stream.write_all(&reply(0))?;
    let (mut from, mut back) = (other.try_clone()?, stream.try_clone()?);
    thread::spawn(move || {
        let _ = io::copy(&mut from, &mut back);
        let _ = back.shutdown(Shutdown::Both);
    });
    let _ = io::copy(&mut stream, &mut &other);
    other.shutdown(Shutdown::Both)
}

/// The answer to a request, with an address that says nothing, as Tor has it.
fn reply(code: u8) -> [u8; 10] {
    [5, code, 0, 1, 0, 0, 0, 0, 0, 0]
}

fn read<const N: usize>(stream: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// A text with its length before it, and a version before that if there is one.
fn word(stream: &mut TcpStream, has_version: bool) -> io::Result<String> {
    if has_version {
        read::<1>(stream)?;
    }
    let [length] = read(stream)?;
    let mut bytes = vec![0; usize::from(length)];
    stream.read_exact(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
