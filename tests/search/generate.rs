//! Random values, as literals of SQL, around the ones that are listed.

/// SplitMix64: a round can be repeated from its seed.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n.max(1) as u64).unwrap_or(0)
    }

    /// Once in `n` times.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// Between `from` and `to` times what `f` makes, with a separator.
    fn many(&mut self, from: usize, to: usize, by: &str, mut f: impl FnMut(&mut Random) -> String) -> String {
        let count = from + self.below(to - from + 1);
        (0..count).map(|_| f(self)).collect::<Vec<_>>().join(by)
    }
}

/// A text as a literal.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\0', "").replace('\'', "''"))
}

/// A value for a column of this type: often one of the listed ones, changed a little.
pub fn value(random: &mut Random, kind: &str, listed: &[String]) -> String {
    if !listed.is_empty() && random.once_in(2) {
        return quoted(&mutated(random, listed));
    }
    let r = random;
    match kind.split('(').next().unwrap_or(kind) {
        "text" | "character varying" | "citext" | "character" | "name" => long(r, words),
        "bytea" => quoted(&format!("\\x{}", r.many(0, 40, "", |r| format!("{:02x}", r.below(256))))),
        "json" | "jsonb" => document(r),
        "tsvector" => quoted(&r.many(0, 8, " ", lexeme)),
        "tsquery" => quoted(&query(r, 5)),
        "text[]" => quoted(&array(r, |r| format!("{:?}", plain_word(r)))),
        "int4[]" => quoted(&array(r, integer)),
        "numeric[]" => quoted(&array(r, number)),
        "ltree[]" => quoted(&array(r, path)),
        "ltree" => quoted(&path(r)),
        "hstore" => quoted(&r.many(0, 6, ",", |r| format!("{:?}=>{:?}", plain_word(r), plain_word(r)))),
        "inet" => quoted(&address(r)),
        "int4range" | "int8range" => quoted(&range(r, integer)),
        "numrange" => quoted(&range(r, number)),
        "daterange" | "tstzrange" => quoted(&range(r, moment)),
        "int4multirange" => quoted(&format!("{{{}}}", r.many(0, 5, ",", |r| range(r, integer)))),
        "nummultirange" => quoted(&format!("{{{}}}", r.many(0, 5, ",", |r| range(r, number)))),
        "datemultirange" => quoted(&format!("{{{}}}", r.many(0, 5, ",", |r| range(r, moment)))),
        "point" => quoted(&point(r)),
        "box" => quoted(&format!("{},{}", point(r), point(r))),
        "polygon" => quoted(&format!("({})", r.many(1, 8, ",", point))),
        "circle" => quoted(&format!("<{},{}>", point(r), float(r))),
        "smallint" | "integer" | "bigint" => quoted(&integer(r)),
        "numeric" | "real" | "double precision" => quoted(&number(r)),
        "date" | "timestamp" | "timestamptz" | "time" | "timetz" => quoted(&moment(r)),
        "interval" => quoted(&format!("{} {} {}", integer(r), r.pick(&["years", "days", "us"]), time(r))),
        "geometry" | "geography" => quoted(&shape(r, 2)),
        "vector" | "halfvec" => {
            let dimensions = if kind.contains('(') { 3 } else { 1 + r.below(5) };
            quoted(&format!("[{}]", r.many(dimensions, dimensions, ",", small)))
        }
        "sparsevec" => quoted(&format!("{{{}:{},3:{}}}/3", 1 + r.below(2), small(r), small(r))),
        "bit" => quoted(&r.many(3, 3, "", |r| r.below(2).to_string())),
        _ => "NULL".into(),
    }
}

/// One of the listed values with some of it removed, repeated, exchanged or joined with another.
pub fn mutated(random: &mut Random, listed: &[String]) -> String {
    let mut text: Vec<char> = random.pick(listed).chars().collect();
    for _ in 0..1 + random.below(3) {
        let (from, to) = (random.below(text.len() + 1), random.below(text.len() + 1));
        let slice = from.min(to)..from.max(to);
        match random.below(6) {
            0 => drop(text.drain(slice)),
            1 => {
                let copy: Vec<char> = text[slice].to_vec();
                text.splice(from..from, copy);
            }
            2 => {
                let other: Vec<char> = random.pick(listed).chars().collect();
                let start = random.below(other.len() + 1);
                text.splice(slice, other[start..].iter().copied());
            }
            3 => drop(text.splice(from..from, number(random).chars())),
            4 => {
                if let Some(digit) = text.iter_mut().find(|one| one.is_ascii_digit()) {
                    *digit = char::from(b'0' + u8::try_from(random.below(10)).unwrap_or(0));
                }
            }
            _ => text.insert(from, character(random)),
        }
        text.truncate(100_000);
    }
    text.into_iter().collect()
}

