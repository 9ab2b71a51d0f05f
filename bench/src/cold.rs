//! Tokens that the backend has not seen, beside the signature library called with nothing around it.

use crate::context::{Step, prepare, transaction};
use crate::data::{Data, Tenant, token};
use crate::request::Request;
use crate::server::{Backend, Lap, Server, own_cpu_nanos};
use crate::stats::{Clock, Dice, Race, Series, Spread};
use crate::{Failure, Result};
use jsonwebtoken::{DecodingKey, Validation, decode, jwk::Jwk};
use serde::Deserialize;
use std::hint::black_box;
use std::time::Instant;
use watertight_mint::Key;

/// Two fifths of them are verified between two uses of the same one: more than the 1,024 a backend remembers.
pub const TOKENS: usize = 4_000;
const PIPELINE: usize = 10;
const LAP: usize = 100;

/// Who takes turns.
pub const TURNS: usize = 5;
/// `SET LOCAL` of a plain setting: what a cold token is compared with.
pub const PLAIN: usize = 0;
/// `SET LOCAL watertight.token`, which verifies.
pub const TOKEN: usize = 1;
/// `set_config($1)` of a plain setting.
pub const CONFIG: usize = 2;
/// `watertight.begin($1)`, which verifies and asks the registry.
pub const BEGIN: usize = 3;
/// `jsonwebtoken::decode`.
pub const LIBRARY: usize = 4;

const STEPS: [Step; LIBRARY] = [Step::SetText, Step::SetToken, Step::ConfigText, Step::Begin];

/// How many bare library calls a cold token takes, above what setting a plain setting takes.
pub fn ratio(series: &[Series], clock: Clock) -> Spread {
    let others = [&series[PLAIN], &series[LIBRARY]];
    series[TOKEN].with(others, clock, |token, [plain, library]| (token - plain) / library)
}

/// What an application would read from the token by itself.
#[derive(Deserialize)]
#[allow(dead_code, reason = "deserialized to be compared fairly")]
struct Own {
    iss: String,
    sub: Option<String>,
    aud: Option<String>,
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
    tenants.map(|(n, t)| t.with_token(token(key, &t.name, n))).collect()
}

impl<'a> Cold<'a> {
    /// A new backend, and tokens that were signed with this key, by whom and for whom.
    pub fn open(
        server: &Server,
        (role, database): (&str, &str),
        key: &Key,
        (issuer, audience): (&str, Option<&str>),
        tokens: &'a [Tenant],
    ) -> Result<Cold<'a>> {
        let mut backend = server.open(role, database)?;
        prepare(&mut backend, true)?;
        let jwk: Jwk = serde_json::from_value(key.jwk())?;
        let mut rules = Validation::new(key.algorithm().name().parse()?);
        rules.set_issuer(&[issuer]);
        match audience {
            Some(audience) => rules.set_audience(&[audience]),
            None => rules.validate_aud = false,
        }
        rules.validate_nbf = true;
        let mut race = Cold { backend, tokens, next: 0, key: DecodingKey::from_jwk(&jwk)?, rules };
        for place in 0..TURNS {
            race.lap(place, &mut Dice::new(0))?;
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
    fn lap(&mut self, contestant: usize, _: &mut Dice) -> Result<Lap> {
        let tokens =
            self.tokens.get(self.next..self.next + LAP).ok_or_else(|| Failure("no tokens".into()))?;
        // Each lap has the next ones, so that no two contestants prepare each other's.
        self.next = (self.next + LAP) % TOKENS;
        if contestant == LIBRARY {
            return self.library(tokens);
        }
        let step = STEPS[contestant];
        let one = |tokens: &[Tenant]| {
            let add = |r, t| transaction(r, step, t, |r: Request| r.execute("nothing", &[]));
            tokens.iter().fold(Request::new(), add).sync()
        };
        let requests: Vec<Request> = tokens.chunks(PIPELINE).map(one).collect();
        self.backend.lap(&requests, LAP, LAP * (1 + step.rows()))
    }
}
