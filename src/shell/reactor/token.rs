//! Which source an event is for, though the slots of the table are used again at once.

use mio::Token;

/// A source's number: the slot in the low bits, above it a serial number that is never used twice.
///
/// An accepted connection's id is its ticket. The top bit stays clear, so that it never meets an
/// id that a machine chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(pub u64);

impl Ticket {
    /// Slots of the table: Linux' usual hard limit of descriptors (`fs.nr_open`).
    pub const SLOTS: usize = 1 << Ticket::SLOT_BITS;
    const SLOT_BITS: u32 = 20;

    pub fn new(slot: usize, serial: u64) -> Ticket {
        assert!(slot < Ticket::SLOTS, "the table has no more slots than a ticket can name");
        assert!(serial < 1 << (63 - Ticket::SLOT_BITS), "no run opens 2^43 connections");
        Ticket(serial << Ticket::SLOT_BITS | slot as u64)
    }

    /// The slot that a token or a ticket names.
    pub fn slot(self) -> usize {
        self.0 as usize & (Ticket::SLOTS - 1)
    }

    /// What the kernel gives back with an event. With pointers of 32 bits it carries only 12 bits
    /// of the serial number; a slot is not used 4,096 times within one wake.
    pub fn token(self) -> Token {
        Token(self.0 as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_used_again_has_another_token() {
        let first = Ticket::new(7, 1);
        let second = Ticket::new(7, 2);
        assert_eq!(first.slot(), second.slot());
        assert_ne!(first.token(), second.token());
        assert_ne!(first.token().0 as u32, second.token().0 as u32);
    }

    #[test]
    fn the_last_ticket_is_no_id_of_a_machine() {
        let last = Ticket::new(Ticket::SLOTS - 1, (1 << 43) - 1);
        assert!(!crate::proto::id::ConnId(last.0).is_own());
    }
}
