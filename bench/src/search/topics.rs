//! The tables of the section: each has one kind of values and the indexes for it.

/// A table.
pub struct Topic {
    /// Its name.
    pub table: &'static str,
    /// The extension it needs.
    pub extension: Option<&'static str>,
    /// Its columns beside `tenant_id` and `id`.
    pub columns: &'static str,
    /// Their values, of the row `r.n` of the tenant `t.n`. A few rows of each tenant belong to the same `{group}`, one of
    /// `{groups}`; they are not neighbours.
    pub values: &'static str,
    /// Its indexes beside the primary key, with their names before them.
    pub indexes: &'static [(&'static str, &'static str)],
    /// It has one row where others have so many: an index that takes long to build or to read.
    pub one_row_in: usize,
}

const fn topic(
    table: &'static str,
    extension: Option<&'static str>,
    [columns, values]: [&'static str; 2],
    indexes: &'static [(&'static str, &'static str)],
) -> Topic {
    Topic { table, extension, columns, values, indexes, one_row_in: 1 }
}

/// What makes values: a word of eight letters for a number, and a number that looks random.
pub const FUNCTIONS: &str = "
    create function word(bigint) returns text immutable parallel safe language sql return
        translate(substr(md5($1::text), 1, 8), '0123456789', 'ghijklmnop');
    create function noise(bigint, bigint, integer) returns double precision immutable parallel safe language sql return
        (hashint8extended($1 * 1000 + $2, $3) & 2147483647) / 2147483648.0;
    create function filler(bigint, bigint, integer) returns text immutable parallel safe language sql return
        word(1000000000 + (noise($1, $2, $3) * 1000)::bigint);";

const WORDS: &str = "concat_ws(' ', word({group}), filler(r.n, t.n, 1), filler(r.n, t.n, 2),
    filler(r.n, t.n, 3), filler(r.n, t.n, 4), filler(r.n, t.n, 5))";
const NAME: &str = "word({group}) || ' ' || filler(r.n, t.n, 1)";
const POINT: &str =
    "st_setsrid(st_makepoint(noise(r.n, t.n, 1) * 100000, noise(r.n, t.n, 2) * 100000), 3857)";

/// All of them.
pub const TOPICS: [Topic; 15] = [
    topic(
        "note",
        None,
        ["body text, words tsvector generated always as (to_tsvector('simple', body)) stored", WORDS],
        &[("note_words", "gin (words)")],
    ),
    topic("letter", None, ["body text", WORDS], &[("letter_words", "gin (to_tsvector('simple', body))")]),
    topic("person", Some("pg_trgm"), ["name text", NAME], &[("person_trigrams", "gin (name gin_trgm_ops)")]),
    // By itself: the planner could answer every search for trigrams with either.
    Topic {
        one_row_in: 4,
        ..topic(
            "street",
            Some("pg_trgm"),
            ["name text", NAME],
            &[("street_trigrams", "gist (name gist_trgm_ops(siglen = 64))")],
        )
    },
    topic(
        "event",
        None,
        [
            "doc jsonb",
            "jsonb_build_object('ref', word({group}), 'kind', filler(r.n, t.n, 1), 'n', r.n, \
             'more', jsonb_build_object('size', r.n % 10, 'open', r.n % 2 = 0))",
        ],
        &[("event_doc", "gin (doc jsonb_path_ops)")],
    ),
    topic(
        "article",
        None,
        ["tags text[]", "array[word({group}), word({groups} + (r.n * 7 + t.n * 53) % {groups})]"],
        &[("article_tags", "gin (tags)")],
    ),
    topic(
        "booking",
        None,
        [
            "during tstzrange",
            "tstzrange(timestamptz '2025-01-01' + (r.n * {tenants} + t.n) * interval '1 minute',
                       timestamptz '2025-01-01' + (r.n * {tenants} + t.n + 10) * interval '1 minute')",
        ],
        &[("booking_during", "gist (during)")],
    ),
    topic(
        "login",
        None,
        ["address inet", "inet '10.0.0.0' + ({group} * 256 + (r.n / {groups} * {tenants} + t.n) % 254 + 1)"],
        &[("login_address", "gist (address inet_ops)")],
    ),
    topic(
        "purchase",
        None,
        ["price numeric(12, 2)", "{group} + 0.25"],
        &[("purchase_price", "(tenant_id, price)")],
    ),
    topic(
        "account",
        None,
        ["email text", "'User.' || r.n || '@Example.com'"],
        &[("account_email", "(lower(email))")],
    ),
    topic(
        "member",
        Some("citext"),
        ["email citext", "'User.' || r.n || '@Example.com'"],
        &[("member_email", "(email)")],
    ),
    topic(
        "product",
        Some("hstore"),
        [
            "attributes hstore",
            "hstore(array['ref', word({group}), 'kind', filler(r.n, t.n, 1), word({group}), 'yes'])",
        ],
        &[("product_attributes", "gin (attributes)")],
    ),
    topic(
        "folder",
        Some("ltree"),
        ["path ltree", "text2ltree(concat_ws('.', 'top', word({group} / 50), word({group}), 'f' || r.n))"],
        &[("folder_path", "gist (path)")],
    ),
    topic("place", Some("postgis"), ["geom geometry(Point, 3857)", POINT], &[("place_geom", "gist (geom)")]),
    Topic {
        one_row_in: 4,
        ..topic(
            "image",
            Some("vector"),
            [
                "embedding vector(8)",
                "array[noise(r.n, t.n, 1), noise(r.n, t.n, 2), noise(r.n, t.n, 3), noise(r.n, t.n, 4), \
                 noise(r.n, t.n, 5), noise(r.n, t.n, 6), noise(r.n, t.n, 7), noise(r.n, t.n, 8)]::vector(8)",
            ],
            &[("image_embedding", "hnsw (embedding vector_l2_ops)")],
        )
    },
];
