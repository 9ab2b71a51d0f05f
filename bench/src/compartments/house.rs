//! Databases with compartments, and how one gets into them.

use super::template::ddl;
use crate::Result;
use crate::data::{APP, Keys, Tenant, make_database};
use crate::server::{Backend, Server};

/// Owns templates, and what is made of them.
pub const OWNER: &str = "bench_owner";
/// An ordinary role that also reads what is in Global.
pub const WIDE: &str = "bench_wide";
/// An ordinary role whose backends remember no token.
pub const FORGETFUL: &str = "bench_forgetful";
/// An ordinary role that has no template by default.
pub const BARE: &str = "bench_bare";
/// An ordinary role for whom there are no compartments.
pub const OUTSIDE: &str = "bench_outside";
/// What schemas are cloned from.
pub const TEMPLATE: &str = "workspace";

/// Makes the roles.
pub fn make_roles(servers: [&Server; 2]) -> Result<()> {
    for server in servers {
        let mut admin = server.open("postgres", "postgres")?;
        admin.wire.run(&format!(
            "create role {OWNER} login; create role {WIDE} login in role {APP}; \
             create role {FORGETFUL} login in role {APP}; create role {BARE} login in role {APP}; \
             create role {OUTSIDE} login in role {APP}"
        ))?;
    }
    servers[0].open("postgres", "postgres")?.wire.run(&format!(
        "alter role {WIDE} set watertight.global_readable = on; alter role {FORGETFUL} set watertight.token_cache_size = 0; \
         alter role {BARE} set watertight.compartment_template = ''; \
         alter role {OUTSIDE} set watertight.compartments = off"
    ))
}

/// Makes a database in which compartments are switched on and sessions last. The tenants have identity tokens.
pub fn make(server: &Server, database: &str, tenants: usize, keys: &Keys) -> Result<Vec<Tenant>> {
    let settings = format!(
        "grant create on database {database} to {OWNER};
         alter database {database} set watertight.compartments = on;
         alter database {database} set watertight.session_lifetime = '12h';
         alter database {database} set watertight.session_idle_timeout = 0;
         alter database {database} set watertight.max_ephemeral_compartments = 1000000"
    );
    make_database(server, database, &settings, tenants, keys)
}

/// Makes a template.
pub fn furnish(server: &Server, database: &str, template: &str) -> Result<()> {
    server.open(OWNER, database)?.wire.run(&ddl(template, APP, ""))
}

/// Statements that create a persistent compartment of this user; the last row but that of COMMIT is its id.
pub fn create(user: &Tenant, name: &str, template: Option<&str>) -> String {
    let template = template.map(|template| format!(", template => '{template}'")).unwrap_or_default();
    format!(
        "begin; select from watertight.begin('{}'); select watertight.create_compartment('{name}'{template}); commit",
        user.token
    )
}

/// Statements that drop it.
pub fn drop(user: &Tenant, name: &str) -> String {
    format!(
        "begin; select from watertight.begin('{}'); select from watertight.drop_compartment('{name}', '{name}'); commit",
        user.token
    )
}

/// Statements that end the session.
pub fn logout(token: &str) -> String {
    format!("begin; select from watertight.begin('{token}'); select from watertight.logout(); commit")
}

/// A call of login(); `more` are further arguments, with a comma before them.
pub fn login(user: &Tenant, compartment: &str, more: &str) -> String {
    format!("select watertight.login('{}', '{compartment}'{more})", user.token)
}

/// A new persistent compartment, with a session's token.
pub fn room(backend: &mut Backend, user: &Tenant, name: &str, template: Option<&str>) -> Result<Tenant> {
    let rows = backend.wire.rows(&create(user, name, template))?;
    let id = rows.into_iter().flatten().flatten().next_back().unwrap_or_default();
    Ok(user.room(id)?.with_token(backend.wire.value(&login(user, name, ""))?))
}

/// The superuser's view of schemas, compartments' included.
pub fn look_everywhere(admin: &mut Backend) -> Result<()> {
    admin.wire.run("set watertight.bypass = on")
}
