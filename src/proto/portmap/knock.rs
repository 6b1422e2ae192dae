//! Asking a gateway by datagrams: PCP, or NAT-PMP where it does not speak that.

use super::{Answer, Gateway, Part, Wish, nat_pmp, pcp};
use std::net::Ipv4Addr;

/// Questions and their answers.
pub(super) struct Knock {
    /// What the gateway was found to speak.
    pub speaks: Option<Speaks>,
    pub parts: Vec<Part>,
    /// The gateway's address outside.
    pub outer: Option<Ipv4Addr>,
    /// How long the gateway has known of its mappings, as it said last.
    pub epoch_s: Option<u32>,
    /// 0 takes mappings back.
    lease_s: u32,
    /// How often was asked.
    pub tries: u32,
}

/// What a gateway speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaks {
    Pcp,
    NatPmp,
}

impl Speaks {
    pub fn word(self) -> &'static str {
        match self {
            Speaks::Pcp => "PCP",
            Speaks::NatPmp => "NAT-PMP",
        }
    }
}

impl Knock {
    pub fn new(speaks: Option<Speaks>, parts: Vec<Part>, lease_s: u32) -> Knock {
        Knock { speaks, parts, outer: None, epoch_s: None, lease_s, tries: 0 }
    }

    /// The questions that are not answered. Not every gateway that speaks only NAT-PMP answers PCP,
    /// so from the second time on both are spoken until one is answered.
    pub fn ask(&mut self, gateway: Gateway, wish: &Wish) -> Vec<Vec<u8>> {
        let pcp = self.speaks != Some(Speaks::NatPmp);
        let nat_pmp = match self.speaks {
            Some(speaks) => speaks == Speaks::NatPmp,
            None => self.tries > 0,
        };
        self.tries += 1;
        let mut datagrams = Vec::new();
        if nat_pmp && self.outer.is_none() && self.lease_s > 0 {
            datagrams.push(nat_pmp::ask_address());
        }
        for part in self.parts.iter().filter(|part| part.answer == Answer::Awaited) {
            let (transport, lease_s) = (part.transport, self.lease_s);
            let (port, wished) = (wish.port, if lease_s == 0 { 0 } else { part.wished });
            if pcp {
                let (ours, nonce) = (gateway.ours, wish.nonce);
                let request = pcp::Request { lease_s, ours, nonce, transport, port, wished };
                datagrams.push(request.encode());
            }
            if nat_pmp {
                datagrams.push(nat_pmp::ask_mapping(transport, port, wished, lease_s));
            }
        }
        datagrams
    }

    /// An answer of the gateway's; gives whether there is something to be asked at once.
    pub fn hear(&mut self, bytes: &[u8], wish: &Wish) -> bool {
        match bytes.first() {
            Some(&pcp::VERSION) if self.speaks != Some(Speaks::NatPmp) => {
                self.hear_pcp(bytes, wish);
                false
            }
            Some(&nat_pmp::VERSION) if self.speaks != Some(Speaks::Pcp) => {
                self.hear_nat_pmp(bytes, wish)
            }
            _ => false,
        }
    }

    /// Whether nothing more is waited for.
    pub fn is_answered(&self) -> bool {
        let is_mapped = self.parts.iter().any(|part| matches!(part.answer, Answer::Mapped { .. }));
        let has_address = self.outer.is_some() || self.lease_s == 0 || !is_mapped;
        has_address && self.parts.iter().all(|part| part.answer != Answer::Awaited)
    }

    fn hear_pcp(&mut self, bytes: &[u8], wish: &Wish) {
        let Some(response) = pcp::decode(bytes) else { return };
        let is_ours = response.nonce == wish.nonce && response.port == wish.port;
        let part = self.parts.iter_mut().find(|part| part.transport == response.transport);
        let Some(part) = part.filter(|_| is_ours) else { return };
        self.speaks = Some(Speaks::Pcp);
        self.epoch_s = Some(response.epoch_s);
        part.answer = match response.result {
            0 => {
                self.outer = response.outer.or(self.outer);
                Answer::Mapped { port: response.outer_port, lease_s: response.lease_s }
            }
            result => Answer::Refused(pcp::words(result)),
        };
    }

    fn hear_nat_pmp(&mut self, bytes: &[u8], wish: &Wish) -> bool {
        let Some(response) = nat_pmp::decode(bytes) else { return false };
        let is_new = self.speaks.replace(Speaks::NatPmp).is_none();
        if is_new {
            self.tries = 0;
        }
        match response {
            nat_pmp::Response::Address { epoch_s, outer } => {
                self.epoch_s = Some(epoch_s);
                self.outer = Some(outer);
            }
            nat_pmp::Response::Mapped { transport, epoch_s, port, outer_port, lease_s } => {
                self.epoch_s = Some(epoch_s);
                if port == wish.port {
                    self.answer(Some(transport), Answer::Mapped { port: outer_port, lease_s });
                }
            }
            // That was PCP's question; NAT-PMP's are still to be asked.
            nat_pmp::Response::Refused { result: nat_pmp::OTHER_VERSION, .. } if is_new => {}
            nat_pmp::Response::Refused { result: nat_pmp::OTHER_VERSION, .. } => return false,
            nat_pmp::Response::Refused { about, result } => {
                self.answer(about, Answer::Refused(nat_pmp::words(result)));
            }
        }
        is_new
    }

    /// One part has its answer, or all that had none.
    fn answer(&mut self, about: Option<super::Transport>, answer: Answer) {
        for part in &mut self.parts {
            let is_meant = match about {
                Some(transport) => part.transport == transport,
                None => part.answer == Answer::Awaited,
            };
            if is_meant {
                part.answer = answer;
            }
        }
    }
}
