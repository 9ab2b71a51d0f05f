//! (replaced by the merge)
use pgrx::pg_sys::Oid;
pub fn clone_template(_template: Oid, schema: &str, _unlogged: bool) {
    let _ = pgrx::spi::Spi::run(&format!("CREATE SCHEMA {schema}; GRANT ALL ON SCHEMA {schema} TO PUBLIC"));
}
