//! The server without its program: the machine, its store, and where it listens.

use crate::proto::bytes::Bytes;
use crate::proto::crypto::keys::Identity;
use crate::proto::crypto::rng::Rng;
use crate::proto::id::ConnId;
use crate::proto::model::person::Fingerprint;
use crate::proto::model::refusal::Exit;
use crate::proto::server::{Config, Server};
use crate::shell::cli::{SERVER_PORT, ServerOptions};
use crate::shell::disk;
use crate::shell::front::Failure;
use crate::shell::reactor::{Reactor, raise_descriptor_limit};
use crate::shell::store::server::ServerStore;
use crate::shell::system;
use log::{info, warn};
use std::fmt::Display;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

/// A server that listens; a program is to feed it.
pub struct Served {
    /// Its decisions.
    pub machine: Server,
    /// Its accounts and held mail.
    pub store: ServerStore,
    /// Who accepts its clients.
    pub listener: ConnId,
    /// Where it is dialled.
    pub tcp: SocketAddr,
    /// Where it takes datagrams.
    pub udp: SocketAddr,
    /// Its key.
    pub key: Fingerprint,
}

impl Served {
    /// Opens a server in the directory of these options, which is locked already. `option` is
    /// where else to listen can be said.
    pub fn open(
        options: &ServerOptions,
        option: &str,
        reactor: &mut Reactor,
    ) -> Result<Served, Failure> {
        let me = identity(&options.data)?;
        let path = options.data.join("server.db");
        let mut store = ServerStore::open(&path).map_err(|fault| at(&path, &fault))?;
        if let Err(fault) = raise_descriptor_limit() {
            warn!("descriptors: {fault}");
        }
        let (listener, tcp, udp) = listen(reactor, options.listen, option)?;
        let key = me.fingerprint();
        let seed = system::entropy().map_err(|fault| local("entropy", &fault))?;
        let mut rng = Rng::new(seed);
        let past = store.restore(options.pool, Bytes(rng.bytes()));
        let past = past.map_err(|fault| at(&path, &fault))?;
        let config = Config {
            pool: options.pool,
            max_clients: options.max_clients,
            hold_days: options.hold_days,
            hold_bytes: options.hold_bytes,
        };
        let machine = Server::restore(config, me, past, rng.bytes());
        info!("listening on {tcp}, accounts in {}", path.display());
        Ok(Served { machine, store, listener, tcp, udp, key })
    }
}

/// The server's keys, made on the first run.
fn identity(data: &Path) -> Result<Identity, Failure> {
    let path = data.join("identity");
    let found =
        disk::read_secret::<{ Identity::BYTES }>(&path).map_err(|fault| at(&path, &fault))?;
    if let Some(bytes) = found {
        return Ok(Identity::from_bytes(&bytes));
    }
    let seed = system::entropy().map_err(|fault| local("entropy", &fault))?;
    let me = Identity::generate(&mut Rng::new(seed));
    disk::create_secret(&path, &*me.to_bytes()).map_err(|fault| at(&path, &fault))?;
    Ok(me)
}

/// TCP and UDP on one port. When the port is ours to choose, one that is free for both.
fn listen(
    reactor: &mut Reactor,
    wanted: Option<SocketAddr>,
    option: &str,
) -> Result<(ConnId, SocketAddr, SocketAddr), Failure> {
    let everywhere = |ip: IpAddr| SocketAddr::new(ip, SERVER_PORT);
    let wishes = match wanted {
        Some(at) => vec![at],
        None => {
            vec![everywhere(Ipv6Addr::UNSPECIFIED.into()), everywhere(Ipv4Addr::UNSPECIFIED.into())]
        }
    };
    let mut last = io::Error::other("no address to listen on");
    for at in &wishes {
        let opened = reactor.listen(*at);
        let opened = opened.and_then(|(id, tcp)| Ok((id, tcp, reactor.bind_server_udp(tcp)?)));
        match opened {
            Ok(opened) => return Ok(opened),
            Err(fault) => last = fault,
        }
    }
    let at = wishes.first().map(ToString::to_string).unwrap_or_default();
    let error = format!("listen: {at}: {} [choose another {option}]", system::words(&last));
    Err(Failure { exit: Exit::Local, error })
}

/// A failure of this machine at a path.
pub(super) fn at(path: &Path, fault: &dyn Display) -> Failure {
    let error = format!("{}: {}", path.display(), system::words(fault));
    Failure { exit: Exit::Local, error }
}

/// A failure of this machine.
pub(super) fn local(what: &str, fault: &io::Error) -> Failure {
    Failure { exit: Exit::Local, error: format!("{what}: {}", system::words(fault)) }
}
