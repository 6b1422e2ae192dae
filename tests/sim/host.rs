//! A program on a virtual machine: a machine, its store, and crashes around the commit.

use hobnob::proto::machine::{Effect, InputOf, Machine, Store, Wake};
use hobnob::proto::time::{Mono, Now};

/// When in a wake the program dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// Nothing is kept, nothing leaves.
    BeforeCommit,
    /// Everything is kept, and only so many effects happen.
    AfterEffects(usize),
}

/// A store whose last transaction can be lost.
pub trait Crashing {
    fn lose_transaction(&mut self);
}

impl Crashing for hobnob::shell::store::client::ClientStore {
    fn lose_transaction(&mut self) {
        self.rollback();
    }
}

impl Crashing for hobnob::shell::store::server::ServerStore {
    fn lose_transaction(&mut self) {
        self.rollback();
    }
}

/// A store for one wake, and whether the wake dies before its commit.
struct Doomed<'a, S> {
    store: &'a mut S,
    dies: bool,
}

impl<M: Machine, S: Store<M>> Store<M> for Doomed<'_, S> {
    type Error = Option<S::Error>;

    fn keep(
        &mut self,
        now: Now,
        record: M::Record,
        shown: &mut Vec<M::Notice>,
    ) -> Result<(), Self::Error> {
        self.store.keep(now, record, shown).map_err(Some)
    }

    fn query(&mut self, query: M::Query) -> Result<M::Rows, Self::Error> {
        self.store.query(query).map_err(Some)
    }

    fn commit(&mut self) -> Result<(), Self::Error> {
        if self.dies { Err(None) } else { self.store.commit().map_err(Some) }
    }
}

/// A machine with its store. The machine is gone while the program is down; the store stays.
pub struct Host<M: Machine, S> {
    pub machine: Option<M>,
    pub store: S,
}

impl<M: Machine, S: Store<M, Error: std::fmt::Debug> + Crashing> Host<M, S> {
    /// One wake with these inputs. The effects that happened, and whether the program still runs.
    pub fn wake(
        &mut self,
        now: Now,
        inputs: Vec<InputOf<'_, M>>,
        crash: Option<Crash>,
    ) -> (Vec<Effect<M::Notice>>, bool) {
        let Some(machine) = &mut self.machine else { return (Vec::new(), false) };
        let mut wake = Wake::new();
        for input in inputs {
            machine.handle(now, input);
        }
        let dies = crash == Some(Crash::BeforeCommit);
        let mut doomed = Doomed { store: &mut self.store, dies };
        let mut effects: Vec<_> = match wake.commit(machine, &mut doomed, now) {
            Ok(effects) => effects.collect(),
            Err(None) => Vec::new(),
            Err(Some(fault)) => panic!("the store failed: {fault:?}"),
        };
        if let Some((due, why)) = machine.poll_timeout() {
            assert!(due > now.mono, "a deadline that has passed was not handled: {why}");
        }
        match crash {
            None => return (effects, true),
            Some(Crash::BeforeCommit) => self.store.lose_transaction(),
            Some(Crash::AfterEffects(count)) => effects.truncate(count),
        }
        self.machine = None;
        (effects, false)
    }

    pub fn due(&self) -> Option<Mono> {
        self.machine.as_ref()?.poll_timeout().map(|(due, _)| due)
    }
}
