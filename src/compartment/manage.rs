//! Creating, renaming and dropping persistent compartments.

use super::lookup::{self, MAX_DEPTH, Stored};
use super::rights::{may_enter, require_switched_on};
use super::{taken, template};
use crate::context;
use crate::keys::{make, shred};
use crate::pg::arguments::{given, required};
use crate::pg::error::{OrRaise, internal, raise};
use crate::pg::ext::{self, Tables};
use crate::pg::id::{from_pg, to_pg};
use crate::sys::random;
use pgrx::datum::{DatumWithOid, Interval};
use pgrx::pg_sys::Oid;
use pgrx::prelude::*;
use uuid::Uuid;
use watertight_core::compartment::{GLOBAL, GLOBAL_NAME, check_name, schema_of};
use watertight_core::{Code, Fault};

/// Who is asking: the user of the context in force.
pub struct Asker {
    /// The tables of the registry.
    pub tables: Tables,
    /// The tenant.
    pub tenant: Uuid,
    /// The user.
    pub user: String,
    /// Who vouches for the user: the issuer of the identity token, also under a session's token.
    pub issuer: String,
    /// The user's role in the tenant.
    pub role: Option<String>,
    /// Where the context is.
    pub compartment: Uuid,
}

impl Asker {
    /// # Errors
    /// 28000 without a context that names a user.
    pub fn present() -> Result<Asker, Fault> {
        let who = context::identity()?;
        let (Some(tenant), Some(compartment)) = (who.tenant, who.compartment) else {
            return Err(Fault::new(Code::InvalidAuthorization, "no tenant context").hint(
                "Start the transaction with SELECT watertight.begin($1), or SET LOCAL watertight.token.",
            ));
        };
        let tables = ext::tables().ok_or_else(context::no_user)?;
        let issuer = match crate::session::present() {
            Ok(session) => Some(session.issuer),
            Err(_) => who.issuer,
        };
        Ok(Asker {
            tables,
            tenant: Uuid::from_bytes(tenant.id),
            user: who.user.ok_or_else(context::no_user)?,
            issuer: issuer.ok_or_else(context::no_user)?,
            role: who.role,
            compartment: Uuid::from_bytes(compartment.id),
        })
    }

    /// The same for whoever makes or changes what stays.
    ///
    /// # Errors
    /// 42501 inside of an ephemeral compartment, of which nothing stays.
    pub fn lasting() -> Result<Asker, Fault> {
        let asker = Asker::present()?;
        if context::compartment_if_any().is_some_and(|here| here.ephemeral) {
            return Err(Fault::new(
                Code::InsufficientPrivilege,
                "cannot change compartments from inside an ephemeral one",
            )
            .detail("Nothing of an ephemeral compartment remains, not even a name.")
            .hint("Log in to Global, or to a persistent compartment."));
        }
        Ok(asker)
    }

    /// A persistent compartment that the asker may enter.
    pub fn enterable(&self, name: &str) -> Option<Stored> {
        lookup::stored_by_name(&self.tables, self.tenant, name).filter(|stored| {
            !stored.ephemeral
                && may_enter(&self.tables, stored, Some(&self.user), &self.issuer, self.role.as_deref())
        })
    }

    /// A persistent compartment that the asker owns.
    ///
    /// # Errors
    /// 42704 for one that the asker cannot enter, 42501 for one that belongs to somebody else, or to nobody.
    pub fn owned(&self, name: &str) -> Result<Stored, Fault> {
        if name == GLOBAL_NAME {
            return Err(nobodys());
        }
        let stored = self.enterable(name).ok_or_else(|| unknown(name))?;
        let owns = |(owner, issuer): &(String, String)| *owner == self.user && *issuer == self.issuer;
        if stored.owner.as_ref().is_some_and(owns) {
            return Ok(stored);
        }
        Err(Fault::new(Code::InsufficientPrivilege, format!("must be owner of compartment \"{name}\"")))
    }
}

fn nobodys() -> Fault {
    Fault::new(Code::InsufficientPrivilege, "the compartment \"global\" belongs to nobody").detail(
        "Every tenant has it, for all its users. It has no members, and cannot be renamed or dropped.",
    )
}

fn unknown(name: &str) -> Fault {
    Fault::new(
        Code::UndefinedObject,
        format!("compartment \"{name}\" does not exist, or you may not enter it"),
    )
    .hint("See watertight.my_compartments().")
}

fn pg_uuid(id: Uuid) -> pgrx::Uuid {
    to_pg(id)
}

