//! How much may be in flight, and when something in flight has been silent for too long.
//!
//! The window doubles each round until something is lost, then grows slowly; a round in which a
//! share of the packets was lost takes half of that share from it (RFC 8257's law, with losses in
//! place of marks). Halving at every loss, as TCP does, would make a radio link's 5 % a standstill;
//! as it is, 2 % do not slow it down, which is what BBRv2 grants as well.

use crate::proto::limits::{
    DATAGRAM_WINDOW_BYTES, LOSS_PATIENCE_MS, RESEND_FIRST_MS, RESEND_LAST_MS,
};

pub(super) struct Pace {
    /// The payload of a full packet.
    packet: usize,
    window: usize,
    /// Nothing was lost since the last standstill: the window doubles each round.
    is_starting: bool,
    /// The round is over when this packet, or a later one, is acknowledged.
    round_end: u64,
    landed: usize,
    lost: usize,
    was_full: bool,
    /// The round trip, smoothed, and its deviation (RFC 6298 section 2).
    smooth_ms: Option<(f32, f32)>,
}

impl Pace {
    pub fn new(packet: usize) -> Pace {
        Pace {
            packet,
            window: FIRST_PACKETS * packet,
            is_starting: true,
            round_end: 0,
            landed: 0,
            lost: 0,
            was_full: false,
            smooth_ms: None,
        }
    }

    pub fn window(&self) -> usize {
        self.window
    }

    /// A packet came back acknowledged so long after it was sent.
    pub fn on_round_trip(&mut self, ms: u64) {
        let ms = ms as f32;
        self.smooth_ms = Some(match self.smooth_ms {
            None => (ms, ms / 2.0),
            Some((smooth, deviation)) => {
                let deviation = deviation * 0.75 + (smooth - ms).abs() * 0.25;
                (smooth * 0.875 + ms * 0.125, deviation)
            }
        });
    }

    /// Bytes were acknowledged, others with that given up; `newest` is the newest packet that came,
    /// `next` the next to be sent.
    pub fn on_ack(&mut self, landed: usize, lost: usize, newest: u64, next: u64) {
        self.landed += landed;
        self.lost += lost;
        if self.is_starting && self.lost == 0 && self.was_full {
            self.window += landed;
        }
        if newest >= self.round_end {
            self.end_round();
            self.round_end = next;
        }
        self.window = self.window.clamp(LEAST_PACKETS * self.packet, DATAGRAM_WINDOW_BYTES);
    }

    /// Bytes were given up.
    pub fn on_lost(&mut self, lost: usize) {
        self.lost += lost;
    }

    /// So much is in flight; it fills the window or not.
    pub fn on_sent(&mut self, flight: usize) {
        self.was_full |= flight + self.packet > self.window;
    }

    /// Two packets in a row went unanswered: nobody knows what the path still carries.
    pub fn on_standstill(&mut self) {
        self.window = LEAST_PACKETS * self.packet;
        self.is_starting = true;
    }

    /// It was silent for a while: what the window was worth is old.
    pub fn on_pause(&mut self) {
        self.window = self.window.min(FIRST_PACKETS * self.packet);
        self.is_starting = true;
    }

    /// How long to wait for an acknowledgement that others have overtaken (RFC 9002 section 6.1.2).
    pub fn overtaken_ms(&self) -> u64 {
        let smooth = self.smooth_ms.map_or(RESEND_FIRST_MS as f32, |(smooth, _)| smooth);
        ((smooth * 1.125) as u64).max(LOSS_PATIENCE_MS)
    }

    /// How long to wait for any acknowledgement, after so many times in vain (RFC 9002 section
    /// 6.2.1). The other side may have to write to its disk first.
    pub fn silence_ms(&self, times: u32) -> u64 {
        let first = match self.smooth_ms {
            None => RESEND_FIRST_MS,
            Some((smooth, deviation)) => (smooth + (4.0 * deviation).max(10.0) + 25.0) as u64,
        };
        (first << times.min(16)).min(RESEND_LAST_MS.max(first))
    }

    /// The round trip, once it is known.
    pub fn round_trip_ms(&self) -> Option<u64> {
        self.smooth_ms.map(|(smooth, _)| smooth as u64)
    }

    fn end_round(&mut self) {
        let all = (self.landed + self.lost).max(1);
        let share = (self.window as u64 * self.lost as u64 / all as u64) as usize;
        if self.lost > 0 && self.is_starting {
            self.is_starting = false;
            self.window -= share;
        } else if !self.is_starting {
            self.window -= share / 2;
            if self.was_full {
                self.window += self.packet + self.window / 100;
            }
        }
        (self.landed, self.lost, self.was_full) = (0, 0, false);
    }
}

/// RFC 6928.
const FIRST_PACKETS: usize = 10;
/// Below two, each acknowledgement would be waited for.
const LEAST_PACKETS: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    /// Rounds in which one packet in `every` is lost; the window after them, in packets.
    fn after(rounds: usize, every: usize) -> usize {
        let mut pace = Pace::new(1_000);
        for n in 1..=rounds as u64 {
            let window = pace.window();
            pace.on_sent(window);
            let lost = window / every;
            pace.on_ack(window - lost, lost, n, n + 1);
        }
        pace.window() / 1_000
    }

    #[test]
    fn the_window_doubles_while_nothing_is_lost_and_ends_at_its_bound() {
        assert!((60..=80).contains(&after(3, usize::MAX)));
        assert_eq!(after(50, usize::MAX), DATAGRAM_WINDOW_BYTES / 1_000);
    }

    #[test]
    fn few_losses_cost_some_speed_and_many_bring_it_down() {
        assert!((30..80).contains(&after(1_000, 20)), "{}", after(1_000, 20));
        assert!(after(3_000, 100) > 500, "{}", after(3_000, 100));
        assert!(after(1_000, 3) < 10, "{}", after(1_000, 3));
    }

    #[test]
    fn a_window_that_is_not_used_does_not_grow() {
        let mut pace = Pace::new(1_000);
        for n in 1..100 {
            pace.on_sent(1_000);
            pace.on_ack(1_000, 0, n, n + 1);
        }
        assert_eq!(pace.window(), 10_000);
    }

    #[test]
    fn patience_follows_the_round_trip_and_doubles_each_time_in_vain() {
        let mut pace = Pace::new(1_000);
        assert_eq!(pace.silence_ms(0), RESEND_FIRST_MS);
        (0..50).for_each(|_| pace.on_round_trip(100));
        assert_eq!((pace.round_trip_ms(), pace.overtaken_ms()), (Some(100), 112));
        assert_eq!((pace.silence_ms(0), pace.silence_ms(2)), (135, 540));
        assert_eq!(pace.silence_ms(40), RESEND_LAST_MS);
    }
}
