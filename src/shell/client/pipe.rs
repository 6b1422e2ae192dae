//! The client's connection to a server in the same process: two queues in place of two sockets.
//!
//! What one side sends waits for the next wake, and so for the commit of whoever sent it. How much
//! waits is bounded as it is with a socket: by those who send, and watch what is taken.

use crate::proto::id::ConnId;
use crate::proto::machine::StreamAction;
use std::collections::VecDeque;

/// A connection between the two machines of this process.
pub(super) struct Pipe {
    client: End,
    server: End,
}

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Server,
}

/// What a side is told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// The connection is there.
    Open,
    Bytes(Vec<u8>),
    Drained,
    Ended,
}

struct End {
    id: ConnId,
    inbox: VecDeque<Told>,
    is_paused: bool,
    /// To be told when the other side has taken everything.
    is_watched: bool,
    /// Nothing more is said to it.
    is_over: bool,
}

impl Pipe {
    pub fn new(client: ConnId, server: ConnId) -> Pipe {
        Pipe { client: End::new(client), server: End::new(server) }
    }

    /// What a side calls it.
    pub fn id(&self, side: Side) -> ConnId {
        match side {
            Side::Client => self.client.id,
            Side::Server => self.server.id,
        }
    }

    /// Neither side knows it any more.
    pub fn is_over(&self) -> bool {
        self.client.is_over && self.server.is_over
    }

    /// Whether a side has something to be told.
    pub fn is_ready(&self) -> bool {
        self.client.is_ready(&self.server) || self.server.is_ready(&self.client)
    }

    /// Does what a side wants.
    pub fn perform(&mut self, side: Side, action: StreamAction) {
        let (mine, theirs) = self.ends(side);
        match action {
            StreamAction::Send(bytes) => theirs.tell(Told::Bytes(bytes)),
            StreamAction::Watch => mine.is_watched = true,
            StreamAction::Pause => mine.is_paused = true,
            StreamAction::Resume => mine.is_paused = false,
            // What is here does not go away.
            StreamAction::Doubt(_) => {}
            StreamAction::Close | StreamAction::Abort => {
                mine.end();
                theirs.tell(Told::Ended);
            }
            StreamAction::Listen { .. }
            | StreamAction::Dial { .. }
            | StreamAction::Cross { .. }
            | StreamAction::DialName { .. } => unreachable!("it is open already"),
        }
    }

    /// What a side is told next, of what was said before this wake's commit.
    pub fn next(&mut self, side: Side) -> Option<Told> {
        let (mine, theirs) = self.ends(side);
        if mine.is_drained(theirs) {
            mine.is_watched = false;
            return Some(Told::Drained);
        }
        if mine.is_paused {
            return None;
        }
        let told = mine.inbox.pop_front();
        if told == Some(Told::Ended) {
            mine.end();
        }
        told
    }

    fn ends(&mut self, side: Side) -> (&mut End, &mut End) {
        match side {
            Side::Client => (&mut self.client, &mut self.server),
            Side::Server => (&mut self.server, &mut self.client),
        }
    }
}

impl End {
    fn new(id: ConnId) -> End {
        let inbox = VecDeque::from([Told::Open]);
        End { id, inbox, is_paused: false, is_watched: false, is_over: false }
    }

    fn tell(&mut self, told: Told) {
        if !self.is_over {
            self.inbox.push_back(told);
        }
    }

    fn end(&mut self) {
        (self.inbox, self.is_watched, self.is_over) = (VecDeque::new(), false, true);
    }

    fn is_drained(&self, other: &End) -> bool {
        self.is_watched && other.inbox.is_empty()
    }

    fn is_ready(&self, other: &End) -> bool {
        self.is_drained(other) || !self.is_paused && !self.inbox.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An open one.
    fn pipe() -> Pipe {
        let mut pipe = Pipe::new(ConnId::own(1), ConnId::own(2));
        assert_eq!(told(&mut pipe, Side::Server), [Told::Open]);
        assert_eq!(told(&mut pipe, Side::Client), [Told::Open]);
        pipe
    }

    fn told(pipe: &mut Pipe, side: Side) -> Vec<Told> {
        std::iter::from_fn(|| pipe.next(side)).collect()
    }

    fn send(pipe: &mut Pipe, side: Side, text: &str) {
        pipe.perform(side, StreamAction::Send(text.as_bytes().to_vec()));
    }

    fn bytes(text: &str) -> Told {
        Told::Bytes(text.as_bytes().to_vec())
    }

    #[test]
    fn what_one_side_sends_the_other_gets_in_order_and_once() {
        let mut pipe = pipe();
        assert!(!pipe.is_ready());
        send(&mut pipe, Side::Client, "one");
        send(&mut pipe, Side::Client, "two");
        send(&mut pipe, Side::Server, "back");
        assert!(pipe.is_ready());
        assert_eq!(told(&mut pipe, Side::Server), [bytes("one"), bytes("two")]);
        assert_eq!(told(&mut pipe, Side::Client), [bytes("back")]);
        assert!(!pipe.is_ready());
    }

    #[test]
    fn who_pauses_is_told_nothing_and_holds_up_the_word_that_all_was_taken() {
        let mut pipe = pipe();
        pipe.perform(Side::Server, StreamAction::Pause);
        send(&mut pipe, Side::Client, "one");
        pipe.perform(Side::Client, StreamAction::Watch);
        assert_eq!(told(&mut pipe, Side::Server), []);
        assert_eq!(told(&mut pipe, Side::Client), []);
        assert!(!pipe.is_ready());
        pipe.perform(Side::Server, StreamAction::Resume);
        assert_eq!(told(&mut pipe, Side::Server), [bytes("one")]);
        assert!(pipe.is_ready());
        assert_eq!(told(&mut pipe, Side::Client), [Told::Drained]);
        assert!(!pipe.is_ready());
    }

    #[test]
    fn after_a_close_the_rest_arrives_and_nothing_more_is_heard() {
        let mut pipe = pipe();
        send(&mut pipe, Side::Server, "never read");
        send(&mut pipe, Side::Client, "goodbye");
        pipe.perform(Side::Client, StreamAction::Close);
        assert_eq!(told(&mut pipe, Side::Client), []);
        assert!(!pipe.is_over());
        assert_eq!(told(&mut pipe, Side::Server), [bytes("goodbye"), Told::Ended]);
        assert!(pipe.is_over() && !pipe.is_ready());
        send(&mut pipe, Side::Server, "to nobody");
        assert!(!pipe.is_ready());
    }

    #[test]
    fn both_may_close_at_once() {
        let mut pipe = pipe();
        pipe.perform(Side::Client, StreamAction::Close);
        pipe.perform(Side::Server, StreamAction::Abort);
        assert_eq!(told(&mut pipe, Side::Client), []);
        assert_eq!(told(&mut pipe, Side::Server), []);
        assert!(pipe.is_over());
    }
}
