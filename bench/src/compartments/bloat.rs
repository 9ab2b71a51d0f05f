//! What thousands of short lives leave in the catalogs, where the library's worker cleans up, and where autovacuum does alone.

use super::house;
use super::lives::{bare_end, ephemeral, furnish, gone, token};
use super::meter::Watch;
use super::template::ddl;
use crate::data::{APP, Keys};
use crate::options::Scale;
use crate::server::Server;
use crate::{Result, progress};
use std::thread::sleep;
use std::time::Duration;

const DATABASE: &str = "bloat";
const TENANTS: usize = 5;
/// The catalogs are weighed so often on the way.
const WEIGHED: usize = 4;
/// Autovacuum looks once a minute.
const TWO_LOOKS: Duration = Duration::from_secs(130);

const CATALOGS: &str = "select sum(pg_total_relation_size(oid)) from pg_class \
     where relnamespace = 'pg_catalog'::regnamespace and relkind = 'r' and not relisshared";

/// How large the catalogs are.
pub struct Weight {
    /// When.
    pub title: String,
    /// With compartments, in bytes.
    pub ours: f64,
    /// With DDL in the server without the library.
    pub bare: f64,
}

/// Weighs the catalogs of both servers while compartments and schemas come and go in turn. Autovacuum is as it is by default.
pub fn weigh(servers: [&Server; 2], scale: &Scale, small: bool, keys: &Keys) -> Result<Vec<Weight>> {
    let users = furnish(servers, DATABASE, TENANTS, keys)?;
    autovacuum(servers, "set autovacuum = on")?;
    let [mut ours, mut bare] = [servers[0].open(APP, DATABASE)?, servers[1].open(house::OWNER, DATABASE)?];
    let [mut watch, mut other] = [Watch::open(servers[0], DATABASE)?, Watch::open(servers[1], DATABASE)?];
    let mut weigh = |title: String| {
        let look = |watch: &mut Watch| Ok::<f64, crate::Failure>(watch.ask().value(CATALOGS)?.parse()?);
        Ok::<_, crate::Failure>(Weight { title, ours: look(&mut watch)?, bare: look(&mut other)? })
    };
    let mut until = Watch::open(servers[0], DATABASE)?;
    let mut weights = vec![weigh("before".to_owned())?];
    for n in 1..=scale.lives {
        let (name, user) = (format!("life_{n}"), &users[n % TENANTS]);
        let answer = ours.wire.rows(&ephemeral(user, &name))?;
        ours.wire.run(&house::logout(&token(&answer)))?;
        until.until(&gone(&name))?;
        bare.wire.run(&ddl(&name, APP, ""))?;
        bare.wire.run(&bare_end(&name))?;
        if n % scale.lives.div_ceil(WEIGHED) == 0 {
            progress(&format!("{n} of {} lives", scale.lives));
            weights.push(weigh(format!("after {n} lives"))?);
        }
    }
    if !small {
        sleep(TWO_LOOKS);
        weights.push(weigh(format!("{} seconds later", TWO_LOOKS.as_secs()))?);
    }
    autovacuum(servers, "reset autovacuum")?;
    Ok(weights)
}

fn autovacuum(servers: [&Server; 2], what: &str) -> Result<()> {
    for server in servers {
        let mut admin = server.open("postgres", "postgres")?;
        admin.wire.run(&format!("alter system {what}"))?;
        admin.wire.run("select pg_reload_conf()")?;
    }
    Ok(())
}
