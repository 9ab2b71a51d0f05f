//! Who is compared: the same rows, in the same order, behind different fences.

use crate::data::Tenant;
use crate::request::{Param, Request};

/// One way of keeping tenants apart.
pub struct Contestant {
    /// Its table.
    pub table: &'static str,
    /// Its name in the report.
    pub title: &'static str,
    /// Whether its statements name the tenant.
    pub by_hand: bool,
    /// Whether its server has the library.
    pub loaded: bool,
}

/// The first two are the same, and what all others are compared with.
pub const CONTESTANTS: [Contestant; 6] = [
    Contestant { table: "by_hand", title: "hand-written `WHERE`", by_hand: true, loaded: true },
    Contestant { table: "control", title: "the same in another table", by_hand: true, loaded: true },
    Contestant { table: "by_hand", title: "the same, library not loaded", by_hand: true, loaded: false },
    Contestant { table: "plain_setting", title: "RLS, `current_setting()`", by_hand: false, loaded: true },
    Contestant {
        table: "sub_select",
        title: "RLS, `(SELECT current_setting())`",
        by_hand: false,
        loaded: true,
    },
    Contestant { table: "watertight", title: "Watertight", by_hand: false, loaded: true },
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
        // Without the tenant as $1, the others are numbered from 1.
        let p = |n: usize| format!("${}", n + usize::from(self.by_hand));
        let (only, and) =
            if self.by_hand { ("where tenant_id = $1", "tenant_id = $1 and") } else { ("", "") };
        match work {
            Work::Point => format!("select amount, note from {table} where {and} id = {}", p(1)),
            Work::Newest => {
                format!("select id, amount from {table} {only} order by created_at desc limit 20")
            }
            Work::Aggregate => format!("select count(*), sum(amount) from {table} {only}"),
            Work::Update => format!("update {table} set amount = amount + 1 where {and} id = {}", p(1)),
            Work::Insert => {
                let (column, value) = if self.by_hand { ("tenant_id,", "$1,") } else { ("", "") };
                format!(
                    "insert into {table} ({column} id, created_at, amount, note) \
                     values ({value} {}, now(), 42, 'inserted by the benchmark')",
                    p(1)
                )
            }
        }
    }

    /// Adds an execution of the prepared statement.
    pub fn execute(&self, request: Request, work: Work, tenant: &Tenant, id: i64) -> Request {
        let mut params = Vec::with_capacity(2);
        if self.by_hand {
            params.push(Param::Uuid(tenant.id));
        }
        if !matches!(work, Work::Newest | Work::Aggregate) {
            params.push(Param::Int8(id));
        }
        request.execute(self.table, &params)
    }

    /// The same as text, with everything in it.
    pub fn unprepared(&self, work: Work, tenant: &Tenant, id: i64) -> String {
        let (first, second) = (format!("'{}'", tenant.uuid), id.to_string());
        let sql = self.sql(work);
        if self.by_hand {
            sql.replace("$1", &first).replace("$2", &second)
        } else {
            sql.replace("$1", &second)
        }
    }
}
