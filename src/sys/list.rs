//! PostgreSQL's lists of pointers.

use pgrx::pg_sys;

/// The elements of a list; none for a null list.
///
/// # Safety
/// `list` must be null or a pointer list of `T`.
pub(super) unsafe fn elements<T>(list: *mut pg_sys::List) -> Vec<*mut T> {
    if list.is_null() {
        return Vec::new();
    }
    // SAFETY: a list has `length` cells, each a pointer.
    unsafe {
        (0..(*list).length as usize).map(|i| (*(*list).elements.add(i)).ptr_value.cast::<T>()).collect()
    }
}
