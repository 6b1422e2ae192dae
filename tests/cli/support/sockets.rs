//! The sockets of another process, shut from outside as a network would.

use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};
use std::fs;
use std::net::{Shutdown, TcpStream};
use std::os::fd::OwnedFd;

/// What a socket is to the process.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It listens.
    Listener,
    /// It is connected to this port, or to ours if that is it.
    Connected(u16),
}

/// Shuts each of a process's TCP sockets that fit; how many those were.
pub fn shut(pid: Pid, wanted: End) -> usize {
    let process = pidfd_open(pid, PidfdFlags::empty()).expect("the process is there");
    let descriptors = fs::read_dir(format!("/proc/{}/fd", pid.as_raw_nonzero()));
    let mut count = 0;
    for entry in descriptors.expect("proc is there").flatten() {
        let is_socket = fs::read_link(entry.path())
            .is_ok_and(|link| link.to_string_lossy().starts_with("socket:"));
        let number = entry.file_name().to_string_lossy().parse().expect("a number");
        if !is_socket {
            continue;
        }
        let Ok(socket) = pidfd_getfd(&process, number, PidfdGetfdFlags::empty()) else { continue };
        count += usize::from(shut_if(socket, wanted));
    }
    count
}

fn shut_if(socket: OwnedFd, wanted: End) -> bool {
    let socket = TcpStream::from(socket);
    let Ok(local) = socket.local_addr() else { return false };
    let fits = match (socket.peer_addr(), wanted) {
        (Ok(peer), End::Connected(port)) => peer.port() == port || local.port() == port,
        (Err(_), End::Listener) => local.port() != 0,
        (Ok(_), End::Listener) | (Err(_), End::Connected(_)) => false,
    };
    fits && socket.shutdown(Shutdown::Both).is_ok()
}
