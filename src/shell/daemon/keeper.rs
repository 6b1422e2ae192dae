//! The server's records go into its database.

use crate::proto::machine::Store;
use crate::proto::model::notice::Report;
use crate::proto::model::record::{ServerQuery, ServerRecord, ServerRows};
use crate::proto::server::{Server, Then};
use crate::proto::time::Now;
use crate::shell::store::StoreError;
use crate::shell::store::server::ServerStore;

impl Store<Server> for ServerStore {
    type Error = StoreError;

    fn keep(
        &mut self,
        _: Now,
        record: ServerRecord,
        _: &mut Vec<Report>,
    ) -> Result<(), StoreError> {
        ServerStore::keep(self, record)
    }

    fn query(&mut self, query: ServerQuery<Then>) -> Result<ServerRows<Then>, StoreError> {
        let ServerQuery { read, then } = query;
        Ok(ServerRows { found: ServerStore::query(self, read)?, then })
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        ServerStore::commit(self)
    }
}
