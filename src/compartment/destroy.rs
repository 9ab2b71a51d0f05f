//! (replaced by the merge)
use pgrx::spi::Spi;
use uuid::Uuid;
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    Dropped,
}
pub fn now(id: Uuid, _reason: Reason) {
    let _ = Spi::run_with_args(
        "DELETE FROM watertight.all_compartments WHERE id = $1",
        &[pgrx::Uuid::from_bytes(*id.as_bytes()).into()],
    );
}
