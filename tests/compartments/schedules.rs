//! Random schedules: whatever happens in whatever order, nothing ephemeral is left over and nothing persistent is lost.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use watertight_tests::database::A;
use watertight_tests::{Cluster, Database, Failure, Session, eventually, literal};

use crate::house::{CONF, furnish, traces};

const SCHEDULES: u64 = 200;
const STEPS: u64 = 8;

/// xorshift64*: the same schedules in every run.
struct Dice(u64);

impl Dice {
    fn of(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % sides
    }
}

/// What is left, or why nobody can tell.
struct Left(String);

impl From<Failure> for Left {
    fn from(failure: Failure) -> Left {
        Left(failure.everything)
    }
}

fn eventually_said(what: &str, mut f: impl FnMut() -> Result<(), Left>) {
    let end = Instant::now() + Duration::from_secs(60);
    while let Err(Left(left)) = f() {
        assert!(Instant::now() < end, "{what}: not within a minute: {left}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

struct Guest {
    connection: Session,
    token: String,
    /// The persistent compartment, or none.
    room: Option<&'static str>,
}

struct World<'c> {
    db: Database<'c>,
    guests: Vec<Guest>,
    /// Tokens of sessions whose connections are gone.
    strays: Vec<String>,
    /// Rows written into each persistent compartment: `documents`, `notes`.
    written: BTreeMap<&'static str, (i64, i64)>,
}

const ROOMS: [&str; 2] = ["east", "west"];

impl World<'_> {
    fn login(&mut self, dice: &mut Dice) {
        let Ok(mut connection) = self.db.cluster.try_session(&self.db.name, "app", "") else { return };
        let token = literal(&self.db.token(A));
        let room = [None, None, Some(ROOMS[0]), Some(ROOMS[1])][dice.of(4) as usize];
        let more = ["", ", bind => true", ", idle_timeout => '1 second'", ", lifetime => '1 second'"]
            [dice.of(4) as usize];
        let login = match room {
            None => {
                format!("SELECT watertight.login({token}, ephemeral => true, template => 'workspace'{more})")
            }
            Some(room) => format!("SELECT watertight.login({token}, '{room}'{more})"),
        };
        let token = connection.one(&login);
        connection.set_token(&token);
        self.guests.push(Guest { connection, token, room });
    }

    fn write(&mut self, dice: &mut Dice) {
        if self.guests.is_empty() {
            return;
        }
        let index = dice.of(self.guests.len() as u64) as usize;
        let guest = &mut self.guests[index];
        let both = "WITH d AS (INSERT INTO documents (body) VALUES ('row') RETURNING 1)
                    INSERT INTO notes (body) SELECT 'note' FROM d RETURNING 1";
        if dice.of(3) == 0 && guest.room.is_none() {
            let _ =
                guest.connection.attempt("CREATE TABLE IF NOT EXISTS own (id serial PRIMARY KEY, body text)");
        }
        if let Ok(rows) = guest.connection.attempt(both)
            && let Some(room) = guest.room
        {
            assert_eq!(rows.len(), 1);
            let counts = self.written.entry(room).or_default();
            *counts = (counts.0 + 1, counts.1 + 1);
        }
    }

    fn leave(&mut self, dice: &mut Dice) {
        if self.guests.is_empty() {
            return;
        }
        let index = dice.of(self.guests.len() as u64) as usize;
        let mut guest = self.guests.swap_remove(index);
        match dice.of(5) {
            // The session goes on without the connection, unless it is bound to it.
            0 => {
                drop(guest.connection);
                self.strays.push(guest.token);
            }
            1 => {
                let _ = guest.connection.attempt("SELECT watertight.switch_compartment('global')");
            }
            2 => {
                let _ = guest.connection.attempt("BEGIN");
                let _ = guest.connection.attempt("SELECT watertight.logout()");
                let _ = guest.connection.attempt("ROLLBACK");
            }
            _ => {
                let _ = guest.connection.attempt("SELECT watertight.logout()");
            }
        }
    }

    fn hurt(&mut self, dice: &mut Dice) {
        match dice.of(4) {
            0 => self.db.cluster.restart(),
            1 => self.db.cluster.crash(),
            2 => self.db.cluster.kill(),
            // One backend, which takes the others with it.
            _ => {
                if let Some(guest) = self.guests.first_mut() {
                    let pid = guest.connection.pid().to_string();
                    let kill = |signal: &str| {
                        std::process::Command::new("kill").args([signal, pid.as_str()]).output()
                    };
                    let _ = kill("-9");
                    // When the server has noticed, it lets nobody in until it has recovered.
                    eventually("the process is gone", || kill("-0").is_ok_and(|it| !it.status.success()));
                    eventually("the server is back", || {
                        self.db.cluster.try_session(&self.db.name, "postgres", "").is_ok()
                    });
                }
            }
        }
        // Persistent sessions that are not bound survive; their connections do not.
        for guest in std::mem::take(&mut self.guests) {
            if guest.room.is_some()
                && let Ok(mut connection) = self.db.cluster.try_session(&self.db.name, "app", "")
                && connection
                    .attempt(&format!("SET watertight.token = {}", literal(&guest.token)))
                    .and_then(|_| connection.attempt("SELECT watertight.compartment_id()"))
                    .is_ok()
            {
                self.guests.push(Guest { connection, ..guest });
            }
        }
    }

    /// Everybody leaves; then only what is persistent is there, all of it.
    fn settle(&mut self, schedule: u64) {
        for mut guest in self.guests.drain(..) {
            let _ = guest.connection.attempt("ROLLBACK");
            let _ = guest.connection.attempt("SELECT watertight.logout()");
        }
        for token in self.strays.drain(..) {
            let mut connection = self.db.app();
            let _ = connection
                .attempt(&format!("SET watertight.token = {}", literal(&token)))
                .and_then(|_| connection.attempt("SELECT watertight.logout()"));
        }
        let expected = ROOMS.map(|_| "schema");
        eventually_said(&format!("schedule {schedule}: nothing is left over"), || {
            let mut admin = self.db.cluster.try_session(&self.db.name, "postgres", "")?;
            admin.attempt("SELECT count(*) FROM documents")?;
            let left = traces(&self.db);
            let kinds: Vec<&str> = left.iter().filter_map(|trace| trace.split(' ').next()).collect();
            if kinds == expected {
                return Ok(());
            }
            let worker = admin.run("SELECT state, clean, failing, last_error FROM watertight.worker_status");
            Err(Left(format!("{left:?}; worker {worker:?}")))
        });
        for room in ROOMS {
            let (documents, notes) = self.written.get(room).copied().unwrap_or_default();
            let mut session = self.db.app();
            let login = format!("SELECT watertight.login({}, '{room}')", literal(&self.db.token(A)));
            let token = session.one(&login);
            session.set_token(&token);
            assert_eq!(
                session.number("SELECT count(*) FROM documents"),
                documents,
                "schedule {schedule}, {room}"
            );
            assert_eq!(session.number("SELECT count(*) FROM notes"), notes, "schedule {schedule}, {room}");
            session.run("SELECT watertight.logout()");
        }
    }
}

#[test]
fn random_schedules_leave_no_orphans_and_lose_nothing() {
    let cluster = Cluster::start(CONF);
    let db = furnish(&cluster);
    let mut owner = db.app().with_token(&db.token(A));
    for room in ROOMS {
        owner.run(&format!("SELECT watertight.create_compartment('{room}', template => 'workspace')"));
    }
    drop(owner);
    let mut world = World { db, guests: Vec::new(), strays: Vec::new(), written: BTreeMap::new() };
    for schedule in 1..=SCHEDULES {
        let mut dice = Dice(schedule.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        for _ in 0..STEPS {
            match dice.of(100) {
                0..35 => world.login(&mut dice),
                35..70 => world.write(&mut dice),
                70..90 => world.leave(&mut dice),
                90..95 => std::thread::sleep(Duration::from_millis(dice.of(1_200))),
                _ => world.hurt(&mut dice),
            }
        }
        world.settle(schedule);
    }
    // Those who have switched to Global are still there, and nobody else.
    let elsewhere = "SELECT count(*) FROM watertight.open_sessions
                      WHERE compartment_id <> '00000000-0000-0000-0000-000000000000'";
    eventually("no session is left", || world.db.admin().number(elsewhere) == 0);
}
