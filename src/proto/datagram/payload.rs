//! What is inside a sealed packet.
//!
//! | field | bytes |
//! |---|---|
//! | which of the following there are | 1 |
//! | `ACK`: the stream's next byte that is wanted | 8 |
//! | room behind it | 4 |
//! | runs of packets that have come | 1 |
//! | the newest of them, when there are any | 8 |
//! | each run's length, and from the second on the gap before it first | 2 each |
//! | `DATA`: where in the stream | 8 |
//! | bytes of the stream | the rest |

use crate::proto::limits::ACK_RUNS;

/// Bytes that go before the data of a packet without an acknowledgement.
pub(super) const DATA_HEAD_BYTES: usize = 1 + 8;

const ACK: u8 = 1;
const DATA: u8 = 2;
const PING: u8 = 4;
const GONE: u8 = 8;

/// A payload, parsed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Payload<'a> {
    pub ack: Option<Ack>,
    /// An acknowledgement is wanted, even when there is no data.
    pub is_ping: bool,
    /// The sender has forgotten the association, and this is its last word.
    pub is_gone: bool,
    pub data: Option<(u64, &'a [u8])>,
}

/// What has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ack {
    /// Every byte of the stream before this one has.
    pub want: u64,
    /// So many from there on may be sent.
    pub room: u32,
    pub runs: Runs,
}

/// Numbers of packets in runs without a gap, first and last, the newest run first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Runs {
    runs: [(u64, u64); ACK_RUNS],
    count: usize,
}

impl Ack {
    /// The bytes that it takes in a payload.
    pub fn bytes(&self) -> usize {
        let runs = match self.runs.count {
            0 => 0,
            count => 8 + 2 * (2 * count - 1),
        };
        8 + 4 + 1 + runs
    }
}

impl Runs {
    /// Adds a run that is older than all there are; whether there was room for it.
    pub fn push(&mut self, first: u64, last: u64) -> bool {
        let Some(place) = self.runs.get_mut(self.count) else { return false };
        *place = (first, last);
        self.count += 1;
        true
    }

    /// The newest number, if there is any.
    pub fn newest(&self) -> Option<u64> {
        self.as_slice().first().map(|(_, last)| *last)
    }

    pub fn has(&self, number: u64) -> bool {
        self.as_slice().iter().any(|(first, last)| (*first..=*last).contains(&number))
    }

    fn as_slice(&self) -> &[(u64, u64)] {
        &self.runs[..self.count]
    }
}

/// Begins a payload behind what is in `bytes`; the data, if there is any, goes behind it.
pub(super) fn write(
    bytes: &mut Vec<u8>,
    ack: Option<&Ack>,
    data_at: Option<u64>,
    is_ping: bool,
    is_gone: bool,
) {
    let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
    bytes.push(
        flag(ack.is_some(), ACK)
            | flag(data_at.is_some(), DATA)
            | flag(is_ping, PING)
            | flag(is_gone, GONE),
    );
    if let Some(ack) = ack {
        write_ack(bytes, ack);
    }
    if let Some(at) = data_at {
        bytes.extend_from_slice(&at.to_be_bytes());
    }
}

fn write_ack(bytes: &mut Vec<u8>, ack: &Ack) {
    bytes.extend_from_slice(&ack.want.to_be_bytes());
    bytes.extend_from_slice(&ack.room.to_be_bytes());
    bytes.push(ack.runs.count as u8);
    let mut before: Option<u64> = None;
    for (first, last) in ack.runs.as_slice() {
        match before {
            None => bytes.extend_from_slice(&last.to_be_bytes()),
            Some(before) => bytes.extend_from_slice(&((before - last) as u16).to_be_bytes()),
        }
        bytes.extend_from_slice(&((last - first + 1) as u16).to_be_bytes());
        before = Some(*first);
    }
}

/// The opposite of [`write`]; `None` for what [`write`] does not make.
pub(super) fn read(bytes: &[u8]) -> Option<Payload<'_>> {
    let (flags, mut rest) = bytes.split_first()?;
    let ack = if flags & ACK != 0 { Some(read_ack(&mut rest)?) } else { None };
    let data = if flags & DATA != 0 {
        let at = u64::from_be_bytes(take(&mut rest)?);
        // Where a stream of 2^63 bytes ends nobody has been.
        if rest.is_empty() || at > u64::MAX / 2 {
            return None;
        }
        Some((at, rest))
    } else if rest.is_empty() {
        None
    } else {
        return None;
    };
    Some(Payload { ack, is_ping: flags & PING != 0, is_gone: flags & GONE != 0, data })
}

fn read_ack(rest: &mut &[u8]) -> Option<Ack> {
    let want = u64::from_be_bytes(take(rest)?);
    let room = u32::from_be_bytes(take(rest)?);
    let [count] = take(rest)?;
    let mut runs = Runs::default();
    let mut before = 0;
    for nth in 0..count {
        let last = match nth {
            0 => u64::from_be_bytes(take(rest)?),
            _ => u64::checked_sub(before, u64::from(u16::from_be_bytes(take(rest)?)))?,
        };
        let length = u64::from(u16::from_be_bytes(take(rest)?));
        before = last.checked_sub(length.checked_sub(1)?)?;
        if !runs.push(before, last) {
            return None;
        }
    }
    Some(Ack { want, room, runs })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(pairs: &[(u64, u64)]) -> Runs {
        let mut runs = Runs::default();
        assert!(pairs.iter().all(|(first, last)| runs.push(*first, *last)));
        runs
    }

    #[test]
    fn a_payload_is_read_back() {
        let ack = Ack { want: 1 << 40, room: 9, runs: runs(&[(90, 99), (50, 70), (0, 3)]) };
        for (ack, at, is_ping) in [(Some(ack), Some(7), false), (None, Some(0), true)] {
            let mut bytes = Vec::new();
            write(&mut bytes, ack.as_ref(), at, is_ping, false);
            bytes.extend_from_slice(b"data");
            let data = at.map(|at| (at, b"data".as_slice()));
            assert_eq!(read(&bytes), Some(Payload { ack, is_ping, is_gone: false, data }));
        }
    }

    #[test]
    fn a_head_is_as_long_as_is_reckoned_with() {
        let many: Vec<(u64, u64)> = (0..ACK_RUNS as u64).rev().map(|n| (3 * n, 3 * n)).collect();
        for count in [0, 1, ACK_RUNS] {
            let ack = Ack { want: 0, room: 0, runs: runs(&many[..count]) };
            let mut bytes = Vec::new();
            write(&mut bytes, Some(&ack), Some(0), true, true);
            assert_eq!(bytes.len(), DATA_HEAD_BYTES + ack.bytes());
        }
    }

    #[test]
    fn what_is_cut_or_claims_packets_before_the_first_is_nothing() {
        let mut bytes = Vec::new();
        let ack = Ack { want: 5, room: 6, runs: runs(&[(4, 5), (1, 2)]) };
        write(&mut bytes, Some(&ack), None, false, false);
        (0..bytes.len()).for_each(|length| assert_eq!(read(&bytes[..length]), None, "{length}"));
        let last = bytes.len() - 1;
        bytes[last] = 4;
        assert_eq!(read(&bytes), None);
        bytes[last] = 0;
        assert_eq!(read(&bytes), None);
    }
}