/// Creates a persistent compartment that belongs to the user in force.
///
/// # Errors
/// 28000 without a user, or where they are switched off; 22023 for a name that could be misread; 42710 for one that is taken;
/// 42704 for an unknown parent or template; 42501 for a template that the role may not use.
#[pg_extern(sql = false)]
fn create_compartment(
    name: Option<&str>,
    template: Option<Oid>,
    parent: Option<&str>,
    reads_ancestors: Option<bool>,
    max_lifetime: Option<Interval>,
    idle_timeout: Option<Interval>,
) -> pgrx::Uuid {
    require_switched_on(false).or_raise();
    let name = required("name", name);
    check_name(name).or_raise();
    let asker = Asker::lasting().or_raise();
    let parent = parent
        .filter(|parent| *parent != GLOBAL_NAME)
        .map(|parent| asker.enterable(parent).ok_or_else(|| unknown(parent)).or_raise());
    let parent = parent.map(|parent| nest(&asker.tables, &parent));
    let template = template.map(template::usable);
    let mut bytes = [0u8; 16];
    if !random::fill(&mut bytes) {
        raise(Fault::new(Code::NotInPrerequisiteState, "the system has no random numbers"));
    }
    let id = uuid::Builder::from_random_bytes(bytes).into_uuid();
    let arguments: Vec<DatumWithOid> = vec![
        pg_uuid(id).into(),
        pg_uuid(asker.tenant).into(),
        name.into(),
        parent.map(pg_uuid).into(),
        given("reads_ancestors", reads_ancestors).into(),
        template.as_ref().map(|template| template.name.as_str()).into(),
        asker.user.as_str().into(),
        asker.issuer.as_str().into(),
        max_lifetime.into(),
        idle_timeout.into(),
    ];
    let made = Spi::get_one_with_args::<pgrx::Uuid>(
        "INSERT INTO watertight.all_compartments
             (id, tenant_id, name, parent_id, reads_ancestors, template, owner, owner_issuer, max_lifetime, idle_timeout)
         VALUES ($1, $2, $3, $4, $5, $6::name, $7, $8, $9, $10) ON CONFLICT DO NOTHING RETURNING id",
        &arguments,
    );
    if !matches!(made, Ok(Some(_))) {
        raise(taken(name));
    }
    if let Some(template) = template {
        template::clone(&template, id, false);
    }
    make::early(asker.tenant, id);
    pg_uuid(id)
}

/// Whether another one may lie in it: what destroys it goes down to a certain depth, no further. (Nobody moves a compartment.)
fn nest(tables: &Tables, parent: &Stored) -> Uuid {
    let mut above = parent.parent;
    for _ in 0..MAX_DEPTH {
        match above {
            Some(id) => above = lookup::stored(tables, id).and_then(|stored| stored.parent),
            None => return parent.id,
        }
    }
    raise(
        Fault::new(Code::ConfigurationLimitExceeded, "compartments lie too deep in each other")
            .detail(format!("A compartment lies in {MAX_DEPTH} others at most."))
            .hint("Create it in one that is further out."),
    )
}

/// Gives a compartment of one's own another name.
///
/// # Errors
/// As for `create_compartment()`; 42501 for somebody else's.
#[pg_extern(sql = false)]
fn rename_compartment(name: Option<&str>, new_name: Option<&str>) {
    let new_name = required("new_name", new_name);
    check_name(new_name).or_raise();
    let asker = Asker::lasting().or_raise();
    let stored = asker.owned(required("name", name)).or_raise();
    let renamed = Spi::get_one_with_args::<pgrx::Uuid>(
        "UPDATE watertight.all_compartments SET name = $2 WHERE id = $1
            AND NOT EXISTS (SELECT FROM watertight.all_compartments AS c WHERE c.tenant_id = $3 AND c.name = $2)
         RETURNING id",
        &[pg_uuid(stored.id).into(), new_name.into(), pg_uuid(asker.tenant).into()],
    );
    if !matches!(renamed, Ok(Some(_))) {
        raise(taken(new_name));
    }
}

/// Destroys a persistent compartment of one's own, and everything in it.
///
/// # Errors
/// 22023 unless `confirm` repeats the name; 55006 from inside, or while sessions are open in it (unless `force`); 2BP01 while others
/// lie in it (unless `force`); 42501 for somebody else's; 42704 for one that does not exist.
#[pg_extern(sql = false)]
fn drop_compartment(name: Option<&str>, confirm: Option<&str>, force: Option<bool>) {
    let asker = Asker::present().or_raise();
    let stored = asker.owned(required("name", name)).or_raise();
    drop_stored(&stored, confirm, given("force", force));
}

/// The same for an administrator, by id.
#[pg_extern(sql = false)]
fn drop_compartment_by_id(id: Option<pgrx::Uuid>, confirm: Option<&str>, force: Option<bool>) {
    let id = from_pg(required("id", id));
    if id == GLOBAL {
        raise(nobodys());
    }
    let stored =
        ext::tables().and_then(|tables| lookup::stored(&tables, id)).filter(|stored| stored.tenant.is_some());
    let Some(stored) = stored else {
        raise(
            Fault::new(Code::UndefinedObject, "compartment does not exist")
                .hint("See watertight.compartments."),
        )
    };
    drop_stored(&stored, confirm, given("force", force));
}

