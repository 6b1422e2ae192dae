//! Talking to a UPnP gateway: its description, then SOAP (UPnP IGD 1 and 2, WANIPConnection and
//! WANPPPConnection).
//!
//! | step | answer | next |
//! |---|---|---|
//! | Describing | names services that map ports | Address |
//! | Address | the address outside | Mapping |
//! | Address | none | Address (next service), or failed |
//! | Mapping | done | Mapping (next part), Done |
//! | Mapping | the port is another's | Mapping, with another port |
//! | Mapping | only mappings for ever | Sweeping, then Mapping for ever |
//! | Sweeping | a mapping that we left behind once | Removing |
//! | Sweeping | another's; no more of them | Sweeping (next); Mapping |
//! | Removing | any | Sweeping |
//! | Unmapping | any | Unmapping (next part), Done |
//!
//! Some gateways know only mappings for ever. One that a killed program leaves behind there is
//! found again by its description, which is the profile's own, and removed.

use super::http::{self, Answer as Page};
use super::soap::{self, Service};
use super::{Answer, Gateway, Part, Transport, Wish};
use crate::proto::limits;
use std::net::{Ipv4Addr, SocketAddr};

/// A conversation, a connection for each question.
pub(super) struct Talk {
    description: Option<(SocketAddr, String)>,
    /// The first is spoken to.
    services: Vec<Service>,
    pub parts: Vec<Part>,
    pub outer: Option<Ipv4Addr>,
    /// 0 is for ever.
    pub lease_s: u32,
    conflicts: usize,
    step: Step,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Describing,
    Address,
    Mapping,
    Sweeping(u16),
    Removing(u16, Transport, u16),
    Unmapping,
    Done,
}

/// What follows an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Ask,
    Done,
    Failed(String),
}

impl Talk {
    /// With a gateway of which only the description's place is known.
    pub fn describe(description: (SocketAddr, String), parts: Vec<Part>) -> Talk {
        let lease_s = limits::PORT_MAPPING_LEASE_S;
        Talk::at(Step::Describing, Some(description), Vec::new(), parts, lease_s)
    }

    /// With one that maps for us already.
    pub fn renew(service: Service, parts: Vec<Part>, lease_s: u32) -> Talk {
        Talk::at(Step::Address, None, vec![service], parts, lease_s)
    }

    /// To take mappings back; their ports outside are those wished.
    pub fn unmap(service: Service, parts: Vec<Part>) -> Talk {
        Talk::at(Step::Unmapping, None, vec![service], parts, 0)
    }

    fn at(
        step: Step,
        description: Option<(SocketAddr, String)>,
        services: Vec<Service>,
        parts: Vec<Part>,
        lease_s: u32,
    ) -> Talk {
        Talk { description, services, parts, outer: None, lease_s, conflicts: 0, step }
    }

    /// What maps for us.
    pub fn service(&self) -> Option<&Service> {
        self.services.first()
    }

    /// Whom to ask, and what.
    pub fn question(&self, gateway: Gateway, wish: &Wish) -> Option<(SocketAddr, Vec<u8>)> {
        if let (Step::Describing, Some((at, path))) = (self.step, &self.description) {
            return Some((*at, http::get(*at, path)));
        }
        let service = self.services.first()?;
        let call = |action, arguments: &[(&str, &str)]| soap::call(service, action, arguments);
        let request = match self.step {
            Step::Describing | Step::Done => return None,
            Step::Address => call("GetExternalIPAddress", &[]),
            Step::Sweeping(index) => {
                let index = index.to_string();
                call("GetGenericPortMappingEntry", &[("NewPortMappingIndex", &index)])
            }
            Step::Mapping => {
                let part = self.parts.iter().find(|part| part.answer == Answer::Awaited)?;
                soap::add(service, part, (gateway.ours, wish), self.lease_s)
            }
            Step::Removing(_, transport, port) => soap::delete(service, transport, port),
            Step::Unmapping => {
                let part = self.parts.iter().find(|part| part.answer == Answer::Awaited)?;
                soap::delete(service, part.transport, part.wished)
            }
        };
        Some((service.at, request))
    }

