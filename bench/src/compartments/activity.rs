//! What it costs a statement to say that its session is active: the same read under a session's token, and under one of an
//! issuer that names the compartment itself.

use super::rows::{Rooms, name};
use crate::contestant::Work;
use crate::data::{APP, Keys, token_in};
use crate::request::Request;
use crate::server::{Backend, Lap, Server};
use crate::stats::{Dice, Race};
use crate::{Result, data::Tenant};

/// How reads reach the server: with how many in a network round, and how many rounds.
pub const WAYS: [(&str, usize, usize); 2] =
    [("point read", 1, 100), ("point read, 50 a network round", 50, 5)];

/// Whose tokens. The first two are the same.
pub const TOKENS: [&str; 3] = ["an issuer's token", "another one", "a session's token"];

const ROWS: usize = 20;

/// The race.
pub struct Activity<'a> {
    rooms: &'a Rooms,
    backend: Backend,
    way: (usize, usize),
    tokens: [String; 3],
    room: &'a Tenant,
}

impl<'a> Activity<'a> {
    /// A new backend that has seen the tokens and has found its plan.
    pub fn open(
        server: &Server,
        rooms: &'a Rooms,
        (_, pipeline, requests): &(&str, usize, usize),
        keys: &Keys,
    ) -> Result<Activity<'a>> {
        let (room, user) = (&rooms.data.tenants[0], &rooms.users[0]);
        let of_issuer = || token_in(&keys.all()[0], &user.name, 0, Some(&name(0)));
        let tokens = [of_issuer(), of_issuer(), room.token.clone()];
        let mut backend = server.open(APP, &rooms.data.database)?;
        let ours = super::rows::ours();
        backend.wire.exchange(&Request::new().prepare(ours.table, &ours.sql(Work::Point)).sync())?;
        let mut race = Activity { rooms, backend, way: (*pipeline, *requests), tokens, room };
        for place in 0..TOKENS.len() {
            race.lap(place, &mut Dice::new(0))?;
        }
        Ok(race)
    }
}

impl Race for Activity<'_> {
    fn lap(&mut self, contestant: usize, dice: &mut Dice) -> Result<Lap> {
        let (pipeline, count) = self.way;
        self.backend.wire.run(&format!("set watertight.token = '{}'", self.tokens[contestant]))?;
        let rows = usize::try_from(self.rooms.data.rows)?;
        let ids: Vec<i64> = (0..ROWS).map(|_| dice.below(rows) as i64 + 1).collect();
        let ours = super::rows::ours();
        let one = |n: usize| {
            let ids = ids.iter().cycle().skip(n).take(pipeline);
            ids.fold(Request::new(), |r, id| ours.execute(r, Work::Point, self.room, *id)).sync()
        };
        let requests: Vec<Request> = (0..count).map(one).collect();
        // Everybody's rows are in the processor's cache.
        self.backend.lap(&requests[..count.min(ROWS)], 1, count.min(ROWS) * pipeline)?;
        self.backend.lap(&requests, count * pipeline, count * pipeline)
    }
}
