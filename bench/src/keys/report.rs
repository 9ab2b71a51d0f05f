//! What the report says of keys.

use super::ciphers::{BY_HAND, CIPHERS, OURS, PGP};
use super::rotation::Rotation;
use super::{Results, bulk, inserts, lookups, values};
use crate::options::Options;
use crate::stats::{Series, Spread, busy};
use crate::table::{Table, micros, spread};

/// The section.
pub fn text(results: &Results) -> String {
    if !results.is_measured() {
        return String::new();
    }
    [
        "## Keys\n".to_owned(),
        of_values(results),
        of_inserts(results),
        of_bulk(results),
        of_lookups(results),
        of_rotation(results),
    ]
    .join("\n")
}

fn of_values(results: &Results) -> String {
    let titles = CIPHERS.iter().map(|cipher| format!("{}, us", cipher.title));
    let mut costs =
        Table::new(["".to_owned()].into_iter().chain(titles).chain(["the bare loop, us".to_owned()]));
    let mut times = Table::new([
        "`encrypted_text`",
        "of `pgp_sym_encrypt`'s values a second",
        "of `encrypt_iv`'s and `hmac`'s",
        "in turns of the bare loop",
        "`searchable_text` in turns of it",
    ]);
    let borrowed = |figure: String| if results.pgcrypto { figure } else { "-".into() };
    for ((title, _, size), series) in values::races().zip(&results.values) {
        let name = format!("{title} {size} bytes");
        let of = |(place, cipher): (usize, &super::ciphers::Cipher)| {
            let cost = in_micros(values::cost(series, place, busy));
            if cipher.borrowed { borrowed(cost) } else { cost }
        };
        let bare = micros(values::bare_cost(series, busy));
        costs.row([name.clone()].into_iter().chain(CIPHERS.iter().enumerate().map(of)).chain([bare]));
        let beside = |other| borrowed(spread(values::times(series, [OURS, other], busy)));
        let in_bare = |cipher| spread(values::in_bare(series, cipher, busy));
        times.row([name, beside(PGP), beside(BY_HAND), in_bare(OURS), in_bare(OURS + 1)]);
    }
    format!(
        "### Sealed and opened\n\n\
         One prepared statement `SELECT count(...)` over the rows of a table, divided by them. The time of the same statement without \
         cryptography, `SELECT count(v)` of the same table in the same round, is taken off, for all alike: what is left is what a value \
         costs. pgcrypto is used with what it does by default; what is written by hand draws an initialisation vector, encrypts with AES-256-CBC, \
         authenticates both, and opens only what is authentic. The bare loop is the aes-gcm crate called by the benchmark's own process, on a key schedule \
         that is made once, without additional data, into a buffer that is used again; for each value that it seals it asks the system for a \
         nonce.\n\n{}\nHow many times as many values:\n\n{}",
        costs.text(),
        times.text()
    )
}

fn of_rotation(results: &Results) -> String {
    results.rotation.as_ref().map(Rotation::text).unwrap_or_default()
}

fn in_micros(figure: Spread) -> String {
    let Spread { median, low, high } = figure;
    format!("{} ({}-{})", micros(median), micros(low), micros(high))
}

fn of_inserts(results: &Results) -> String {
    let titles = inserts::TABLES.iter().skip(1).map(|kept| kept.title);
    let mut table = Table::new(["", "`text`, us"].into_iter().chain(titles));
    for ((title, _), series) in inserts::WAYS.iter().zip(&results.inserts) {
        table.row(beside_plain(title, series, |own, plain| plain / own));
    }
    format!(
        "### Inserted\n\n\
         Rows of a table that Watertight protects, with one sealed column of 32 characters: throughput relative to the same table with \
         `text`.\n\n{}",
        table.text()
    )
}

fn of_bulk(results: &Results) -> String {
    let titles = bulk::TABLES.iter().skip(1).map(|kept| kept.title);
    let mut table = Table::new(["", "`text`, us a row"].into_iter().chain(titles));
    let mut beside = Table::new([
        "",
        "`encrypted_text`, relative to `text` as long",
        "`searchable_text`, relative to `text` as long",
    ]);
    for ((title, _), series) in bulk::WAYS.iter().zip(&results.bulk) {
        table.row(beside_plain(title, series, |own, plain| plain / own));
        let [sealed, searchable] = [(bulk::SEALED, bulk::LONG), (bulk::SEARCHABLE, bulk::LONGER)]
            .map(|(own, long)| spread(series[own].speed(&series[long], busy)));
        beside.row([(*title).to_owned(), sealed, searchable]);
    }
    format!(
        "### Inserted in bulk\n\n\
         {} rows in one statement, inside a transaction, into such tables. `COPY` is made by a role that row security does not bind, in the tenant's context: \
         PostgreSQL has none for others. A sealed value takes 37 bytes more than its 32 characters (53 with a blind index); how much of the difference is due to \
         the larger rows, tables with texts that are longer by as much tell (`COPY` reads the longer texts, too).\n\n{}\n{}",
        results.at_once,
        table.text(),
        beside.text()
    )
}

fn of_lookups(results: &Results) -> String {
    let titles = lookups::TABLES.iter().skip(1).map(|kept| kept.title);
    let mut table = Table::new(["", "`text`, us"].into_iter().chain(titles));
    for ((title, _), series) in lookups::WAYS.iter().zip(&results.lookups) {
        table.row(beside_plain(title, series, |own, plain| own / plain));
    }
    format!(
        "### Looked up\n\n\
         `WHERE note = ...` in a table of {} rows that Watertight protects, by an index `(tenant_id, note)`, for values anywhere in it; \
         how long it takes in times of the same table with `text`.\n\n{}",
        results.rows,
        table.text()
    )
}

/// What a plain statement takes, the second plain table beside the first, and the others beside both.
fn beside_plain(title: &str, series: &[Series], figure: fn(f64, f64) -> f64) -> Vec<String> {
    let mut row = vec![title.to_owned(), micros(series[0].median(busy))];
    row.push(spread(series[1].with([&series[0]], busy, |own, [plain]| figure(own, plain))));
    let plain = [&series[0], &series[1]];
    row.extend(series[2..].iter().map(|own| spread(own.with_either(plain, busy, figure))));
    row
}

/// How it is measured.
pub fn method(options: &Options) -> String {
    let scale = &options.scale;
    format!(
        "* Keys: {} values a statement, which the statements of who is fast repeat in a lap; a key from a file. The backend has served all \
         tenants before. Rows of {} tenants are looked \
         for, each round those of another one. Of sealing and opening, and of rows in bulk, there are {} rounds of {} sittings.\n",
        scale.sealed_values,
        scale.searchers,
        scale.rounds.div_ceil(6),
        scale.sittings
    )
}
