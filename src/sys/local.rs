//! State of this backend, at the price of a plain static.

use std::cell::Cell;

/// A [`Cell`] in a static. A thread-local would cost a call per access in a shared library, and `tenant_id()` is
/// called once a row.
pub struct Local<T>(Cell<T>);

// SAFETY: PostgreSQL runs all code of a backend, hooks and functions included, in its one thread, and Watertight
// starts none.
unsafe impl<T> Sync for Local<T> {}

impl<T: Copy> Local<T> {
    /// A cell with its first value.
    pub const fn new(value: T) -> Self {
        Local(Cell::new(value))
    }

    /// Reads it.
    #[inline(always)]
    pub fn get(&self) -> T {
        self.0.get()
    }

    /// Writes it, and returns what was there.
    #[inline(always)]
    pub fn replace(&self, value: T) -> T {
        self.0.replace(value)
    }

    /// Writes it.
    #[inline(always)]
    pub fn set(&self, value: T) {
        self.0.set(value);
    }

    /// Runs `f` while it has this value. Afterwards it has the one from before, also where `f` raises.
    pub fn during<R>(&self, value: T, f: impl FnOnce() -> R) -> R {
        struct Restore<'a, T: Copy>(&'a Local<T>, T);
        impl<T: Copy> Drop for Restore<'_, T> {
            fn drop(&mut self) {
                self.0.set(self.1);
            }
        }
        let _restore = Restore(self, self.replace(value));
        f()
    }
}

/// A [`std::cell::RefCell`] in a static, for what is not `Copy`.
pub struct LocalRef<T>(std::cell::RefCell<T>);

// SAFETY: as for `Local`.
unsafe impl<T> Sync for LocalRef<T> {}

impl<T> LocalRef<T> {
    /// A cell with its first value.
    pub const fn new(value: T) -> Self {
        LocalRef(std::cell::RefCell::new(value))
    }

    /// Reads it. The closure must not come back here to write.
    pub fn with<R>(&self, f: impl FnOnce(&T) -> R) -> R {
        f(&self.0.borrow())
    }

    /// Writes it. The closure must not come back here.
    pub fn with_mut<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut self.0.borrow_mut())
    }
}
