//! Uploads that are under way in this process: what they take counts before any row tells of it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use flare_contracts::{Cause, Refusal};
use flare_kernel::CaseId;

use super::MAX_CASE_BYTES;
use crate::refusals;

/// Uploads of one case at once. Receipts are free, and each upload may last as long as a bad line makes it.
const MOST_PER_CASE: usize = 4;

/// How many bytes are free where files are stored; none when nobody can tell.
pub type FreeBytes = dyn Fn() -> Option<u64> + Send + Sync;

/// The uploads under way, and how much room must stay free of them.
#[derive(Clone)]
pub(crate) struct UnderWay {
    cases: Arc<Mutex<HashMap<CaseId, OfCase>>>,
    keep_free: u64,
    free: Arc<FreeBytes>,
}

#[derive(Default)]
struct OfCase {
    uploads: usize,
    bytes: u64,
}

/// One upload, until it is dropped.
pub(crate) struct Upload {
    all: UnderWay,
    case: CaseId,
    bytes: u64,
}

impl Default for UnderWay {
    fn default() -> Self {
        Self { cases: Arc::default(), keep_free: 0, free: Arc::new(|| None) }
    }
}

impl UnderWay {
    /// Leaves so many bytes free.
    pub(crate) fn keeping_free(keep_free: u64, free: Arc<FreeBytes>) -> Self {
        Self { keep_free, free, ..Self::default() }
    }

    /// Begins an upload, unless the case has enough of them.
    pub(crate) fn begin(&self, case: CaseId) -> Result<Upload, Refusal> {
        self.room_for(0)?;
        let mut cases = self.cases();
        let of_case = cases.entry(case).or_default();
        if of_case.uploads == MOST_PER_CASE {
            return Err(Cause::TooManyUploads.into());
        }
        of_case.uploads += 1;
        drop(cases);
        Ok(Upload { all: self.clone(), case, bytes: 0 })
    }

    /// Answers and messages must always find room, so files stop first.
    fn room_for(&self, bytes: u64) -> Result<(), Refusal> {
        match (self.free)() {
            Some(free) if free < self.keep_free.saturating_add(bytes) => {
                tracing::error!(free, "there is no room for files: less is free than files.keep_free_bytes");
                Err(Cause::FilesUnavailable.into())
            }
            Some(_) | None => Ok(()),
        }
    }

    fn cases(&self) -> MutexGuard<'_, HashMap<CaseId, OfCase>> {
        self.cases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Upload {
    /// Counts bytes that are about to be stored, beside those that files of the case take already.
    pub(crate) fn take(&mut self, bytes: u64, of_files: u64) -> Result<(), Refusal> {
        self.all.room_for(bytes)?;
        let mut cases = self.all.cases();
        let of_case = cases.entry(self.case).or_default();
        if of_files.saturating_add(of_case.bytes).saturating_add(bytes) > MAX_CASE_BYTES {
            return Err(refusals::case_files_full());
        }
        of_case.bytes += bytes;
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let mut cases = self.all.cases();
        let Some(of_case) = cases.get_mut(&self.case) else { return };
        of_case.uploads -= 1;
        of_case.bytes -= self.bytes;
        if of_case.uploads == 0 {
            cases.remove(&self.case);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASE: CaseId = CaseId::from_bytes([1; 16]);

    fn reason(result: Result<impl Sized, Refusal>) -> &'static str {
        result.err().map_or("", |refusal| refusal.reason)
    }

    #[test]
    fn a_case_has_so_many_uploads_under_way_and_no_more() {
        let under_way = UnderWay::default();
        let mut uploads: Vec<_> = (0..MOST_PER_CASE).map(|_| under_way.begin(CASE).unwrap()).collect();
        assert_eq!(reason(under_way.begin(CASE)), "TOO_MANY_UPLOADS");
        assert_eq!(reason(under_way.begin(CaseId::from_bytes([2; 16]))), "");
        uploads.pop();
        assert_eq!(reason(under_way.begin(CASE)), "");
        uploads.clear();
        assert!(under_way.cases().is_empty(), "cases are not remembered");
    }

    #[test]
    fn what_is_under_way_counts_with_what_is_there() {
        let under_way = UnderWay::default();
        let (mut one, mut two) = (under_way.begin(CASE).unwrap(), under_way.begin(CASE).unwrap());
        one.take(MAX_CASE_BYTES - 10, 5).unwrap();
        assert_eq!(reason(two.take(6, 5)), "CASE_FILES_FULL");
        two.take(5, 5).unwrap();
        assert_eq!(reason(two.take(1, 5)), "CASE_FILES_FULL");
        drop(one);
        two.take(1, 5).unwrap();
    }

    #[test]
    fn files_leave_room_for_answers() {
        let free = Arc::new(std::sync::atomic::AtomicU64::new(100));
        let told = Arc::clone(&free);
        let told = move || Some(told.load(std::sync::atomic::Ordering::SeqCst));
        let under_way = UnderWay::keeping_free(60, Arc::new(told));
        let mut upload = under_way.begin(CASE).unwrap();
        upload.take(40, 0).unwrap();
        assert_eq!(reason(upload.take(41, 0)), "FILES_UNAVAILABLE");
        free.store(59, std::sync::atomic::Ordering::SeqCst);
        assert_eq!(reason(under_way.begin(CASE)), "FILES_UNAVAILABLE");
    }
}
