//! As much of HTTP/1.1 (RFC 9112) as a gateway's description and its answers need.

use crate::proto::limits;
use std::net::SocketAddr;

/// A whole answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub status: u16,
    pub body: String,
}

/// The request for a document.
pub(super) fn get(from: SocketAddr, path: &str) -> Vec<u8> {
    request("GET ", from, path, "", "")
}

/// A request with a body; `headers` are whole lines.
pub(super) fn post(to: SocketAddr, path: &str, headers: &str, body: &str) -> Vec<u8> {
    request("POST ", to, path, headers, body)
}

fn request(method: &str, to: SocketAddr, path: &str, headers: &str, body: &str) -> Vec<u8> {
    let (host, length) = (to.to_string(), body.len().to_string());
    let parts = [
        method,
        path,
        " HTTP/1.1\r\nHost: ",
        &host,
        "\r\nConnection: close\r\nContent-Length: ",
        &length,
        "\r\n",
        headers,
        "\r\n",
        body,
    ];
    parts.concat().into_bytes()
}

/// Reads an answer out of what came until now; `None` while more has to come.
pub(super) fn read(bytes: &[u8], has_ended: bool) -> Option<Result<Answer, &'static str>> {
    if bytes.len() > limits::PORT_MAPPING_ANSWER_BYTES {
        return Some(Err("the gateway's answer is too long"));
    }
    match read_whole(bytes, has_ended) {
        Ok(None) if has_ended => Some(Err("the gateway's answer is cut short")),
        read => read.transpose(),
    }
}

fn read_whole(bytes: &[u8], has_ended: bool) -> Result<Option<Answer>, &'static str> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let (head, body) = (String::from_utf8_lossy(&bytes[..end]), &bytes[end + 4..]);
    let status = status(&head).ok_or("the gateway's answer is no HTTP")?;
    let is_chunked = header(&head, "transfer-encoding")
        .is_some_and(|encoding| encoding.eq_ignore_ascii_case("chunked"));
    let length = header(&head, "content-length");
    let body = match (is_chunked, length) {
        (true, _) => unchunked(body)?,
        (false, Some(length)) => {
            let length: usize = length.parse().map_err(|_| "the gateway's answer has no length")?;
            body.get(..length).map(<[u8]>::to_vec)
        }
        (false, None) => has_ended.then(|| body.to_vec()),
    };
    let body = body.map(|body| String::from_utf8_lossy(&body).into_owned());
    Ok(body.map(|body| Answer { status, body }))
}

fn status(head: &str) -> Option<u16> {
    let rest = head.strip_prefix("HTTP/1.")?;
    rest.split(' ').nth(1)?.get(..3)?.parse().ok()
}

/// The value of a header.
pub(super) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    fields
        .filter(|(field, _)| field.trim().eq_ignore_ascii_case(name))
        .map(|(_, v)| v.trim())
        .next()
}

/// The body that chunks are of (RFC 9112, section 7.1); `None` while more has to come.
fn unchunked(mut rest: &[u8]) -> Result<Option<Vec<u8>>, &'static str> {
    let mut body = Vec::new();
    loop {
        let Some(end) = rest.windows(2).position(|window| window == b"\r\n") else {
            return Ok(None);
        };
        let line = String::from_utf8_lossy(&rest[..end]);
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).ok();
        let size = size.filter(|size| *size <= limits::PORT_MAPPING_ANSWER_BYTES);
        let size = size.ok_or("the gateway's answer has a chunk of no size")?;
        if size == 0 {
            return Ok(Some(body));
        }
        let from = end + 2;
        let Some(chunk) = rest.get(from..from + size + 2) else { return Ok(None) };
        body.extend(&chunk[..size]);
        rest = &rest[from + size + 2..];
    }
}

/// `http://ADDRESS[:PORT]/PATH`, taken apart; `None` for any other way to write one.
pub(super) fn address(url: &str) -> Option<(SocketAddr, &str)> {
    let (scheme, rest) = (url.get(..7)?, url.get(7..)?);
    if !scheme.eq_ignore_ascii_case("http://") {
        return None;
    }
    let (host, path) = match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, "/"),
    };
    let at = host.parse().ok().or_else(|| Some(SocketAddr::new(host.parse().ok()?, 80)));
    let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic());
    at.filter(|at: &SocketAddr| at.is_ipv4() && at.port() != 0 && is_plain).map(|at| (at, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(status: u16, body: &str) -> Option<Result<Answer, &'static str>> {
        Some(Ok(Answer { status, body: body.to_owned() }))
    }

    #[test]
    fn an_answer_ends_by_its_length_its_last_chunk_or_the_connection() {
        let by_length = b"HTTP/1.1 200 OK\r\nCONTENT-LENGTH: 3\r\n\r\nabcdef";
        let chunked = b"HTTP/1.0 500 No\r\nTransfer-Encoding: chunked\r\n\r\n\
            2;x\r\nab\r\n1\r\nc\r\n0\r\n\r\n";
        let by_end = b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\nabc";
        assert_eq!(read(by_length, false), whole(200, "abc"));
        assert_eq!(read(chunked, false), whole(500, "abc"));
        assert_eq!(read(by_end, true), whole(200, "abc"));
        for length in 0..by_length.len() - 3 {
            assert_eq!(read(&by_length[..length], false), None, "{length}");
        }
        for length in 0..chunked.len() - 2 {
            assert_eq!(read(&chunked[..length], false), None, "{length}");
        }
        assert_eq!(read(by_end, false), None);
    }

    #[test]
    fn what_is_no_answer_says_so() {
        let long = vec![b'a'; limits::PORT_MAPPING_ANSWER_BYTES + 1];
        for (bytes, has_ended) in [
            (&b"SSH-2.0-x\r\n\r\n"[..], false),
            (b"HTTP/1.1 2\r\n\r\n", false),
            (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", false),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", false),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", false),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", true),
            (b"", true),
            (&long, false),
        ] {
            let read = read(bytes, has_ended);
            assert!(matches!(read, Some(Err(_))), "{read:?}");
        }
    }

    #[test]
    fn an_address_is_a_number() {
        let at = SocketAddr::from(([192, 168, 1, 1], 5000));
        assert_eq!(address("http://192.168.1.1:5000/root.xml"), Some((at, "/root.xml")));
        let at = SocketAddr::from(([192, 168, 1, 1], 80));
        assert_eq!(address("HTTP://192.168.1.1"), Some((at, "/")));
        for url in [
            "https://192.168.1.1/",
            "http://router/",
            "http://192.168.1.1:0/",
            "http://[::1]:80/",
            "http://192.168.1.1/a b",
            "http://192.168.1.1/a\r\nb",
            "http:/",
            "",
        ] {
            assert_eq!(address(url), None, "{url}");
        }
    }
}
