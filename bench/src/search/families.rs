//! The searches: one condition, or one order, of each kind that applications give to an index.

/// Whether a search may have one plan for all its arguments.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// As PostgreSQL chooses.
    Kept,
    /// Made for each execution: patterns that are not known when the plan is made stay behind the predicate.
    EachTime,
}

/// A search.
pub struct Family {
    /// Its name in the report.
    pub title: &'static str,
    /// Its table.
    pub table: &'static str,
    /// The statement. `{and}` and `{where}` say the tenant where it is said by hand, `{1}` and `{2}` are the arguments.
    /// Where the rows nearest to something are wanted, it returns their distances, because the tenth nearest may be two.
    pub sql: &'static str,
    /// The arguments, made of a row of the tenant.
    pub arguments: &'static [&'static str],
    /// The index, and what of the search must be among its conditions.
    pub index: [&'static str; 2],
    /// Whether it may have one plan for all its arguments.
    pub plan: Plan,
}

const fn family(
    title: &'static str,
    table: &'static str,
    sql: &'static str,
    arguments: &'static [&'static str],
    index: [&'static str; 2],
) -> Family {
    Family { title, table, sql, arguments, index, plan: Plan::Kept }
}

const fn each_time(family: Family) -> Family {
    Family { plan: Plan::EachTime, ..family }
}

const WORD: &str = "split_part(name, ' ', 1)";
const CIRCLE: &str = "st_buffer(geom, {side} / 1.77, 'quad_segs=4')";

/// All of them, in the order of the report.
pub const FAMILIES: [Family; 25] = [
    family(
        "full text, `words @@ query`",
        "note",
        "select id from note where {and} words @@ plainto_tsquery('simple', {1})",
        &["split_part(body, ' ', 1)"],
        ["note_words", "words @@"],
    ),
    family(
        "full text, `to_tsvector(body) @@ query`",
        "letter",
        "select id from letter where {and} to_tsvector('simple', body) @@ plainto_tsquery('simple', {1})",
        &["split_part(body, ' ', 1)"],
        ["letter_words", "@@"],
    ),
    each_time(family(
        "trigrams, `LIKE`",
        "person",
        "select id from person where {and} name like {1}",
        &["'%' || split_part(name, ' ', 1) || '%'"],
        ["person_trigrams", "name ~~"],
    )),
    each_time(family(
        "trigrams, `ILIKE`",
        "person",
        "select id from person where {and} name ilike {1}",
        &["'%' || upper(split_part(name, ' ', 1)) || '%'"],
        ["person_trigrams", "name ~~*"],
    )),
    each_time(family(
        "trigrams, `~`",
        "person",
        "select id from person where {and} name ~ {1}",
        &["'^' || left(name, 7) || '[a-z] '"],
        ["person_trigrams", "name ~"],
    )),
    family(
        "trigrams, `%`",
        "person",
        "select id from person where {and} name % {1}",
        &[WORD],
        ["person_trigrams", "name %"],
    ),
    family(
        "jsonb, `@>`",
        "event",
        "select id from event where {and} doc @> {1}",
        &["jsonb_build_object('ref', doc -> 'ref')"],
        ["event_doc", "doc @>"],
    ),
    family(
        "array, `@>`",
        "article",
        "select id from article where {and} tags @> {1}",
        &["tags[1:1]"],
        ["article_tags", "tags @>"],
    ),
    family(
        "array, `&&`",
        "article",
        "select id from article where {and} tags && {1}",
        &["tags"],
        ["article_tags", "tags &&"],
    ),
    family(
        "array, join by `&&`",
        "article",
        "select other.id from article join article as other on other.tags && article.tags where {and article} \
         {and other} article.id = {1}",
        &["id"],
        ["article_tags", "tags && article.tags"],
    ),
    family(
        "range, `&&`",
        "booking",
        "select id from booking where {and} during && {1}",
        &["tstzrange(lower(during), lower(during) + interval '80 minutes')"],
        ["booking_during", "during &&"],
    ),
    family(
        "inet, `<<`",
        "login",
        "select id from login where {and} address << {1}",
        &["network(set_masklen(address, 24))"],
        ["login_address", "address <<"],
    ),
    family(
        "numeric, `=`",
        "purchase",
        "select id from purchase where {and} price = {1}",
        &["price"],
        ["purchase_price", "price ="],
    ),
    family(
        "numeric, `BETWEEN`",
        "purchase",
        "select id from purchase where {and} price between {1} and {2}",
        &["price", "price + 1"],
        ["purchase_price", "price >="],
    ),
    family(
        "`lower(email) =`",
        "account",
        "select id from account where {and} lower(email) = {1}",
        &["lower(email)"],
        ["account_email", "lower(email) ="],
    ),
    family(
        "hstore, `@>`",
        "product",
        "select id from product where {and} attributes @> {1}",
        &["hstore('ref', attributes -> 'ref')"],
        ["product_attributes", "attributes @>"],
    ),
    family(
        "hstore, `?`",
        "product",
        "select id from product where {and} attributes ? {1}",
        &["attributes -> 'ref'"],
        ["product_attributes", "attributes ?"],
    ),
    family(
        "ltree, `<@`",
        "folder",
        "select id from folder where {and} path <@ {1}::ltree",
        &["subpath(path, 0, 3)"],
        ["folder_path", "path <@"],
    ),
    family(
        "citext, `=`",
        "member",
        "select id from member where {and} email = {1}::citext",
        &["upper(email::text)"],
        ["member_email", "email ="],
    ),
    family(
        "PostGIS, `&&`",
        "place",
        "select id from place where {and} geom && {1}::geometry",
        &["st_expand(geom, {side} / 2)"],
        ["place_geom", "geom &&"],
    ),
    family(
        "PostGIS, `ST_Intersects`",
        "place",
        "select id from place where {and} st_intersects(geom, {1}::geometry)",
        &[CIRCLE],
        ["place_geom", "geom &&"],
    ),
    family(
        "PostGIS, `ST_DWithin`",
        "place",
        "select id from place where {and} st_dwithin(geom, {1}::geometry, {2})",
        &["geom", "{side} / 1.77"],
        ["place_geom", "geom &&"],
    ),
    family(
        "PostGIS, the 10 nearest by `<->`",
        "place",
        "select geom <-> {1}::geometry from place {where} order by geom <-> {1}::geometry limit 10",
        &["geom"],
        ["place_geom", "geom <->"],
    ),
    family(
        "trigrams, the 10 nearest by `<->`",
        "street",
        "select name <-> {1} from street {where} order by name <-> {1} limit 10",
        &[WORD],
        ["street_trigrams", "name <->"],
    ),
    family(
        "pgvector, the 10 nearest by `<->`",
        "image",
        "select embedding <-> {1}::vector from image {where} order by embedding <-> {1}::vector limit 10",
        &["embedding"],
        ["image_embedding", "embedding <->"],
    ),
];

impl Family {
    /// The statement, with the tenant as `$1` or not at all.
    pub fn statement(&self, by_hand: bool) -> String {
        let tenant = |table: &str| if by_hand { format!("{table}tenant_id = $1 and") } else { String::new() };
        let argument = |n: usize| format!("${}", n + usize::from(by_hand));
        self.sql
            .replace("{and}", &tenant(""))
            .replace("{and article}", &tenant("article."))
            .replace("{and other}", &tenant("other."))
            .replace("{where}", if by_hand { "where tenant_id = $1" } else { "" })
            .replace("{1}", &argument(1))
            .replace("{2}", &argument(2))
    }
}
