//! The rows, the tenants and their tokens.

use crate::server::{Backend, Server};
use crate::stats::Dice;
use crate::{Failure, Result, progress};
use serde_json::Value;
use watertight_mint::{Algorithm, Claims, Key, jwks};

/// The database of the comparison.
pub const DATABASE: &str = "bench";
/// A column more where there are compartments.
const ROOM: &str = "compartment_id uuid NOT NULL,";
/// An ordinary role: no superuser, owns nothing.
pub const APP: &str = "bench_app";
/// The same, with room for more tokens.
pub const POOL: &str = "bench_pool";
/// How many tokens a backend of [`POOL`] remembers.
pub const POOL_TOKENS: usize = 16_384;
/// Who signs.
pub const ISSUER: &str = "https://id.example";
/// For whom.
pub const AUDIENCE: &str = "bench";

/// A tenant.
#[derive(Clone)]
pub struct Tenant {
    /// Its name.
    pub name: String,
    /// Its id, as PostgreSQL prints it.
    pub uuid: String,
    /// Its id.
    pub id: [u8; 16],
    /// The compartment its token is for, as PostgreSQL prints it: nil for Global.
    pub room_uuid: String,
    /// The compartment.
    pub room_id: [u8; 16],
    /// A token for it.
    pub token: String,
    /// A text of the same length that nobody takes for a token.
    pub text: String,
}

impl Tenant {
    /// The same tenant with another token.
    pub fn with_token(&self, token: String) -> Tenant {
        Tenant { text: token.replace("eyJ", "abc"), token, ..self.clone() }
    }

    /// A compartment of it, without a token.
    pub fn room(&self, uuid: String) -> Result<Tenant> {
        Ok(Tenant { room_id: uuid_bytes(&uuid)?, room_uuid: uuid, token: String::new(), ..self.clone() })
    }
}

/// In which order rows were inserted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// All tenants mixed, as they are where tenants work at the same time.
    Mixed,
    /// One tenant after another: how many pages a tenant's rows are on does not depend on the others.
    ByTenant,
}

/// A database full of tenants.
pub struct Data {
    /// Its name.
    pub database: String,
    /// Its tables.
    pub tables: Vec<&'static str>,
    /// The order of their rows.
    pub order: Order,
    /// All tenants; or all their compartments, which have a column of their own then.
    pub tenants: Vec<Tenant>,
    /// Whether they are compartments.
    pub rooms: bool,
    /// How many rows each has, with the ids 1 ..= rows.
    pub rows: i64,
}

/// The keys of the issuer.
pub struct Keys(Vec<Key>);

impl Keys {
    /// One key of each algorithm that is measured.
    pub fn generate() -> Keys {
        use Algorithm::{EdDsa, Es256, Hs256, Rs256};
        Keys([EdDsa, Es256, Rs256, Hs256].map(|a| Key::generate(a, a.name())).into())
    }

    /// All of them.
    pub fn all(&self) -> &[Key] {
        &self.0
    }

    /// What the server is told.
    pub fn jwks(&self) -> Value {
        jwks(&self.0.iter().collect::<Vec<_>>())
    }
}

/// A token as identity providers make them.
pub fn token(key: &Key, tenant: &str, n: usize) -> String {
    token_in(key, tenant, n, None)
}

/// The same, for a compartment.
pub fn token_in(key: &Key, tenant: &str, n: usize, compartment: Option<&str>) -> String {
    let claims = Claims::new(ISSUER)
        .tenant(tenant)
        .user(&format!("user-{n}"))
        .claim("aud", AUDIENCE)
        .claim("email", format!("user-{n}@{tenant}.example"))
        .claim("role", "member")
        .claim("jti", format!("{n:016x}"))
        .expires_in(12 * 3600);
    let claims = match compartment {
        Some(name) => claims.claim("compartment", name),
        None => claims,
    };
    key.sign(&claims.build())
}

/// Makes the roles; once a server.
pub fn make_roles(server: &Server, loaded: bool) -> Result<()> {
    let mut admin = server.open("postgres", "postgres")?;
    admin.wire.run(&format!("create role {APP} login; create role {POOL} login"))?;
    if loaded {
        admin.wire.run(&format!("alter role {POOL} set watertight.token_cache_size = {POOL_TOKENS}"))?;
    }
    Ok(())
}

/// The tables of the server without the library.
pub const WITHOUT: [&str; 1] = ["by_hand"];

/// The same hand-written table in a server that has never heard of Watertight.
pub fn make_without(server: &Server, data: &Data) -> Result<()> {
    progress("the same without the library: 1 table");
    server.open("postgres", "postgres")?.wire.run(&format!("create database {}", data.database))?;
    data.fill(&mut server.open("postgres", &data.database)?, &WITHOUT)
}

