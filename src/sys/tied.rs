//! What belongs to the subtransaction it was noted in, and is undone with it.

use super::local::{Local, LocalRef};
use pgrx::pg_sys;

/// A list of the present transaction. Most transactions note nothing, and asking whether this one did costs one read.
pub struct Tied<T> {
    entries: LocalRef<Vec<(pg_sys::SubTransactionId, T)>>,
    any: Local<bool>,
}

impl<T: Copy + PartialEq> Tied<T> {
    /// An empty list.
    pub const fn new() -> Self {
        Tied { entries: LocalRef::new(Vec::new()), any: Local::new(false) }
    }

    /// Notes it once in the present subtransaction.
    pub fn note(&self, what: T) {
        // SAFETY: reads the transaction state.
        let entry = (unsafe { pg_sys::GetCurrentSubTransactionId() }, what);
        self.any.set(true);
        self.entries.with_mut(|entries| once(entries, entry));
    }

    /// Notes what was not noted before: many of them cost no more than each alone.
    pub fn note_new(&self, what: T) {
        // SAFETY: reads the transaction state.
        let entry = (unsafe { pg_sys::GetCurrentSubTransactionId() }, what);
        self.any.set(true);
        self.entries.with_mut(|entries| entries.push(entry));
    }

    /// Whether nothing was noted.
    #[inline]
    pub fn is_empty(&self) -> bool {
        !self.any.get()
    }

    /// Whether something like this was noted, and is not undone.
    pub fn any(&self, like: impl Fn(&T) -> bool) -> bool {
        self.entries.with(|entries| entries.iter().any(|(_, what)| like(what)))
    }

    /// Has `f` look at each until it has an answer; it may change what it looks at.
    pub fn change<R>(&self, f: impl FnMut(&mut T) -> Option<R>) -> Option<R> {
        if self.is_empty() {
            return None;
        }
        self.entries.with_mut(|entries| entries.iter_mut().map(|(_, what)| what).find_map(f))
    }

    /// All of it, in order; for the end of the transaction. Nothing is left.
    pub fn take(&self) -> Vec<T> {
        self.any.set(false);
        self.entries.with_mut(std::mem::take).into_iter().map(|(_, what)| what).collect()
    }

    /// To be called at each event of a subtransaction. Returns what is undone by it.
    pub fn follow(
        &self,
        event: pg_sys::SubXactEvent::Type,
        mine: pg_sys::SubTransactionId,
        parent: pg_sys::SubTransactionId,
    ) -> Vec<T> {
        let mut undone = Vec::new();
        self.entries.with_mut(|entries| match event {
            pg_sys::SubXactEvent::SUBXACT_EVENT_COMMIT_SUB => {
                let (own, others): (Vec<_>, Vec<_>) =
                    std::mem::take(entries).into_iter().partition(|entry| entry.0 == mine);
                *entries = others;
                own.into_iter().for_each(|(_, what)| once(entries, (parent, what)));
            }
            pg_sys::SubXactEvent::SUBXACT_EVENT_ABORT_SUB => {
                undone.extend(entries.iter().filter(|entry| entry.0 == mine).map(|(_, what)| *what));
                entries.retain(|entry| entry.0 != mine);
            }
            _ => {}
        });
        undone
    }
}

fn once<E: PartialEq>(entries: &mut Vec<E>, entry: E) {
    if !entries.contains(&entry) {
        entries.push(entry);
    }
}
