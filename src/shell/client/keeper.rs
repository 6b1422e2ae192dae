//! The client's records go into the profile's database.

use crate::proto::client::Client;
use crate::proto::machine::Store;
use crate::proto::model::notice::Notice;
use crate::proto::model::record::{Query, Record, Rows};
use crate::proto::time::Now;
use crate::shell::store::StoreError;
use crate::shell::store::client::ClientStore;

impl Store<Client> for ClientStore {
    type Error = StoreError;

    fn keep(
        &mut self,
        now: Now,
        record: Record,
        shown: &mut Vec<Notice>,
    ) -> Result<(), StoreError> {
        ClientStore::keep(self, now, record, shown)
    }

    fn query(&mut self, query: Query) -> Result<Rows, StoreError> {
        ClientStore::query(self, query)
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        ClientStore::commit(self)
    }
}
