//! Reading the tables of keys: index scans, as of now.

use crate::pg::ext::Tables;
use crate::pg::id::from_pg;
use crate::sys::scan::{self, Key, Row};
use uuid::Uuid;
use watertight_core::keys::{KeyId, Purpose, State, Wrapped};

// Columns as sql/keys.sql declares them.
mod master {
    pub const VERSION: i16 = 1;
    pub const CHECK: usize = 2;
    pub const NAME: usize = 3;
}
mod tenant {
    pub const ID: usize = 1;
    pub const TENANT: i16 = 2;
    pub const VERSION: i16 = 3;
    pub const STATE: usize = 4;
    pub const MASTER: usize = 5;
    pub const WRAPPED: usize = 6;
    pub const CHECK: usize = 7;
}
mod data {
    pub const ID: i16 = 1;
    pub const PURPOSE: i16 = 2;
    pub const TENANT: i16 = 3;
    pub const COMPARTMENT: i16 = 4;
    pub const STATE: usize = 5;
    pub const TENANT_VERSION: usize = 6;
    pub const WRAPPED: usize = 7;
}

/// A version of the master key that was used here.
pub struct MasterRow {
    /// What its key is recognised by; `None` where a service has it.
    pub check: Option<String>,
    /// What the service calls it.
    pub name: Option<String>,
}

/// A tenant's key.
pub struct TenantKeyRow {
    /// Its id.
    pub id: KeyId,
    /// Whose it is.
    pub tenant: Uuid,
    /// Its version.
    pub version: i32,
    /// The version of the master key that wraps it.
    pub master: i32,
    /// Wrapped; `None` once it is destroyed.
    pub wrapped: Option<Vec<u8>>,
    /// What it is recognised by.
    pub check: String,
}

impl TenantKeyRow {
    /// What it is, to whoever wraps it.
    pub fn described(&self) -> Wrapped {
        tenant_key(self.id, self.tenant, self.master)
    }
}

/// What a tenant's key is, to a version of the master key.
pub fn tenant_key(id: KeyId, tenant: Uuid, master: i32) -> Wrapped {
    Wrapped { purpose: Purpose::Tenant, id, tenant, compartment: Uuid::nil(), version: master.unsigned_abs() }
}

/// A data or index key.
pub struct DataKeyRow {
    /// Its id.
    pub id: KeyId,
    /// What it is for.
    pub purpose: Purpose,
    /// Whose it is.
    pub tenant: Uuid,
    /// Where in the tenant.
    pub compartment: Uuid,
    /// What may be done with it.
    pub state: State,
    /// The version of the tenant's key that wraps it.
    pub version: i32,
    /// Wrapped; `None` once it is destroyed.
    pub wrapped: Option<Vec<u8>>,
}

impl DataKeyRow {
    /// What it is, to the tenant's key.
    pub fn described(&self) -> Wrapped {
        Wrapped {
            purpose: self.purpose,
            id: self.id,
            tenant: self.tenant,
            compartment: self.compartment,
            version: self.version.unsigned_abs(),
        }
    }
}

/// What is known of a version of the master key.
pub fn master(tables: &Tables, version: i32) -> Option<MasterRow> {
    let mut found = None;
    let key = Key::Integer(master::VERSION, version);
    scan::each(tables.master_keys, Some((tables.master_keys_version, key)), |row| {
        found = Some(MasterRow { check: row.get(master::CHECK), name: row.get(master::NAME) });
        false
    });
    found
}

/// The version by which a service knows the key of this name.
pub fn master_called(tables: &Tables, name: &str) -> Option<i32> {
    let mut found = None;
    scan::each(tables.master_keys, None, |row| {
        if row.get::<String>(master::NAME).as_deref() == Some(name) {
            found = row.get(master::VERSION as usize);
        }
        found.is_none()
    });
    found
}

fn read_tenant_key(row: &Row) -> Option<TenantKeyRow> {
    Some(TenantKeyRow {
        id: KeyId::new(row.get(tenant::ID)?)?,
        tenant: uuid(row, tenant::TENANT)?,
        version: row.get(tenant::VERSION as usize)?,
        master: row.get(tenant::MASTER)?,
        wrapped: row.get(tenant::WRAPPED),
        check: row.get(tenant::CHECK)?,
    })
}

fn uuid(row: &Row, column: i16) -> Option<Uuid> {
    row.get::<pgrx::Uuid>(column as usize).map(from_pg)
}

/// A version of a tenant's key.
pub fn tenant_key_version(tables: &Tables, tenant: Uuid, version: i32) -> Option<TenantKeyRow> {
    let mut found = None;
    let keys = [Key::Uuid(tenant::TENANT, *tenant.as_bytes()), Key::Integer(tenant::VERSION, version)];
    scan::each_of(tables.tenant_keys, tables.tenant_keys_version, &keys, |row| {
        found = read_tenant_key(row);
        false
    });
    found
}

/// How it stands with a tenant's keys.
pub enum Tenancy {
    /// It has had none.
    New,
    /// This one is in force.
    Active(TenantKeyRow),
    /// They were destroyed.
    Shredded,
}

/// How it stands with a tenant's keys.
pub fn tenancy(tables: &Tables, tenant: Uuid) -> Tenancy {
    let mut found = Tenancy::New;
    let key = Key::Uuid(tenant::TENANT, *tenant.as_bytes());
    scan::each(tables.tenant_keys, Some((tables.tenant_keys_version, key)), |row| {
        let active = row.get::<String>(tenant::STATE).as_deref() == Some(State::Active.as_str());
        found = match read_tenant_key(row).filter(|_| active) {
            Some(key) => Tenancy::Active(key),
            None => Tenancy::Shredded,
        };
        !active
    });
    found
}

fn read_data_key(row: &Row) -> Option<DataKeyRow> {
    Some(DataKeyRow {
        id: KeyId::new(row.get(data::ID as usize)?)?,
        purpose: Purpose::parse(&row.get::<String>(data::PURPOSE as usize)?)?,
        tenant: uuid(row, data::TENANT)?,
        compartment: uuid(row, data::COMPARTMENT)?,
        state: State::parse(&row.get::<String>(data::STATE)?)?,
        version: row.get(data::TENANT_VERSION)?,
        wrapped: row.get(data::WRAPPED),
    })
}

/// A data or index key by its id.
pub fn data_key(tables: &Tables, id: KeyId) -> Option<DataKeyRow> {
    let mut found = None;
    let key = Key::Bigint(data::ID, id.get());
    scan::each(tables.data_keys, Some((tables.data_keys_id, key)), |row| {
        found = read_data_key(row);
        false
    });
    found
}

/// The key of its kind that is in force.
pub fn active(tables: &Tables, tenant: Uuid, compartment: Uuid, purpose: Purpose) -> Option<DataKeyRow> {
    let mut found = None;
    let keys = [
        Key::Uuid(data::TENANT, *tenant.as_bytes()),
        Key::Uuid(data::COMPARTMENT, *compartment.as_bytes()),
        Key::Text(data::PURPOSE, purpose.as_str()),
    ];
    scan::each_of(tables.data_keys, tables.data_keys_active, &keys, |row| {
        found = read_data_key(row);
        false
    });
    found
}
