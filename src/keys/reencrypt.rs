//! `reencrypt()`: values that are under keys no longer in force are sealed again, a few blocks of the table in each transaction.

use crate::context;
use crate::pg::arguments::required;
use crate::pg::error::{OrRaise, internal, raise};
use crate::pg::id::from_pg;
use crate::pg::{ext, role, spi};
use crate::registry;
use crate::sys::{lookup, pending};
use crate::worker::Shift;
use crate::{compartment, keys::serve};
use pgrx::pg_sys::Oid;
use pgrx::prelude::*;
use uuid::Uuid;
use watertight_core::token::TenantRef;
use watertight_core::{Code, Fault};

/// How many blocks of a table are gone through in a transaction.
const BLOCKS: i64 = 64;

/// Has the worker seal a table's values again, those of its partitions and children too.
///
/// # Errors
/// 42501 unless the caller owns the table or is a member of `watertight_admin`.
#[pg_extern(sql = false)]
fn reencrypt(relation: Option<Oid>) {
    let relation = required("relation", relation);
    let owner = lookup::relation_owner(relation);
    if !role::has_privs_of(role::current(), owner) && !role::is_admin(role::current()) {
        let table = lookup::qualified_name(relation).unwrap_or_default();
        raise(Fault::new(Code::InsufficientPrivilege, format!("must be owner of table {table}")));
    }
    let by = role::caller_name();
    role::as_extension_owner(|| {
        Spi::run_with_args(
            "WITH RECURSIVE family (id) AS (
                 SELECT $1 UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits AS i
                   JOIN family AS f ON i.inhparent OPERATOR(pg_catalog.=) f.id)
             INSERT INTO watertight.reencryptions (relation, requested_by)
             SELECT c.oid, $2 FROM family AS f JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) f.id
              WHERE c.relkind OPERATOR(pg_catalog.=) 'r'
                 ON CONFLICT (relation) DO UPDATE
                SET requested_at = pg_catalog.clock_timestamp(), requested_by = EXCLUDED.requested_by,
                    next_block = 0, blocks = 0, rows = 0, finished_at = NULL",
            &[relation.into(), by.as_str().into()],
        )
    })
    .map_err(internal)
    .or_raise();
    pending::wake_at_end();
}

/// The worker's part: goes on with every table that is not finished.
pub fn work(shift: &mut Shift) {
    let list = shift.task("list the tables to encrypt again", || {
        spi::column::<Oid>("SELECT relation::pg_catalog.oid FROM watertight.reencryptions WHERE finished_at IS NULL ORDER BY requested_at", &[])
    });
    for relation in list.unwrap_or_default() {
        let of = Uuid::from_u64_pair(0, u64::from(relation.to_u32()));
        while shift.task_of("encrypt a table again", of, || batch(relation)) == Some(true) {
            serve::grant(shift);
            if shift.is_over() {
                return;
            }
        }
    }
}

/// Some blocks. False when the table is done.
fn batch(relation: Oid) -> bool {
    let Some(table) = lookup::qualified_name(relation) else {
        spi::run(
            "DELETE FROM watertight.reencryptions WHERE relation OPERATOR(pg_catalog.=) $1",
            &[relation.into()],
        );
        return false;
    };
    let (next, blocks) = Spi::get_two_with_args::<i64, i64>(
        "SELECT next_block, pg_catalog.pg_relation_size(relation)
                            OPERATOR(pg_catalog./) pg_catalog.current_setting('block_size')::pg_catalog.int8
           FROM watertight.reencryptions WHERE relation OPERATOR(pg_catalog.=) $1 AND finished_at IS NULL FOR UPDATE",
        &[relation.into()],
    )
    .unwrap_or((None, None));
    let (Some(next), Some(blocks)) = (next, blocks) else { return false };
    let end = next.saturating_add(BLOCKS);
    let place =
        format!("ctid OPERATOR(pg_catalog.>=) '({next},0)' AND ctid OPERATOR(pg_catalog.<) '({end},0)'");
    let rows: i64 = columns(relation).iter().map(|column| again(&table, relation, column, &place)).sum();
    let done = end >= blocks;
    spi::run(
        "UPDATE watertight.reencryptions
            SET next_block = $2, blocks = $3, rows = rows OPERATOR(pg_catalog.+) $4,
                finished_at = CASE WHEN $5 THEN pg_catalog.clock_timestamp() END
          WHERE relation OPERATOR(pg_catalog.=) $1",
        &[relation.into(), end.min(blocks).into(), blocks.into(), rows.into(), done.into()],
    );
    !done
}

