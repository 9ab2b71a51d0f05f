//! Who is compared: the same rows, in the same order, behind different fences.

use crate::data::{APP, Tenant};
use crate::request::{Param, Request};

/// One way of keeping tenants apart.
pub struct Contestant {
    /// Its table.
    pub table: &'static str,
    /// Its name in the report.
    pub title: &'static str,
    /// The columns that its statements name; none where row security does.
    pub names: &'static [&'static str],
    /// Whether its server has the library.
    pub loaded: bool,
    /// Its role.
    pub role: &'static str,
    /// Whether its plans have to be the ones that it would have by hand.
    pub alike: bool,
}

impl Contestant {
    /// Names the columns itself.
    pub const fn by_hand(
        table: &'static str,
        title: &'static str,
        names: &'static [&'static str],
        loaded: bool,
    ) -> Contestant {
        Contestant { table, title, names, loaded, role: APP, alike: true }
    }

    /// Leaves it to row security.
    pub const fn fenced(
        table: &'static str,
        title: &'static str,
        role: &'static str,
        alike: bool,
    ) -> Contestant {
        Contestant { table, title, names: &[], loaded: true, role, alike }
    }
}

const TENANT: &[&str] = &["tenant_id"];

/// The first two are the same, and what all others are compared with.
pub const CONTESTANTS: [Contestant; 6] = [
    Contestant::by_hand("by_hand", "hand-written `WHERE`", TENANT, true),
    Contestant::by_hand("control", "the same in another table", TENANT, true),
    Contestant::by_hand("by_hand", "the same, library not loaded", TENANT, false),
    Contestant::fenced("plain_setting", "RLS, `current_setting()`", APP, false),
    Contestant::fenced("sub_select", "RLS, `(SELECT current_setting())`", APP, false),
    Contestant::fenced("watertight", "Watertight", APP, true),
];

/// The place of the control among them.
pub const CONTROL: usize = 1;
/// The place of Watertight among them.
pub const WATERTIGHT: usize = 5;

/// Something applications do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Work {
    /// By primary key.
    Point,
    /// The newest 20 rows of the tenant.
    Newest,
    /// Count and sum over the tenant's rows.
    Aggregate,
    /// One row.
    Insert,
    /// By primary key.
    Update,
}

impl Contestant {
    /// The statement, with parameters.
    pub fn sql(&self, work: Work) -> String {
        let table = self.table;
        // Without the columns of the fence as $1 and $2, the others are numbered from 1.
        let own = format!("${}", self.names.len() + 1);
        let conditions = self.names.iter().zip(1..).map(|(name, n)| format!("{name} = ${n}"));
        let condition = conditions.collect::<Vec<_>>().join(" and ");
        let (only, and) = if self.names.is_empty() {
            (String::new(), String::new())
        } else {
            (format!("where {condition}"), format!("{condition} and"))
        };
        match work {
            Work::Point => format!("select amount, note from {table} where {and} id = {own}"),
            Work::Newest => {
                format!("select id, amount from {table} {only} order by created_at desc limit 20")
            }
            Work::Aggregate => format!("select count(*), sum(amount) from {table} {only}"),
            Work::Update => format!("update {table} set amount = amount + 1 where {and} id = {own}"),
            Work::Insert => {
                let columns: String = self.names.iter().map(|name| format!("{name}, ")).collect();
                let values: String = (1..=self.names.len()).map(|n| format!("${n}, ")).collect();
                format!(
                    "insert into {table} ({columns} id, created_at, amount, note) \
                     values ({values} {own}, now(), 42, 'inserted by the benchmark')"
                )
            }
        }
    }

    /// Adds an execution of the prepared statement.
    pub fn execute(&self, request: Request, work: Work, tenant: &Tenant, id: i64) -> Request {
        let ids = [tenant.id, tenant.room_id];
        let mut params: Vec<Param> = ids.into_iter().take(self.names.len()).map(Param::Uuid).collect();
        if !matches!(work, Work::Newest | Work::Aggregate) {
            params.push(Param::Int8(id));
        }
        request.execute(self.table, &params)
    }

    /// The ids that it names, as text.
    pub fn arguments(&self, tenant: &Tenant) -> Vec<String> {
        let ids = [&tenant.uuid, &tenant.room_uuid];
        ids.iter().take(self.names.len()).map(|id| format!("'{id}'")).collect()
    }

    /// The same as text, with everything in it.
    pub fn unprepared(&self, work: Work, tenant: &Tenant, id: i64) -> String {
        let values = self.arguments(tenant).into_iter().chain([id.to_string()]);
        values.zip(1..).fold(self.sql(work), |sql, (value, n)| sql.replace(&format!("${n}"), &value))
    }
}
