//! Why a session or a compartment ended.

/// What ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The user, with `logout()`.
    Logout,
    /// An administrator, with `end_session()`.
    Administrator,
    /// The user, with `switch_compartment()`.
    Switch,
    /// An administrator or its owner, with `drop_compartment()`.
    Dropped,
    /// Its time was over.
    Expired,
    /// It was idle for too long.
    Idle,
    /// The connection it was bound to.
    Disconnected,
    /// The server was shut down.
    Shutdown,
    /// The server had stopped without destroying it.
    Restart,
    /// It had no session any more.
    Abandoned,
    /// A ready clone that nobody wants any more.
    Unused,
}

impl Reason {
    /// What `watertight.ended_compartments` says.
    pub const fn as_str(self) -> &'static str {
        match self {
            Reason::Logout => "logout",
            Reason::Administrator => "administrator",
            Reason::Switch => "switch",
            Reason::Dropped => "dropped",
            Reason::Expired => "expired",
            Reason::Idle => "idle",
            Reason::Disconnected => "disconnected",
            Reason::Shutdown => "shutdown",
            Reason::Restart => "restart",
            Reason::Abandoned => "abandoned",
            Reason::Unused => "unused",
        }
    }
}