    /// The answer, or why there is none.
    pub fn hear(&mut self, page: Result<Page, &str>, gateway: Gateway, wish: &Wish) -> Next {
        self.step = match (self.step, page) {
            (Step::Describing | Step::Address | Step::Mapping, Err(why)) => {
                return Next::Failed(why.to_owned());
            }
            (Step::Describing, Ok(page)) => match self.read_description(&page) {
                true => Step::Address,
                false => return failed("the gateway has no service that maps ports"),
            },
            (Step::Address, Ok(page)) => {
                self.outer = soap::outer_address(&page);
                if self.outer.is_none() {
                    self.services.remove(0);
                }
                match (self.outer, self.services.is_empty()) {
                    (Some(_), _) => Step::Mapping,
                    (None, false) => Step::Address,
                    (None, true) => return failed("the gateway has no address outside"),
                }
            }
            (Step::Mapping, Ok(page)) => self.hear_mapping(&page, wish),
            (Step::Sweeping(index), Ok(page)) => sweep(index, &page, gateway, wish),
            (Step::Removing(index, ..), Ok(page)) if page.status == 200 => Step::Sweeping(index),
            (Step::Removing(index, ..), Ok(_)) => Step::Sweeping(index + 1),
            (Step::Sweeping(_) | Step::Removing(..), Err(_)) => Step::Mapping,
            (Step::Unmapping, _) => {
                self.answer(Answer::Refused("taken back"));
                Step::Unmapping
            }
            (Step::Done, _) => Step::Done,
        };
        let is_asking = self.parts.iter().any(|part| part.answer == Answer::Awaited);
        if matches!(self.step, Step::Mapping | Step::Unmapping) && !is_asking {
            self.step = Step::Done;
        }
        if self.step == Step::Done { Next::Done } else { Next::Ask }
    }

    fn read_description(&mut self, page: &Page) -> bool {
        if let Some((at, _)) = self.description.take().filter(|_| page.status == 200) {
            self.services = soap::services(at, &page.body);
        }
        !self.services.is_empty()
    }

    fn hear_mapping(&mut self, page: &Page, wish: &Wish) -> Step {
        let lease_s = self.lease_s;
        match soap::error(page) {
            None => {
                let awaited = self.parts.iter().find(|part| part.answer == Answer::Awaited);
                let port = awaited.map_or(0, |part| part.wished);
                self.answer(Answer::Mapped { port, lease_s });
            }
            Some(soap::CONFLICT) if self.conflicts < wish.others.len() => {
                let other = wish.others[self.conflicts];
                self.conflicts += 1;
                if let Some(part) = self.awaited() {
                    part.wished = other;
                }
            }
            Some(soap::ONLY_FOR_EVER | soap::BAD_ARGUMENTS) if lease_s > 0 => {
                self.lease_s = 0;
                return Step::Sweeping(0);
            }
            Some(code) => self.answer(Answer::Refused(soap::words(code))),
        }
        Step::Mapping
    }

    fn awaited(&mut self) -> Option<&mut Part> {
        self.parts.iter_mut().find(|part| part.answer == Answer::Awaited)
    }

    fn answer(&mut self, answer: Answer) {
        if let Some(part) = self.awaited() {
            part.answer = answer;
        }
    }
}

fn failed(why: &str) -> Next {
    Next::Failed(why.to_owned())
}

/// One entry of the gateway's table, or the word that there are no more.
fn sweep(index: u16, page: &Page, gateway: Gateway, wish: &Wish) -> Step {
    let Some(entry) = soap::entry(page) else { return Step::Mapping };
    if entry.client == Some(gateway.ours) && entry.description == wish.tag {
        return Step::Removing(index, entry.transport, entry.outer_port);
    }
    match index + 1 < limits::PORT_MAPPING_ENTRIES {
        true => Step::Sweeping(index + 1),
        false => Step::Mapping,
    }
}