fn character(random: &mut Random) -> char {
    const ODD: [char; 26] = [
        '\\',
        '%',
        '_',
        '\'',
        '"',
        ' ',
        '\t',
        '\n',
        '\u{1}',
        '\u{7f}',
        '.',
        '*',
        '(',
        ')',
        '[',
        '{',
        ',',
        ':',
        '&',
        '\u{130}',
        '\u{df}',
        '\u{301}',
        '\u{200b}',
        '\u{fdfa}',
        '\u{1f993}',
        '\u{10ffff}',
    ];
    match random.below(3) {
        0 => *random.pick(&ODD),
        1 => char::from(b'a' + u8::try_from(random.below(26)).unwrap_or(0)),
        _ => char::from_u32(u32::try_from(random.below(0x1_1000)).unwrap_or(65).max(1)).unwrap_or('z'),
    }
}

fn plain_word(random: &mut Random) -> String {
    match random.below(4) {
        0 => random.many(0, 12, "", |r| character(r).to_string()),
        _ => (*random.pick(&["zebra", "zebras", "lion", "a", "z", "ZEBRA", "Top", "k1", ""])).to_owned(),
    }
}

fn words(random: &mut Random) -> String {
    let by = *random.pick(&[" ", "", "\\", "%", "-", "."]);
    random.many(0, 6, by, plain_word)
}

/// A literal, now and then repeated until it is long.
fn long(random: &mut Random, f: impl Fn(&mut Random) -> String) -> String {
    let text = quoted(&f(random));
    if random.once_in(8) {
        return format!("repeat({text}, {})", [3, 100, 700, 5000, 40_000][random.below(5)]);
    }
    text
}

fn document(random: &mut Random) -> String {
    if random.once_in(12) {
        let depth = [10, 1000, 3000, 6000, 9000][random.below(5)];
        let (open, close) = *random.pick(&[("[", "]"), ("{\"a\":", "}"), ("{\"zebra\":[", "]}")]);
        let (open, close) = (quoted(open), quoted(close));
        return format!("repeat({open}, {depth}) || '1' || repeat({close}, {depth})");
    }
    quoted(&node(random, 5))
}

fn node(random: &mut Random, depth: usize) -> String {
    let key = |r: &mut Random| (*r.pick(&["a", "b", "zebra", "", "k1"])).to_owned();
    match if depth == 0 { random.below(5) } else { random.below(8) } {
        0 => "null".into(),
        1 => "true".into(),
        2 => number(random).replace("NaN", "0").replace("Infinity", "1e1000"),
        3 => {
            format!("\"{}\"", random.pick(&["zebra", "", "2020-01-01", "12:00:00+15", "\\u0001", "1", "NaN"]))
        }
        4 => format!("{:?}", plain_word(random)),
        5 => format!("[{}]", random.many(0, 4, ",", |r| node(r, depth - 1))),
        _ => format!("{{{}}}", random.many(0, 4, ",", |r| format!("\"{}\":{}", key(r), node(r, depth - 1)))),
    }
}

fn lexeme(random: &mut Random) -> String {
    let word = plain_word(random).replace('\'', "''").replace('\\', "\\\\");
    let at = |r: &mut Random| format!("{}{}", 1 + r.below(16_383), r.pick(&["", "A", "B", "C", "D"]));
    match random.below(3) {
        0 => format!("'{word}'"),
        _ => format!("'{word}':{}", random.many(1, 4, ",", at)),
    }
}

fn query(random: &mut Random, depth: usize) -> String {
    if depth == 0 || random.once_in(3) {
        let word = plain_word(random).replace('\'', "''").replace('\\', "\\\\");
        return format!("'{word}'{}", random.pick(&["", ":*", ":A", ":*BC"]));
    }
    match random.below(4) {
        0 => format!("!({})", query(random, depth - 1)),
        _ => {
            let by = *random.pick(&["&", "|", "<->", "<2>", "<16384>"]);
            format!("({}) {by} ({})", query(random, depth - 1), query(random, depth - 1))
        }
    }
}

fn array(random: &mut Random, f: impl Fn(&mut Random) -> String + Copy) -> String {
    let element = |r: &mut Random| if r.once_in(6) { "NULL".to_owned() } else { f(r) };
    match random.below(6) {
        0 => format!("[{0}:{0}]={{{1}}}", integer(random), element(random)),
        1 => {
            format!(
                "{{{{{},{}}},{{{},{}}}}}",
                element(random),
                element(random),
                element(random),
                element(random)
            )
        }
        _ => format!("{{{}}}", random.many(0, 7, ",", element)),
    }
}

fn path(random: &mut Random) -> String {
    let label = |r: &mut Random| {
        (*r.pick(&["Top", "Science", "top", "a", "b", "_", "a_b", "Astronomy", "zebra", "zzzzzzzzzzzz"]))
            .to_owned()
    };
    random.many(0, 9, ".", label)
}

