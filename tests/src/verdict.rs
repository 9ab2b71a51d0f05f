//! Whether a token is believed, asked in every way a client can ask.

use crate::database::{A, B};
use crate::{Database, Mode, for_each_protocol, literal};

/// A query of a protected table: it needs a context.
pub const COUNT: &str = "SELECT count(*) FROM patients";

impl Database<'_> {
    /// The token gives no context, however it is presented; whoever presents it keeps what they had, and no error
    /// quotes it.
    pub fn rejects(&self, why: &str, token: &str) {
        let secret = token.rsplit('.').next().filter(|s| s.len() > 16).unwrap_or("no secret");
        for_each_protocol(|mode| {
            for (set, close) in [("SET watertight.token = ", ""), ("SELECT watertight.begin(", ")")] {
                let mut session = self.app().with_token(&self.steady_token(B)).mode(mode);
                session.run("BEGIN");
                session.run("SAVEPOINT s");
                let presented = session.attempt(&format!("{set}{}{close}", literal(token)));
                match presented.and_then(|_| session.attempt(COUNT)) {
                    Err(failure) => drop(failure.is("28000").hints().never_says(secret)),
                    Ok(rows) => panic!("{why}: accepted, and finds {rows:?}"),
                }
                session.run("ROLLBACK TO s");
                assert_eq!(session.number(COUNT), 10, "{why}: the earlier context is lost");
            }
        });
    }

    /// The token gives the context of this tenant: [`A`] or [`B`].
    pub fn accepts(&self, why: &str, token: &str, tenant: &str) {
        for mode in [Mode::Simple, Mode::Extended] {
            let mut session = self.app().mode(mode);
            session.set_token(token);
            assert_eq!(session.one("SELECT watertight.tenant()"), tenant, "{why}");
            assert_eq!(session.number(COUNT), if tenant == A { 20 } else { 10 }, "{why}");
        }
    }
}
