//! Reading compartments on behalf of a token: index scans, only when no verdict is cached.

use crate::pg::ext::Tables;
use crate::pg::settings;
use crate::sys::function::{uuid_array, uuids_of};
use crate::sys::keep::Keep;
use crate::sys::local::LocalRef;
use crate::sys::scan::{self, Key, Row};
use crate::sys::xact;
use std::collections::BTreeMap;
use std::ffi::CString;
use uuid::Uuid;
use watertight_core::compartment::{GLOBAL, GLOBAL_NAME, Room, Settings, schema_of};

/// What a statement needs of a compartment. Never changed, and not freed before the transaction is over, so a datum may point into
/// it; a backend keeps those that it has served last.
#[derive(PartialEq, Eq)]
pub struct Compartment {
    /// The id, as a uuid datum points to it.
    pub id: [u8; 16],
    /// The name.
    pub name: Box<str>,
    /// The compartments whose rows it reads, itself first, as an array of uuids.
    pub reads: Box<[u8]>,
    /// It reads itself alone, and may write there: one comparison serves both.
    pub is_plain: bool,
    /// It may write where it is.
    pub writes: bool,
    /// It goes with its session.
    pub ephemeral: bool,
    /// The schema of its own.
    pub schema: Option<CString>,
}

impl Compartment {
    /// Whether it reads the rows of the compartment with this id.
    #[inline]
    pub fn may_read(&self, id: &[u8; 16]) -> bool {
        self.id == *id || uuids_of(&self.reads).any(|readable| readable == id)
    }
}

/// A row of watertight.all_compartments.
pub struct Stored {
    /// Its id.
    pub id: Uuid,
    /// Whose it is; `None` while it waits in the pool.
    pub tenant: Option<Uuid>,
    /// Its name.
    pub name: String,
    /// The compartment it lies in.
    pub parent: Option<Uuid>,
    /// It reads what its parent reads.
    pub reads_ancestors: bool,
    /// It goes with its session.
    pub ephemeral: bool,
    /// The start of the server that it belongs to, if it is ephemeral.
    pub boot: Option<[u8; 16]>,
    /// It has a schema of its own.
    pub has_schema: bool,
    /// The user who made it, and whose user that is.
    pub owner: Option<(String, String)>,
}

// Columns of watertight.all_compartments, as sql/compartments.sql declares them.
const ID: i16 = 1;
const TENANT: i16 = 2;
const NAME: i16 = 3;

/// No chain of parents is longer.
pub const MAX_DEPTH: usize = 16;

fn read(row: &Row) -> Option<Stored> {
    let uuid = |column| row.get::<pgrx::Uuid>(column).map(|id| *id.as_bytes());
    Some(Stored {
        id: Uuid::from_bytes(uuid(1)?),
        tenant: uuid(2).map(Uuid::from_bytes),
        name: row.get(3).unwrap_or_default(),
        parent: uuid(4).map(Uuid::from_bytes),
        reads_ancestors: row.get(5).unwrap_or(false),
        ephemeral: row.get(6).unwrap_or(true),
        boot: uuid(7),
        has_schema: row.name(8).is_some(),
        owner: row.get::<String>(9).zip(row.get::<String>(10)),
    })
}

/// The row of a compartment.
pub fn stored(tables: &Tables, id: Uuid) -> Option<Stored> {
    let mut found = None;
    scan::each(tables.compartments, Some((tables.compartments_id, Key::Uuid(ID, *id.as_bytes()))), |row| {
        found = read(row);
        false
    });
    found
}

/// The row of a tenant's compartment of this name.
pub fn stored_by_name(tables: &Tables, tenant: Uuid, name: &str) -> Option<Stored> {
    let mut found = None;
    let tenant_key = Key::Uuid(TENANT, *tenant.as_bytes());
    scan::each(tables.compartments, Some((tables.compartments_name, tenant_key)), |row| {
        if row.get::<&str>(NAME as usize) == Some(name) {
            found = read(row);
        }
        found.is_none()
    });
    found
}

/// By id and by what it reads, which depends on who is in it.
type Interned = BTreeMap<([u8; 16], Box<[u8]>), &'static Compartment>;

static COMPARTMENTS: LocalRef<Interned> = LocalRef::new(BTreeMap::new());
static KEPT: Keep<Compartment> = Keep::new();

/// So many are kept before the backend begins anew: a few hundred bytes each, and reading one again takes microseconds.
const MANY: usize = 512;

/// A backend that has served many compartments forgets them; ephemeral ones never come back. Called between transactions, when no
/// verdict is in force; `forget` drops what else refers to them. Must not raise.
pub fn forget_many(forget: impl FnOnce()) {
    if KEPT.len() >= MANY && !xact::in_procedure() {
        forget();
        COMPARTMENTS.with_mut(BTreeMap::clear);
        KEPT.turn();
    }
}

/// Global, as the installation has it now.
pub fn global() -> &'static Compartment {
    intern(Room::new(GLOBAL, &[], settings::global()), GLOBAL_NAME, None)
}

/// A compartment that reads and writes itself alone, whatever its row says and whether or not it has one: for the extension's
/// own work on what is in it.
pub fn alone(id: Uuid) -> &'static Compartment {
    let closed = Settings { global_readable: false, global_writable: true };
    let name = if id == GLOBAL { GLOBAL_NAME } else { "" };
    intern(Room::new(id, &[], closed), name, None)
}

/// A compartment, with what somebody in it may read now: ancestors only as far as `enterable` says, because lying in a compartment
/// grants nothing to whoever could not enter it.
pub fn interned(
    tables: &Tables,
    stored: &Stored,
    enterable: impl Fn(&Stored) -> bool,
) -> &'static Compartment {
    let mut ancestors = Vec::new();
    let mut next = stored.parent.filter(|_| stored.reads_ancestors);
    while let Some(ancestor) = next.and_then(|id| self::stored(tables, id)) {
        // Never into another tenant, whatever somebody wrote into the table.
        let stays = ancestor.tenant == stored.tenant && ancestors.len() < MAX_DEPTH;
        if !stays || !enterable(&ancestor) {
            break;
        }
        ancestors.push(ancestor.id);
        next = ancestor.parent.filter(|_| ancestor.reads_ancestors);
    }
    intern(Room::new(stored.id, &ancestors, settings::global()), &stored.name, Some(stored))
}

fn intern(room: Room, name: &str, stored: Option<&Stored>) -> &'static Compartment {
    let fresh = Compartment {
        id: *room.id.as_bytes(),
        name: name.into(),
        is_plain: room.is_plain(),
        reads: uuid_array(room.reads.iter().map(Uuid::as_bytes)),
        writes: room.writes,
        ephemeral: stored.is_some_and(|stored| stored.ephemeral),
        schema: stored
            .filter(|stored| stored.has_schema)
            .and_then(|stored| CString::new(schema_of(stored.id)).ok()),
    };
    COMPARTMENTS.with_mut(|known| {
        let key = (fresh.id, fresh.reads.clone());
        match known.get(&key) {
            Some(same) if **same == fresh => *same,
            _ => {
                let fresh = KEPT.keep(fresh);
                known.insert(key, fresh);
                fresh
            }
        }
    })
}