fn address(random: &mut Random) -> String {
    if random.once_in(3) {
        let groups = random.many(8, 8, ":", |r| format!("{:x}", [0, 1, 0xffff, 0x10][r.below(4)]));
        return format!("{groups}/{}", random.below(129));
    }
    let bytes = random.many(4, 4, ".", |r| [0, 1, 10, 2, 255, 128][r.below(6)].to_string());
    format!("{bytes}/{}", random.below(33))
}

fn range(random: &mut Random, f: impl Fn(&mut Random) -> String) -> String {
    let bound = |r: &mut Random| if r.once_in(5) { String::new() } else { f(r) };
    let open = *random.pick(&["[", "("]);
    let (low, high) = (bound(random), bound(random));
    match random.below(12) {
        0 => "empty".into(),
        _ => format!("{open}{low},{high}{}", random.pick(&["]", ")"])),
    }
}

fn integer(random: &mut Random) -> String {
    const EDGES: [i64; 12] = [
        0,
        1,
        -1,
        7,
        32_767,
        -32_768,
        2_147_483_647,
        -2_147_483_648,
        i64::MAX,
        i64::MIN,
        2_147_483_646,
        1000,
    ];
    match random.below(2) {
        0 => random.pick(&EDGES).to_string(),
        _ => (i64::try_from(random.below(40)).unwrap_or(0) - 20).to_string(),
    }
}

fn number(random: &mut Random) -> String {
    match random.below(4) {
        0 => integer(random),
        1 => float(random),
        2 => format!("{}.{}", integer(random), random.below(1_000_000)),
        _ => format!("{}e{}", random.below(100), i64::try_from(random.below(400)).unwrap_or(0) - 200),
    }
}

fn float(random: &mut Random) -> String {
    const EDGES: [&str; 16] = [
        "0",
        "-0",
        "1",
        "0.5",
        "1e-6",
        "1.000001",
        "0.999999",
        "1e150",
        "-1e150",
        "1.7e308",
        "-1.7e308",
        "5e-324",
        "1e-300",
        "NaN",
        "Infinity",
        "-Infinity",
    ];
    match random.below(2) {
        0 => (*random.pick(&EDGES)).to_owned(),
        _ => format!("{}.{}", i64::try_from(random.below(10)).unwrap_or(0) - 5, random.below(10_000)),
    }
}

/// An element of a vector.
fn small(random: &mut Random) -> String {
    (*random.pick(&["0", "-0", "1", "2.5", "-3", "1e-45", "6e-8", "65504", "3.4e38", "-3.4e38", "1e-38"]))
        .to_owned()
}

fn point(random: &mut Random) -> String {
    format!("({},{})", float(random), float(random))
}

fn time(random: &mut Random) -> String {
    format!(
        "{:02}:{:02}:{:02}.{:06}",
        random.below(25),
        random.below(60),
        random.below(61),
        random.below(1_000_000)
    )
}

fn moment(random: &mut Random) -> String {
    const EDGES: [&str; 8] = [
        "infinity",
        "-infinity",
        "4714-11-24 BC",
        "294276-12-31",
        "294277-01-01",
        "5874897-12-31",
        "2000-01-01",
        "2024-02-29 12:00",
    ];
    match random.below(3) {
        0 => (*random.pick(&EDGES)).to_owned(),
        1 => format!("{}+{:02}", time(random), random.below(16)),
        _ => {
            let (year, month, day) = (1 + random.below(9999), 1 + random.below(12), 1 + random.below(28));
            format!("{year:04}-{month:02}-{day:02} {}", time(random))
        }
    }
}

fn shape(random: &mut Random, depth: usize) -> String {
    let corner = |r: &mut Random| format!("{} {}", float(r), float(r));
    let text = match if depth == 0 { random.below(5) } else { random.below(6) } {
        0 => format!("POINT({})", corner(random)),
        1 => format!("LINESTRING({})", random.many(2, 6, ",", corner)),
        2 => {
            let first = corner(random);
            format!("POLYGON(({first},{},{first}))", random.many(2, 5, ",", corner))
        }
        3 => format!("MULTIPOINT({})", random.many(1, 4, ",", corner)),
        4 => {
            (*random.pick(&["POINT EMPTY", "POLYGON EMPTY", "POINT Z (1 1 1)", "POINT M (1 1 1)"])).to_owned()
        }
        _ => format!("GEOMETRYCOLLECTION({})", random.many(1, 3, ",", |r| bare(&shape(r, depth - 1)))),
    };
    match random.below(3) {
        0 if depth == 2 => format!("SRID=4326;{text}"),
        _ => text,
    }
}

fn bare(text: &str) -> String {
    text.split(';').next_back().unwrap_or(text).to_owned()
}
