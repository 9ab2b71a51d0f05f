//! Procedures that commit what they have done so far.

use super::function::Call;
use pgrx::pg_sys;

impl Call {
    /// Whether this is a procedure that may end the transaction: it is called outside of a transaction block and of functions.
    pub fn may_commit(self) -> bool {
        let context = self.context();
        // SAFETY: what a function is called with is a node, or null; one of this kind is what CALL passes.
        unsafe {
            !context.is_null()
                && (*context).type_ == pg_sys::NodeTag::T_CallContext
                && !(*context.cast::<pg_sys::CallContext>()).atomic
        }
    }

    /// Runs `f` again and again, each time in another transaction, until it returns false. Only where it may be. Raises where nothing
    /// can be written.
    pub fn in_transactions(self, mut f: impl FnMut() -> bool) {
        // SAFETY: as procedural languages do it for a procedure that may commit; an error between leaves it to PostgreSQL to
        // disconnect. What `f` keeps from one time to the next is its own, not PostgreSQL's.
        unsafe {
            pg_sys::PreventCommandIfReadOnly(c"CALL".as_ptr());
            pg_sys::SPI_connect_ext(pg_sys::SPI_OPT_NONATOMIC as i32);
            while f() {
                pg_sys::SPI_commit();
            }
            pg_sys::SPI_finish();
        }
    }
}
