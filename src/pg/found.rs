//! What is looked up once in an installation of the extension.

use super::ext;
use crate::sys::local::LocalRef;
use pgrx::pg_sys::Oid;

/// Oids of our own objects, found at the first use, and again in another installation (in place of one that was dropped).
pub struct Found<T>(LocalRef<Option<(Oid, T)>>);

impl<T> Found<T> {
    /// Nothing yet.
    pub const fn new() -> Self {
        Found(LocalRef::new(None))
    }

    /// Reads it; `find` is called where it is not known. `None` where the extension is not installed, or nothing was found. `f` must
    /// not come back here.
    pub fn with<R>(&self, find: impl FnOnce() -> Option<T>, f: impl FnOnce(&T) -> R) -> Option<R> {
        // The tenants table's oid tells one installation from the next.
        let installation = ext::tables()?.tenants;
        if self.0.with(|held| held.as_ref().is_none_or(|(at, _)| *at != installation)) {
            let found = find()?;
            self.0.with_mut(|held| *held = Some((installation, found)));
        }
        self.0.with(|held| held.as_ref().map(|(_, found)| f(found)))
    }
}