/// Makes a database with these tables, all with the same rows in the same places.
pub fn make(
    server: &Server,
    database: &str,
    tables: &[&'static str],
    order: Order,
    (tenants, rows): (usize, usize),
    keys: &Keys,
) -> Result<Data> {
    progress(&format!("{database}: {tenants} tenants, {rows} rows each, {} tables", tables.len()));
    let tenants = make_database(server, database, "", tenants, keys)?;
    let mut admin = server.open("postgres", database)?;
    let rows = i64::try_from(rows)?;
    let data = Data { database: database.into(), tables: tables.into(), order, tenants, rooms: false, rows };
    data.fill(&mut admin, tables)?;
    for table in tables {
        data.fence(&mut admin, table)?;
    }
    Ok(data)
}

/// Makes a database with the extension and tenants, and no tables; `settings` are made before there is anything in it.
pub fn make_database(
    server: &Server,
    database: &str,
    settings: &str,
    tenants: usize,
    keys: &Keys,
) -> Result<Vec<Tenant>> {
    let mut admin = server.open("postgres", "postgres")?;
    admin.wire.run(&format!("create database {database}"))?;
    admin.wire.run(settings)?;
    let mut admin = server.open("postgres", database)?;
    admin.wire.run("create extension watertight")?;
    admin.wire.run(&format!(
        "select watertight.trust_issuer('{ISSUER}', $keys${}$keys$, audience => '{AUDIENCE}')",
        keys.jwks()
    ))?;
    make_tenants(&mut admin, tenants, &keys.all()[0])
}

fn make_tenants(admin: &mut Backend, count: usize, key: &Key) -> Result<Vec<Tenant>> {
    let made = admin.wire.rows(&format!(
        "select name, watertight.create_tenant(name) from \
         (select 'tenant-' || n as name from generate_series(1, {count}) as n) as names"
    ))?;
    let each = made.into_iter().enumerate().map(|(n, row)| match <[_; 2]>::try_from(row) {
        Ok([Some(name), Some(uuid)]) => {
            let id = uuid_bytes(&uuid)?;
            let (room_id, room_uuid) = ([0; 16], NIL.to_owned());
            let tenant =
                Tenant { id, room_id, room_uuid, token: String::new(), text: String::new(), name, uuid };
            Ok(tenant.with_token(token(key, &tenant.name, n)))
        }
        _ => Err(Failure("create_tenant gave no id".into())),
    });
    each.collect()
}

const NIL: &str = "00000000-0000-0000-0000-000000000000";

fn uuid_bytes(text: &str) -> Result<[u8; 16]> {
    Ok(u128::from_str_radix(&text.replace('-', ""), 16)?.to_be_bytes())
}

impl Data {
    /// Writes the tables anew, in the same order of rows: where in memory a table lies makes its reads a few percent
    /// faster or slower, and not because of its contestant.
    pub fn move_tables(&self, server: &Server, tables: &[&str], dice: &mut Dice) -> Result<()> {
        let mut admin = server.open("postgres", &self.database)?;
        for place in dice.order(tables.len()) {
            admin.wire.run(&format!("vacuum (full, freeze) {}", tables[place]))?;
            admin.wire.run(&format!("vacuum (freeze, analyze) {}", tables[place]))?;
        }
        admin.wire.run("checkpoint")
    }

    /// Makes the tables.
    pub fn fill(&self, admin: &mut Backend, tables: &[&str]) -> Result<()> {
        let ids = self.tenants.iter().enumerate().map(|(n, t)| {
            let (tenant, room) = (&t.uuid, &t.room_uuid);
            format!("({n}, '{tenant}'::uuid, '{room}'::uuid)")
        });
        let ids = ids.collect::<Vec<_>>().join(", ");
        let (count, rows) = (self.tenants.len(), self.rows);
        let order = if self.order == Order::Mixed { "r.n, t.n" } else { "t.n, r.n" };
        let (room, columns) = if self.rooms { ("t.room, ", ROOM) } else { ("", "") };
        let key = if self.rooms { "tenant_id, compartment_id" } else { "tenant_id" };
        for (n, table) in tables.iter().enumerate() {
            let source = if n > 0 {
                format!("select * from {}", tables[0])
            } else {
                format!(
                    "select t.id, {room} r.n, timestamptz '2025-01-01' + (r.n * {count} + t.n) * interval '1 second', \
                     (r.n * 7919 + t.n * 104729) % 10000, md5(r.n || '-' || t.n) \
                     from generate_series(1::bigint, {rows}) as r (n), (values {ids}) as t (n, id, room) order by {order}"
                )
            };
            let schema = include_str!("../sql/table.sql").replace("{table}", table);
            let schema = schema.replace("{columns}", columns).replace("{key}", key);
            for statement in schema.replace("{source}", &source).split_inclusive(';') {
                admin.wire.run(statement)?;
            }
            if self.rooms {
                // A compartment has one tenant: without this a planner thinks that few rows are in both.
                let both = format!("create statistics {table}_place (dependencies) on {key} from {table}");
                admin.wire.run(&format!("{both}; analyze {table}"))?;
            }
        }
        admin.wire.run("checkpoint")
    }

    /// Puts up the fence that the table's name says.
    pub fn fence(&self, admin: &mut Backend, table: &str) -> Result<()> {
        let setting = "current_setting('app.tenant')::uuid";
        let policy = match table {
            "plain_setting" => format!("tenant_id = {setting}"),
            "sub_select" => format!("tenant_id = (select {setting})"),
            "watertight" | "wide" => {
                let room = if self.rooms { ", compartment_column => 'compartment_id'" } else { "" };
                return admin.wire.run(&format!("select watertight.protect('{table}'{room})"));
            }
            _ => return Ok(()),
        };
        admin.wire.run(&format!(
            "create policy fence on {table} using ({policy});
             alter table {table} enable row level security, force row level security,
                 alter tenant_id set default {setting}"
        ))
    }
}
