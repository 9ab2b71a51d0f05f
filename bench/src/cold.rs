//! Tokens that the backend has not seen, beside the signature library called with nothing around it.

use crate::context::{Step, prepare, transaction};
use crate::data::{APP, AUDIENCE, Data, ISSUER, Tenant, token};
use crate::request::Request;
use crate::server::{Backend, Lap, Server, own_cpu_nanos};
use crate::stats::{Dice, Race};
use crate::{Failure, Result};
use jsonwebtoken::{DecodingKey, Validation, decode, jwk::Jwk};
use serde::Deserialize;
use std::hint::black_box;
use std::time::Instant;
use watertight_mint::Key;

/// Half of them come between two uses of the same one: more than a backend remembers by default, which is 1,024.
const TOKENS: usize = 4_000;
const PIPELINE: usize = 10;
const LAP: usize = 100;

/// Who takes turns.
pub const TURNS: usize = 4;
/// `set_config($1)` of a plain setting: the baseline.
pub const PLAIN: usize = 0;
/// `watertight.begin($1)`.
pub const BEGIN: usize = 1;
/// The same, and the transaction asks for its tenant.
pub const USED: usize = 2;
/// `jsonwebtoken::decode`.
pub const LIBRARY: usize = 3;

/// What an application would read from the token by itself.
#[derive(Deserialize)]
#[allow(dead_code, reason = "deserialized to be compared fairly")]
struct Own {
    iss: String,
    sub: Option<String>,
    aud: String,
    tenant: String,
    email: Option<String>,
    role: Option<String>,
    jti: Option<String>,
    iat: Option<i64>,
    exp: i64,
}

/// One algorithm.
pub struct Cold<'a> {
    backend: Backend,
    tokens: &'a [Tenant],
    next: usize,
    key: DecodingKey,
    rules: Validation,
}

/// Enough different tokens, signed with this key.
pub fn tokens(data: &Data, key: &Key) -> Vec<Tenant> {
    let tenants = data.tenants.iter().cycle().take(TOKENS).enumerate();
    tenants.map(|(n, t)| Tenant { token: token(key, &t.name, n), ..t.clone() }).collect()
}

impl<'a> Cold<'a> {
    /// A new backend, and what [`tokens`] has made with this key.
    pub fn open(server: &Server, data: &Data, key: &Key, tokens: &'a [Tenant]) -> Result<Cold<'a>> {
        let mut backend = server.open(APP, &data.database)?;
        prepare(&mut backend)?;
        let jwk: Jwk = serde_json::from_value(key.jwk())?;
        let mut rules = Validation::new(key.algorithm().name().parse()?);
        rules.set_audience(&[AUDIENCE]);
        rules.set_issuer(&[ISSUER]);
        rules.validate_nbf = true;
        let mut race = Cold { backend, tokens, next: 0, key: DecodingKey::from_jwk(&jwk)?, rules };
        for place in 0..TURNS {
            race.lap(place)?;
        }
        Ok(race)
    }

    fn library(&self, tokens: &[Tenant]) -> Result<Lap> {
        let (start, client) = (Instant::now(), own_cpu_nanos());
        for tenant in tokens {
            black_box(decode::<Own>(black_box(&tenant.token), &self.key, &self.rules)?);
        }
        let (wall, busy) = (start.elapsed().as_nanos() as f64, own_cpu_nanos() - client);
        let each = |nanos: f64| nanos / tokens.len() as f64;
        Ok(Lap { wall: each(wall), busy: each(busy), server: each(busy) })
    }
}

impl Race for Cold<'_> {
    fn prepare(&mut self, _: &mut Dice) -> Result<()> {
        Ok(())
    }

    fn lap(&mut self, contestant: usize) -> Result<Lap> {
        let tokens =
            self.tokens.get(self.next..self.next + LAP).ok_or_else(|| Failure("no tokens".into()))?;
        // Each lap has the next ones, so that no two contestants prepare each other's.
        self.next = (self.next + LAP) % TOKENS;
        if contestant == LIBRARY {
            return self.library(tokens);
        }
        let step = if contestant == PLAIN { Step::ConfigText } else { Step::Begin };
        let body = if contestant == USED { "use" } else { "nothing" };
        let one = |tokens: &[Tenant]| {
            let add = |r, t| transaction(r, step, t, |r: Request| r.execute(body, &[]));
            tokens.iter().fold(Request::new(), add).sync()
        };
        let requests: Vec<Request> = tokens.chunks(PIPELINE).map(one).collect();
        self.backend.lap(&requests, LAP, 2 * LAP)
    }
}