/// A column with encrypted values: its name, its type, and the plain type it is cast to.
struct Encrypted {
    column: String,
    kind: String,
    plain: &'static str,
}

fn columns(relation: Oid) -> Vec<Encrypted> {
    Spi::connect(|client| {
        let rows = client.select(
            "SELECT pg_catalog.quote_ident(a.attname), t.typname::pg_catalog.text
               FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_type AS t ON t.oid OPERATOR(pg_catalog.=) a.atttypid
              WHERE a.attrelid OPERATOR(pg_catalog.=) $1 AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped
                AND t.typnamespace OPERATOR(pg_catalog.=) (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname OPERATOR(pg_catalog.=) 'watertight')
                AND t.typname OPERATOR(pg_catalog.=) ANY (ARRAY['encrypted_text', 'searchable_text', 'encrypted_bytea', 'encrypted_jsonb']::pg_catalog.name[])",
            None,
            &[relation.into()],
        )?;
        rows.map(|row| Ok((row.get::<String>(1)?, row.get::<String>(2)?))).collect::<Result<Vec<_>, pgrx::spi::Error>>()
    })
    .map_err(internal)
    .or_raise()
    .into_iter()
    .filter_map(|(column, kind)| {
        let kind = kind?;
        let plain = match kind.as_str() {
            "encrypted_bytea" => "bytea",
            "encrypted_jsonb" => "jsonb",
            _ => "text",
        };
        Some(Encrypted { column: column?, kind, plain })
    })
    .collect()
}

/// The values of one column, key by key: each in the context that its key belongs to, as the table's owner.
fn again(table: &str, relation: Oid, column: &Encrypted, place: &str) -> i64 {
    let Encrypted { column, kind, plain } = column;
    let found = role::as_extension_owner(|| {
        Spi::connect_mut(|client| {
            let rows = client.update(
                &format!(
                    "SELECT k.id, k.tenant_id, k.compartment_id FROM watertight.data_keys AS k
                      WHERE k.state OPERATOR(pg_catalog.=) 'retired'
                        AND k.id OPERATOR(pg_catalog.=) ANY (
                            SELECT watertight.key_id({column}) FROM ONLY {table} WHERE {place})"
                ),
                None,
                &[],
            )?;
            rows.map(|row| Ok((row.get::<i64>(1)?, row.get::<pgrx::Uuid>(2)?, row.get::<pgrx::Uuid>(3)?)))
                .collect::<Result<Vec<_>, pgrx::spi::Error>>()
        })
    });
    let Some(tables) = ext::tables() else { return 0 };
    let owner = lookup::relation_owner(relation);
    let mut count = 0;
    for (id, tenant, compartment) in found.map_err(internal).or_raise() {
        let (Some(id), Some(tenant), Some(compartment)) = (id, tenant, compartment) else { continue };
        let tenant = TenantRef::Id(from_pg(tenant));
        let Some((tenant, _)) = registry::find(&tables, tenant) else { continue };
        let compartment = compartment::alone(from_pg(compartment));
        // Nothing changes that a trigger or a foreign key would be about.
        spi::run("SET LOCAL session_replication_role = replica", &[]);
        let sql = format!(
            "UPDATE ONLY {table} SET {column} = {column}::pg_catalog.{plain}::watertight.{kind}
              WHERE {place} AND watertight.key_id({column}) OPERATOR(pg_catalog.=) {id}"
        );
        let updated = context::as_tenant(tenant, compartment, || {
            role::as_user(owner, || {
                Spi::connect_mut(|client| client.update(&sql, None, &[]).map(|rows| rows.len()))
            })
        });
        count += i64::try_from(updated.map_err(internal).or_raise()).unwrap_or(0);
    }
    count
}
