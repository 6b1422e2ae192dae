//! Files that are read from one end to the other to know what is in them, step by step, so that
//! nothing else waits long. They take turns; one step is under way at a time.

use super::Client;
use crate::proto::crypto::digest::FileHash;
use crate::proto::id::FileId;
use crate::proto::limits;
use crate::proto::machine::FileAction;
use std::collections::VecDeque;

/// The files that are read; the first has a step under way.
#[derive(Default)]
pub(super) struct Hashing {
    jobs: VecDeque<Job>,
}

struct Job {
    file: FileId,
    at: u64,
    end: u64,
    hash: FileHash,
}

impl Hashing {
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Whether a step of this file is under way.
    pub fn is_read(&self, file: FileId) -> bool {
        self.jobs.front().is_some_and(|job| job.file == file)
    }
}

impl Client {
    /// Reads the first `end` bytes of an open file; [`Client::on_hashed`] hears of it.
    pub(super) fn hash_file(&mut self, file: FileId, end: u64) {
        if end == 0 {
            return self.on_hashed(file, 0, FileHash::default());
        }
        let job = Job { file, at: 0, end, hash: FileHash::default() };
        self.transfers.hashing.jobs.push_back(job);
        if self.transfers.hashing.jobs.len() == 1 {
            self.read_to_hash();
        }
    }

    /// A file is closed: it is read no further.
    pub(super) fn stop_hashing(&mut self, file: FileId) {
        let was_read = self.transfers.hashing.is_read(file);
        self.transfers.hashing.jobs.retain(|job| job.file != file);
        if was_read {
            self.read_to_hash();
        }
    }

    pub(super) fn on_hash_bytes(&mut self, file: FileId, bytes: &[u8]) {
        let Some(mut job) = self.transfers.hashing.jobs.pop_front() else { return };
        job.hash.update(bytes);
        job.at += bytes.len() as u64;
        self.on_head(file, job.at, bytes);
        // A file that was closed for what its head says, or is shorter than it was, is over.
        let is_over = !self.transfers.uses.contains_key(&file);
        match is_over || bytes.is_empty() || job.at >= job.end {
            true => {
                self.read_to_hash();
                if !is_over {
                    self.on_hashed(file, job.at, job.hash);
                }
            }
            false => {
                self.transfers.hashing.jobs.push_back(job);
                self.read_to_hash();
            }
        }
    }

    fn read_to_hash(&mut self) {
        if let Some(job) = self.transfers.hashing.jobs.front() {
            let bytes = (job.end - job.at).min(limits::HASH_STEP_BYTES as u64) as usize;
            self.core.file(job.file, FileAction::Read { at: job.at, bytes });
        }
    }
}
