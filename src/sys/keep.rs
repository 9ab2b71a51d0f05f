//! Values that plans and cursors point to for as long as their transaction lasts, and that are freed some time after it.

use super::local::LocalRef;

/// Gives out references without an end, and frees what they refer to when [`Keep::turn`] has been called twice.
///
/// Whoever calls that sees to it that by then nobody has such a reference any more: it is called between transactions, after
/// everything that outlives one has forgotten what it had. That it takes two calls is for what runs while a transaction ends.
pub struct Keep<T: 'static> {
    young: LocalRef<Vec<*mut T>>,
    old: LocalRef<Vec<*mut T>>,
}

impl<T: 'static> Keep<T> {
    /// Without values.
    pub const fn new() -> Keep<T> {
        Keep { young: LocalRef::new(Vec::new()), old: LocalRef::new(Vec::new()) }
    }

    /// Keeps a value.
    pub fn keep(&self, value: T) -> &'static T {
        let place = Box::into_raw(Box::new(value));
        self.young.with_mut(|young| young.push(place));
        // SAFETY: just made, and freed by `turn` only, as the type's comment says.
        unsafe { &*place }
    }

    /// How many there are since the last turn.
    pub fn len(&self) -> usize {
        self.young.with(Vec::len)
    }

    /// Frees what was kept before the last turn.
    pub fn turn(&self) {
        let young = self.young.with_mut(std::mem::take);
        for place in self.old.with_mut(|old| std::mem::replace(old, young)) {
            // SAFETY: from `keep`, and in neither list any more; nobody refers to it, as the type's comment says.
            drop(unsafe { Box::from_raw(place) });
        }
    }
}
