//! The search for a path, and what a session was that had one and lost it.

use super::flow::Flow;
use super::link_table::Via;
use std::net::SocketAddr;

/// The search for a path.
pub(super) struct Linking {
    /// Whether it was we who asked for the session.
    pub is_asker: bool,
    /// Where the other side can be dialled, if it has not reached us by then.
    pub dial_back: Vec<SocketAddr>,
    /// The last reason, in words.
    pub failure: String,
    adrift: Option<Adrift>,
}

/// What a session was that had a path and lost it.
struct Adrift {
    flow: Flow,
    why: String,
    /// The other side may have lost the server as we did, and be on the way back.
    is_patient: bool,
}

impl Linking {
    pub fn asker() -> Linking {
        Linking { is_asker: true, dial_back: Vec::new(), failure: String::new(), adrift: None }
    }

    pub fn answerer(dial_back: Vec<SocketAddr>) -> Linking {
        Linking { is_asker: false, dial_back, failure: String::new(), adrift: None }
    }

    /// A session that was open, and lost its path: why.
    pub fn adrift(is_asker: bool, flow: Flow, why: String, is_patient: bool) -> Linking {
        let adrift = Some(Adrift { flow, why, is_patient });
        Linking { is_asker, dial_back: Vec::new(), failure: String::new(), adrift }
    }

    pub fn is_adrift(&self) -> bool {
        self.adrift.is_some()
    }

    /// Our own way to the server is gone as well.
    pub fn be_patient(&mut self) {
        if let Some(adrift) = &mut self.adrift {
            adrift.is_patient = true;
        }
    }

    pub fn is_patient(&self) -> bool {
        self.adrift.as_ref().is_some_and(|adrift| adrift.is_patient)
    }

    /// What was on its way in a session that was open.
    pub fn flow_mut(&mut self) -> Option<&mut Flow> {
        self.adrift.as_mut().map(|adrift| &mut adrift.flow)
    }

    /// It goes on over this link, if it was open before.
    pub fn resume(&mut self, via: Via) -> Option<Flow> {
        self.adrift.take().map(|adrift| adrift.flow.on_link(via))
    }

    /// Why no path opened: the last reason, in words.
    pub fn failure(&self) -> String {
        let lost = self.adrift.as_ref().map_or("", |adrift| adrift.why.as_str());
        match if lost.is_empty() { self.failure.as_str() } else { lost } {
            "" => "none answered in time".to_owned(),
            why => why.to_owned(),
        }
    }
}
