//! What stands between A, the victim, and B, the attacker.

use crate::{Database, shared};

/// Between whom an attack is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walls {
    /// Two tenants.
    Tenants,
    /// Two compartments of one tenant, which read themselves alone.
    Compartments,
    /// Two compartments of one tenant that read Global as well, where nothing is: what is read and what is written differ.
    OpenGlobal,
}

impl Walls {
    /// All of them.
    pub const ALL: [Walls; 3] = [Walls::Tenants, Walls::Compartments, Walls::OpenGlobal];

    /// A statement that speaks of tenants, said of what is between A and B: the tests' tables have their column
    /// `tenant_id`, here `compartment_id`, beside the tenant column that `protect()` adds.
    pub fn say(self, sql: &str) -> String {
        const PROTECT: &str = "watertight.protect('";
        if self == Walls::Tenants {
            return sql.to_owned();
        }
        let say =
            |text: &str| text.replace("tenant_id", "compartment_id").replace(".tenant()", ".compartment()");
        let mut parts = sql.split(PROTECT);
        let mut said = say(parts.next().unwrap_or_default());
        for part in parts {
            let (table, rest) = part.split_once('\'').expect("the name of a table");
            let rest = say(rest);
            said.push_str(&format!("{PROTECT}{table}', compartment_column => 'compartment_id'{rest}"));
        }
        said
    }
}

/// Runs an attack against each of them, in databases of the shared cluster. A failure names it.
pub fn for_each_wall(attack: impl Fn(&Database)) {
    for walls in Walls::ALL {
        println!("walls: {walls:?}");
        attack(&Database::between(shared(), walls));
    }
}
