//! Who seals a value inside PostgreSQL, and with what.

/// One way of sealing a column's values.
pub struct Cipher {
    /// What its tables are called; the size of the values follows.
    pub table: &'static str,
    /// Its name in the report.
    pub title: &'static str,
    /// A value of `source`, sealed.
    pub seal: &'static str,
    /// Where values come from, in terms of the table of plain text.
    pub source: &'static str,
    /// A sealed value `v`, opened.
    pub open: &'static str,
    /// How often its statement runs in a lap, so that laps are neither too short nor too long.
    pub repeats: usize,
    /// Whether it needs pgcrypto.
    pub borrowed: bool,
}

/// All of them.
pub const CIPHERS: [Cipher; 4] = [
    Cipher {
        table: "sealed",
        title: "Watertight, `encrypted_text`",
        seal: "v::watertight.encrypted_text",
        source: "{plain}",
        open: "v::text",
        repeats: 20,
        borrowed: false,
    },
    Cipher {
        table: "searchable",
        title: "Watertight, `searchable_text`",
        seal: "v::watertight.searchable_text",
        source: "{plain}",
        open: "v::text",
        repeats: 20,
        borrowed: false,
    },
    // The values are computed once each, with as little around them as SQL allows: a function would cost more.
    Cipher {
        table: "by_hand",
        title: "pgcrypto, `encrypt_iv`, `gen_random_bytes` and `hmac`",
        seal: "body || hmac(body, 'a key of authentication, 32 bytes'::bytea, 'sha256')",
        source: "(select iv || encrypt_iv(convert_to(v, 'UTF8'), 'a key of encryption, of 32 bytes'::bytea, iv, 'aes') as body \
                  from (select v, gen_random_bytes(16) as iv from {plain} offset 0) as drawn offset 0) as encrypted",
        open: "case when hmac(substr(v, 1, octet_length(v) - 32), 'a key of authentication, 32 bytes'::bytea, 'sha256') \
                   = substr(v, octet_length(v) - 31) \
               then convert_from(decrypt_iv(substr(v, 17, octet_length(v) - 48), 'a key of encryption, of 32 bytes'::bytea, \
                   substr(v, 1, 16), 'aes'), 'UTF8') end",
        repeats: 5,
        borrowed: true,
    },
    Cipher {
        table: "pgp",
        title: "pgcrypto, `pgp_sym_encrypt`",
        seal: "pgp_sym_encrypt(v, 'a key of encryption, of 32 bytes')",
        source: "{plain}",
        open: "pgp_sym_decrypt(v, 'a key of encryption, of 32 bytes')",
        repeats: 1,
        borrowed: true,
    },
];

/// The place of `encrypted_text` among them.
pub const OURS: usize = 0;
/// The place of what people write by hand.
pub const BY_HAND: usize = 2;
/// The place of pgcrypto's PGP.
pub const PGP: usize = 3;

/// Which way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From plain text.
    Seal,
    /// Back to it.
    Open,
}

impl Cipher {
    /// The table of its sealed values of this size.
    pub fn sealed(&self, size: usize) -> String {
        format!("{}_{size}", self.table)
    }

    /// Makes that table.
    pub fn make(&self, size: usize) -> String {
        format!("create table {} as select {} as v from {}", self.sealed(size), self.seal, self.from(size))
    }

    /// The statement that is measured.
    pub fn statement(&self, direction: Direction, size: usize) -> String {
        match direction {
            Direction::Seal => format!("select count({}) from {}", self.seal, self.from(size)),
            Direction::Open => format!("select count({}) from {}", self.open, self.sealed(size)),
        }
    }

    /// The same statement without cryptography.
    pub fn without(&self, direction: Direction, size: usize) -> String {
        let table = match direction {
            Direction::Seal => plain(size),
            Direction::Open => self.sealed(size),
        };
        format!("select count(v) from {table}")
    }

    /// All that was sealed, opened.
    pub fn opened(&self, size: usize) -> String {
        format!(
            "select md5(string_agg(v, ',' order by v)) from (select {} as v from {}) as opened",
            self.open,
            self.sealed(size)
        )
    }

    fn from(&self, size: usize) -> String {
        self.source.replace("{plain}", &plain(size))
    }
}

/// The table of plain values of this size.
pub fn plain(size: usize) -> String {
    format!("plain_{size}")
}
