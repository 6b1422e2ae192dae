//! Random talk between real programs, with kill -9 and restarts of all of them; in the end nothing
//! that was accepted is missing, and nothing came twice. `SOAK_SECONDS` and `SOAK_CLIENTS` make it
//! longer and larger (`scripts/soak`); `SOAK_SEED` repeats its choices.

#[path = "cli/support/mod.rs"]
#[allow(dead_code)]
mod support;

use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use support::{Peer, World};

/// What goes on, and who is there.
struct Soak {
    world: World,
    dice: Dice,
    names: Vec<String>,
    there: Vec<Option<Peer>>,
    written: u64,
    kills: u64,
    server_kills: u64,
}

/// What the logs of all profiles say in the end.
#[derive(Default)]
struct Count {
    accepted: usize,
    delivered: usize,
    lost: usize,
    doubled: usize,
    disordered: usize,
}

/// xorshift64*: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % most
    }
}

#[test]
fn random_talk_with_random_kills_loses_and_doubles_nothing() {
    let seconds = setting("SOAK_SECONDS").unwrap_or(15);
    let clients = setting("SOAK_CLIENTS").unwrap_or(6).max(2) as usize;
    let seed = setting("SOAK_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    let mut soak = Soak::new(clients, seed);
    let until = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < until {
        soak.step();
    }
    let settled = soak.come_to_rest();
    let Count { accepted, delivered, lost, doubled, disordered } = soak.count();
    println!(
        "soak: {clients} clients, {seconds} s, seed {seed}: {} kills of clients, {} of the \
         server; {accepted} accepted, {delivered} delivered, {lost} lost, {doubled} doubled, \
         {disordered} out of order; at rest after {:.1} s",
        soak.kills,
        soak.server_kills,
        settled.as_secs_f64()
    );
    assert!(accepted > 0 && soak.kills > 0, "nothing was tried");
    assert_eq!((lost, doubled, disordered, delivered), (0, 0, 0, accepted));
}

impl Soak {
    fn new(clients: usize, seed: u64) -> Soak {
        let world = World::new();
        let names: Vec<String> = (0..clients).map(|n| format!("peer{n}")).collect();
        let mut there: Vec<Option<Peer>> =
            names.iter().map(|name| Some(world.peer(name))).collect();
        // Every third pair are friends: these talk over sessions, the others by mail.
        for (n, one) in names.iter().enumerate() {
            for other in names[n + 1..].iter().step_by(3) {
                there[n].iter_mut().for_each(|peer| drop(peer.ask(&["add", other]).expect_ok()));
                let at = names.iter().position(|name| name == other);
                let peer = at.and_then(|at| there[at].as_mut()).expect("they are all there");
                peer.expect("the request", |e| e["event"] == "request" && e["from"] == **one);
                peer.ask(&["confirm", one]).expect_ok();
            }
        }
        let dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        Soak { world, dice, names, there, written: 0, kills: 0, server_kills: 0 }
    }

    fn step(&mut self) {
        let who = self.dice.below(self.names.len());
        match self.dice.below(60) {
            0 => self.kill(who),
            1 => self.stop(who),
            2 if self.dice.below(3) == 0 => {
                self.world.server.crash();
                self.world.server.restart();
                self.server_kills += 1;
            }
            2..6 => self.wake(who),
            6..9 => self.ask(who),
            _ => self.talk(who),
        }
    }

    fn kill(&mut self, who: usize) {
        if let Some(peer) = self.there[who].take() {
            peer.crash();
            self.kills += 1;
        }
    }

    fn stop(&mut self, who: usize) {
        if let Some(peer) = self.there[who].take() {
            peer.stop();
        }
    }

    fn wake(&mut self, who: usize) {
        if self.there[who].is_none() {
            self.there[who] = Some(self.world.peer(&self.names[who]));
        }
    }

    /// Waits for an answer, which lets everybody work off what there is.
    fn ask(&mut self, who: usize) {
        if let Some(peer) = &mut self.there[who] {
            peer.settle();
            peer.process.forget();
        }
    }

    fn talk(&mut self, who: usize) {
        let to = (who + 1 + self.dice.below(self.names.len() - 1)) % self.names.len();
        let is_long = self.dice.below(20) == 0;
        let Some(peer) = &mut self.there[who] else { return };
        self.written += 1;
        let padding = if is_long { "x".repeat(20_000) } else { String::new() };
        peer.send(&["msg", &self.names[to], &format!("{} {padding}", self.written)]);
    }

    /// Everybody comes back; waits until no outbox has anything in it.
    fn come_to_rest(&mut self) -> Duration {
        let begun = Instant::now();
        for who in 0..self.names.len() {
            self.wake(who);
        }
        let deadline = begun + Duration::from_secs(120);
        for peer in self.there.iter_mut().flatten() {
            loop {
                peer.process.forget();
                let waiting = peer.ask(&["outbox"]).expect_ok();
                let rows = waiting.rows("outbox").len();
                if rows == 0 {
                    break;
                }
                let states: Vec<String> =
                    waiting.rows("outbox").iter().take(5).map(|row| row.to_string()).collect();
                assert!(Instant::now() < deadline, "{rows} wait still: {states:#?}");
                // Until a receipt comes, or a moment has passed in which none did.
                peer.ask_within(0.5, &["wait", "--event", "receipt"]);
            }
        }
        begun.elapsed()
    }

    /// Holds what the senders accepted against what the receivers were shown.
    fn count(&mut self) -> Count {
        let mut count = Count::default();
        let mut accepted: BTreeMap<String, (String, String)> = BTreeMap::new();
        let mut shown: BTreeMap<(String, String), usize> = BTreeMap::new();
        for (name, peer) in self.names.iter().zip(self.there.iter_mut().flatten()) {
            peer.process.forget();
            let log = peer.ask(&["events", "--since", "0"]).expect_ok();
            let mut last: BTreeMap<String, u64> = BTreeMap::new();
            for event in &log.lines {
                let id = || text(event, "id");
                match (text(event, "event").as_str(), text(event, "state").as_str()) {
                    ("receipt", "queued") => {
                        accepted.insert(id(), (name.clone(), text(event, "to")));
                    }
                    ("receipt", "delivered") => count.delivered += 1,
                    ("message", _) => {
                        *shown.entry((name.clone(), id())).or_default() += 1;
                        let said = text(event, "text");
                        let number = said.split(' ').next().and_then(|word| word.parse().ok());
                        let number: u64 = number.expect("each text begins with its number");
                        let before = last.insert(text(event, "from"), number);
                        count.disordered += usize::from(before.is_some_and(|it| it > number));
                    }
                    _ => {}
                }
            }
        }
        count.accepted = accepted.len();
        for (id, (_, to)) in accepted {
            count.lost += usize::from(!shown.contains_key(&(to, id)));
        }
        count.doubled = shown.values().filter(|times| **times > 1).count();
        count
    }
}

fn text(event: &Value, field: &str) -> String {
    event[field].as_str().unwrap_or_default().to_owned()
}

fn setting(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name}={value}: not a number")))
}