/// The context in force is in the compartment, or in one that lies in it.
fn is_inside(id: Uuid) -> bool {
    let mut here = context::compartment_if_any().map(|here| Uuid::from_bytes(here.id));
    let Some(tables) = ext::tables() else { return false };
    for _ in 0..=MAX_DEPTH {
        match here {
            Some(here) if here == id => return true,
            Some(inner) => here = lookup::stored(&tables, inner).and_then(|stored| stored.parent),
            None => return false,
        }
    }
    true
}

fn drop_stored(stored: &Stored, confirm: Option<&str>, force: bool) {
    crate::session::require_primary().or_raise();
    let name = &stored.name;
    if confirm != Some(name) {
        raise(
            Fault::new(Code::InvalidParameter, format!("dropping compartment \"{name}\" is not confirmed"))
                .detail("Everything in it will be destroyed.")
                .hint("Repeat the compartment's name in confirm."),
        );
    }
    make::sees_all(shred::DROP_COMPARTMENT).or_raise();
    if is_inside(stored.id) {
        raise(
            Fault::new(Code::ObjectInUse, format!("cannot drop compartment \"{name}\" from inside"))
                .hint("Log in to Global, or to another compartment."),
        );
    }
    let id = pg_uuid(stored.id);
    let (sessions, children) = Spi::get_two_with_args::<i64, i64>(
        "SELECT (SELECT pg_catalog.count(*) FROM watertight.open_sessions WHERE compartment_id = $1),
                (SELECT pg_catalog.count(*) FROM watertight.all_compartments WHERE parent_id = $1)",
        &[id.into()],
    )
    .map_err(internal)
    .or_raise();
    if children != Some(0) && !force {
        raise(
            Fault::new(Code::DependentObjects, format!("other compartments lie in compartment \"{name}\""))
                .hint("Drop those first, or use force => true, which does."),
        );
    }
    if sessions != Some(0) && !force {
        raise(
            Fault::new(Code::ObjectInUse, format!("sessions are open in compartment \"{name}\""))
                .hint("End them, or use force => true, which does."),
        );
    }
    // Whoever logs in, or adds a member or a child, at this moment holds the row until the transaction ends.
    if super::destroy::now(stored.id, super::destroy::Reason::Dropped).is_none() {
        raise(
            Fault::new(Code::ObjectInUse, format!("compartment \"{name}\" is in use and was not dropped"))
                .detail("Another transaction is just entering, changing or dropping it.")
                .hint("Try again."),
        );
    }
}

/// The compartments that the user in force may enter.
#[allow(clippy::type_complexity, reason = "pgrx reads the columns from the signature")]
#[pg_extern(sql = false)]
fn my_compartments() -> TableIterator<
    'static,
    (
        name!(id, pgrx::Uuid),
        name!(name, String),
        name!(ephemeral, bool),
        name!(parent, Option<String>),
        name!(owned, bool),
        name!(created_at, Option<pgrx::datum::TimestampWithTimeZone>),
    ),
> {
    let asker = Asker::present().or_raise();
    let rows = Spi::connect(|client| {
        client
            .select(
                "SELECT c.id, c.name, c.ephemeral, p.name, c.owner = $2 AND c.owner_issuer = $3, c.created_at
                   FROM watertight.all_compartments AS c
                   LEFT JOIN watertight.all_compartments AS p ON p.id = c.parent_id
                  WHERE c.tenant_id = $1
                    AND (NOT c.ephemeral AND (
                            c.owner = $2 AND c.owner_issuer = $3
                         OR EXISTS (SELECT FROM watertight.compartment_members AS m WHERE m.compartment_id = c.id
                                       AND (m.kind = 'user' AND m.name = $2 AND m.issuer = $3
                                         OR m.kind = 'role' AND m.name = $4)))
                         OR c.id = $5)
                  ORDER BY c.name",
                None,
                &[
                    pg_uuid(asker.tenant).into(),
                    asker.user.as_str().into(),
                    asker.issuer.as_str().into(),
                    asker.role.as_deref().into(),
                    pg_uuid(asker.compartment).into(),
                ],
            )?
            .map(|row| {
                Ok((
                    row.get::<pgrx::Uuid>(1)?,
                    row.get::<String>(2)?.unwrap_or_default(),
                    row.get::<bool>(3)?.unwrap_or(false),
                    row.get::<String>(4)?,
                    row.get::<bool>(5)?.unwrap_or(false),
                    row.get(6)?,
                ))
            })
            .collect::<Result<Vec<_>, pgrx::spi::Error>>()
    })
    .map_err(internal)
    .or_raise();
    TableIterator::new(rows.into_iter().filter_map(|(id, name, ephemeral, parent, owned, at)| {
        Some((id?, name, ephemeral, parent, owned, at))
    }))
}

/// What a compartment's schema is called, if it has one.
#[pg_extern(sql = false)]
fn compartment_schema(id: pgrx::Uuid) -> String {
    schema_of(from_pg(id))
}
