//! Reading sessions on behalf of a token.

use crate::pg::ext::Tables;
use crate::registry::Bearer;
use crate::sys::scan::{self, Key, Row};
use pgrx::datum::{Interval, TimestampWithTimeZone};
use uuid::Uuid;

/// A row of watertight.open_sessions. Times are PostgreSQL's, in microseconds.
pub struct Stored {
    /// Its id.
    pub id: Uuid,
    /// The tenant.
    pub tenant: Uuid,
    /// The compartment.
    pub compartment: Uuid,
    /// Whose it is.
    pub user: String,
    /// The tenant role of the identity token.
    pub role: Option<String>,
    /// Who signed the identity token.
    pub issuer: String,
    /// The identity token's id.
    pub jti: Option<String>,
    /// When the identity token was issued, in seconds since the Unix epoch.
    pub issued_at: Option<i64>,
    /// When it was last active, as far as it was written down.
    pub last_active_at: i64,
    /// The end.
    pub expires_at: i64,
    /// How long it lasts without a statement; 0: as long as it does.
    pub idle: i64,
    /// The process it is bound to; 0: none.
    pub process: i32,
    /// The start of the server it was opened in.
    pub boot: [u8; 16],
    /// The verified e-mail address.
    pub email: Option<String>,
    /// The identity token is for this compartment alone.
    pub confined: bool,
}

impl Stored {
    /// Whose rights it rests on.
    pub fn bearer(&self) -> Bearer<'_> {
        Bearer {
            issuer: &self.issuer,
            jti: self.jti.as_deref(),
            user: Some(&self.user),
            issued_at: self.issued_at,
        }
    }
}

/// The row of a session.
pub fn stored(tables: &Tables, id: Uuid) -> Option<Stored> {
    let mut found = None;
    scan::each(tables.sessions, Some((tables.sessions_id, Key::Uuid(1, *id.as_bytes()))), |row| {
        found = read(row);
        false
    });
    found
}

// The columns of watertight.open_sessions, as sql/compartments.sql declares them.
fn read(row: &Row) -> Option<Stored> {
    let uuid = |column| row.get::<pgrx::Uuid>(column).map(|id| *id.as_bytes());
    let time = |column| row.get::<TimestampWithTimeZone>(column).map(i64::from);
    let text = |column| row.get::<String>(column);
    Some(Stored {
        id: Uuid::from_bytes(uuid(1)?),
        tenant: Uuid::from_bytes(uuid(2)?),
        compartment: Uuid::from_bytes(uuid(3)?),
        user: text(4)?,
        role: text(5),
        issuer: text(6)?,
        jti: text(7),
        issued_at: row.get(8),
        last_active_at: time(10)?,
        expires_at: time(11)?,
        idle: row.get::<Interval>(12).map_or(0, |idle| crate::trust::seconds(idle).saturating_mul(1_000_000)),
        process: row.get(13).unwrap_or(0),
        boot: uuid(14)?,
        email: text(15),
        confined: row.get(16).unwrap_or(true),
    })
}
