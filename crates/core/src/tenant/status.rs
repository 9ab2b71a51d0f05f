//! A tenant's state.

/// Whether a tenant's tokens work. A dropped tenant has no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Tokens work.
    Active,
    /// Tokens are refused from the next statement on; data stays.
    Suspended,
}

impl Status {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Status::Active => "active",
            Status::Suspended => "suspended",
        }
    }

    /// From storage. What is not known is not active: fail closed.
    pub fn parse(text: &str) -> Status {
        if text == "active" { Status::Active } else { Status::Suspended }
    }
}
