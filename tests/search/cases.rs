//! The cases: clauses, indexes that can answer them, and values that may make them fail (`cases/*.tsv`).

use std::collections::{BTreeMap, BTreeSet};

/// One index of one table, and the clauses it can answer.
#[derive(Clone, Debug)]
pub struct Case {
    /// The file it stands in.
    pub family: &'static str,
    /// The type of the column `stored`.
    pub kind: &'static str,
    /// The lists of values (see [`values`]).
    pub lists: Vec<&'static str>,
    /// The extension that type, clauses or index need.
    pub extension: Option<&'static str>,
    /// What follows `CREATE INDEX ON table`.
    pub index: &'static str,
    /// With so many rows that bitmaps become inexact.
    pub lossy: bool,
    /// The first PostgreSQL that can build the index.
    pub since: u32,
    /// Conditions for `WHERE`, or an `ORDER BY`.
    pub clauses: Vec<Clause>,
}

/// A condition, or an order.
#[derive(Clone, Debug)]
pub struct Clause {
    /// With the column `stored`.
    pub sql: String,
    /// No index may answer it: PostgreSQL has none, or something in it is not examined.
    pub behind: bool,
}

const FILES: [(&str, &str); 16] = [
    ("arrays", include_str!("cases/arrays.tsv")),
    ("citext", include_str!("cases/citext.tsv")),
    ("comparisons", include_str!("cases/comparisons.tsv")),
    ("expressions", include_str!("cases/expressions.tsv")),
    ("expressions_values", include_str!("cases/expressions_values.tsv")),
    ("geometric", include_str!("cases/geometric.tsv")),
    ("hstore", include_str!("cases/hstore.tsv")),
    ("json", include_str!("cases/json.tsv")),
    ("ltree", include_str!("cases/ltree.tsv")),
    ("network", include_str!("cases/network.tsv")),
    ("patterns", include_str!("cases/patterns.tsv")),
    ("pgvector", include_str!("cases/pgvector.tsv")),
    ("postgis", include_str!("cases/postgis.tsv")),
    ("ranges", include_str!("cases/ranges.tsv")),
    ("text_search", include_str!("cases/text_search.tsv")),
    ("trigrams", include_str!("cases/trigrams.tsv")),
];

impl Case {
    /// pgvector's own index methods find near neighbours, not all rows: rows of others crowd out one's own.
    pub fn is_approximate(&self) -> bool {
        self.index.starts_with("USING hnsw") || self.index.starts_with("USING ivfflat")
    }
}

impl Clause {
    /// The query.
    pub fn select(&self, table: &str) -> String {
        if self.sql.starts_with("ORDER BY ") {
            format!("SELECT id FROM {table} {}", self.sql)
        } else {
            format!("SELECT id FROM {table} WHERE {}", self.sql)
        }
    }

    /// An expression that computes the same for one row: null or false, or true.
    pub fn condition(&self) -> String {
        match self.sql.strip_prefix("ORDER BY ") {
            Some(order) => format!("(({order}) IS NULL)"),
            None => format!("({})", self.sql),
        }
    }
}

/// All cases.
pub fn all() -> Vec<Case> {
    FILES.into_iter().flat_map(|(family, text)| read(family, text)).collect()
}

/// The values by list, as SQL expressions that a cast brings to the column's type.
pub fn values() -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut lists: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (list, value) in records(include_str!("cases/values.tsv")) {
        lists.entry(list).or_default().push(value);
    }
    lists
}

fn records(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('\t'))
}

/// Clauses belong to the index lines that stand directly before them; an index may stand before several groups.
fn read(family: &'static str, text: &'static str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let (mut table, mut kind, mut lists, mut extension) = (0, "", Vec::new(), None);
    let mut current: BTreeSet<usize> = BTreeSet::new();
    let mut in_clauses = false;
    for (record, rest) in records(text) {
        let mut fields = rest.split('\t');
        let first = fields.next().unwrap_or_default();
        match record {
            "table" => {
                table = cases.len();
                kind = first;
                lists = fields.next().unwrap_or_default().split(',').collect();
                extension = fields.next();
                current.clear();
            }
            "index" => {
                if in_clauses {
                    current.clear();
                }
                let known = (table..cases.len()).find(|number| cases[*number].index == first);
                current.insert(known.unwrap_or(cases.len()));
                if known.is_none() {
                    let (lists, clauses) = (lists.clone(), Vec::new());
                    let marks: Vec<_> = fields.collect();
                    let lossy = marks.contains(&"lossy");
                    let since = marks.iter().find_map(|mark| mark.parse().ok()).unwrap_or(0);
                    cases.push(Case { family, kind, lists, extension, index: first, lossy, since, clauses });
                }
            }
            "clause" | "behind" => {
                for number in &current {
                    cases[*number].clauses.push(Clause { sql: first.to_owned(), behind: record == "behind" });
                }
            }
            other => panic!("{family}: no record {other}"),
        }
        in_clauses = matches!(record, "clause" | "behind");
    }
    cases
}
