//! A hospital database: two tenants, protected tables, and the same rows unprotected as a control.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use watertight_mint::{Algorithm, Claims, Key, jwks};

use crate::{Cluster, Mode, Session, Walls, literal, shared};

/// In every row of tenant A. Nobody else may ever be told it. Attackers know what else is in those rows (ids,
/// e-mail addresses), so a statement that quotes their own guess is no leak.
pub const CANARY: &str = "CANARY-A";
/// The issuer every database trusts.
pub const ISSUER: &str = "https://id.example";
/// The audience that issuer's tokens must name.
pub const AUDIENCE: &str = "hospital-app";
/// An issuer that no test changes: it gives a session its context while another issuer is being attacked.
pub const STEADY: &str = "https://steady.example";
/// Tenant A, the victim.
pub const A: &str = "hospital_a";
/// Tenant B, the attacker.
pub const B: &str = "hospital_b";

/// A fresh database with the extension, two tenants and their rows. Dropped with the value.
pub struct Database<'c> {
    /// Where it is.
    pub cluster: &'c Cluster,
    /// Its name.
    pub name: String,
    /// The key of [`ISSUER`].
    pub key: Key,
    steady: Key,
    /// The id of tenant A, or of the compartment that stands for it.
    pub a: String,
    /// The id of tenant B, or of the compartment that stands for it.
    pub b: String,
    /// What is between A and B.
    pub walls: Walls,
}

impl Database<'static> {
    /// In the cluster that the test binary shares.
    pub fn shared() -> Database<'static> {
        Database::new(shared())
    }
}

impl<'c> Database<'c> {
    /// With tenants, tables and rows.
    pub fn new(cluster: &'c Cluster) -> Database<'c> {
        Database::between(cluster, Walls::Tenants)
    }

    /// With A and B, tables and rows; A and B may be compartments of one tenant.
    pub fn between(cluster: &'c Cluster, walls: Walls) -> Database<'c> {
        let mut db = Database::without_tables(cluster);
        if walls != Walls::Tenants {
            db.raise(walls);
        }
        let mut keeper = db.keeper();
        let hospital = include_str!("hospital.sql");
        if walls == Walls::Tenants {
            keeper.script(hospital);
        } else {
            // Between compartments a foreign key gives way, or joins rows of one.
            keeper.script(&hospital.replace("REFERENCES patients", "REFERENCES patients ON DELETE CASCADE"));
        }
        drop(keeper);
        for (tenant, rows) in [(A, A_ROWS), (B, B_ROWS)] {
            db.app().with_token(&db.token(tenant)).script(rows);
        }
        let control = "INSERT INTO open_patients SELECT id, name, email, ward, age, tenant_id FROM patients";
        for tenant in [A, B] {
            db.app().with_token(&db.token(tenant)).run(control);
        }
        db.admin().run("ANALYZE");
        for tenant in [A, B] {
            let mut session = db.app().with_token(&db.token(tenant));
            let place = session.one("SELECT watertight.compartment()");
            assert_eq!(place, if walls == Walls::Tenants { "global" } else { tenant }, "the control");
        }
        db
    }

    /// With the extension, the tenants and the issuer only.
    pub fn without_tables(cluster: &'c Cluster) -> Database<'c> {
        let name = blank(cluster);
        let key = Key::generate(Algorithm::EdDsa, "k1");
        let mut admin = cluster.admin(&name);
        create_extension(&mut admin);
        let a = admin.one(&format!("SELECT watertight.create_tenant('{A}')"));
        let b = admin.one(&format!("SELECT watertight.create_tenant('{B}')"));
        admin.run(&trust(ISSUER, &[&key], &format!(", audience => '{AUDIENCE}'")));
        let steady = Key::generate(Algorithm::EdDsa, "k1");
        admin.run(&trust(STEADY, &[&steady], &format!(", audience => '{AUDIENCE}'")));
        admin.script("CREATE SCHEMA lab AUTHORIZATION app");
        Database { cluster, name, key, steady, a, b, walls: Walls::Tenants }
    }

    /// Makes A and B compartments of tenant A.
    fn raise(&mut self, walls: Walls) {
        let mut admin = self.admin();
        admin.script(&format!("ALTER DATABASE {} SET watertight.compartments = on", self.name));
        if walls == Walls::OpenGlobal {
            admin.script(&format!("ALTER DATABASE {} SET watertight.global_readable = on", self.name));
        }
        let mut compartment = |name: &str| {
            let id = admin.one(&format!(
                "INSERT INTO watertight.all_compartments (id, tenant_id, name, owner, owner_issuer)
                 VALUES (gen_random_uuid(), '{}', '{name}', 'alice', '{ISSUER}') RETURNING id",
                self.a
            ));
            admin.run(&format!(
                "INSERT INTO watertight.compartment_members (compartment_id, kind, name, issuer, added_by)
                 VALUES ('{id}', 'user', 'bob', '{STEADY}', 'test')"
            ));
            id
        };
        (self.a, self.b) = (compartment(A), compartment(B));
        self.walls = walls;
    }

    /// A superuser.
    pub fn admin(&self) -> Session {
        self.cluster.admin(&self.name).between(self.walls)
    }

    /// The owner of the database and its tables, an ordinary role.
    pub fn keeper(&self) -> Session {
        self.client("keeper")
    }

    /// The application's role, without a token.
    pub fn app(&self) -> Session {
        self.client("app")
    }

    /// Any role, without a token.
    pub fn client(&self, role: &str) -> Session {
        self.cluster.session(&self.name, role).between(self.walls)
    }

    /// Any role, with settings in the start-up packet.
    pub fn client_with(&self, role: &str, options: &str) -> Session {
        self.cluster.session_with(&self.name, role, options).between(self.walls)
    }

    /// Tenant A at work, as the application's role.
    pub fn a(&self, mode: Mode) -> Session {
        self.app().with_token(&self.token(A)).mode(mode)
    }

    /// Tenant B with arbitrary SQL, as the application's role: it must never be told a canary.
    pub fn attacker(&self, mode: Mode) -> Session {
        self.app().with_token(&self.token(B)).mode(mode).watched()
    }

    /// The same as another role.
    pub fn attacker_as(&self, role: &str, mode: Mode) -> Session {
        self.client(role).with_token(&self.token(B)).mode(mode).watched()
    }

    /// Claims of a good token for a tenant.
    pub fn claims(&self, tenant: &str) -> Claims {
        let claims = Claims::new(ISSUER).claim("aud", AUDIENCE).user("alice");
        match self.walls {
            Walls::Tenants => claims.tenant(tenant),
            // Of the same name as the tenant that it stands for.
            Walls::Compartments | Walls::OpenGlobal => claims.tenant(A).claim("compartment", tenant),
        }
    }

    /// A good token for a tenant.
    pub fn token(&self, tenant: &str) -> String {
        self.sign(self.claims(tenant))
    }

    /// A good token of [`STEADY`], which stays good whatever is done to [`ISSUER`].
    pub fn steady_token(&self, tenant: &str) -> String {
        self.steady.sign(&self.claims(tenant).claim("iss", STEADY).user("bob").build())
    }

    /// A token with these claims, signed with the trusted key.
    pub fn sign(&self, claims: Claims) -> String {
        self.key.sign(&claims.build())
    }

    /// A login role of this database's own, for attacks that change the role itself. Dropped with the database.
    pub fn own_role(&self, attributes: &str) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let role = format!("{}_role{}", self.name, NEXT.fetch_add(1, Ordering::Relaxed));
        self.admin().script(&format!("CREATE ROLE {role} LOGIN {attributes}"));
        role
    }

    /// Restarts the count of a table as nobody but a superuser sees it.
    pub fn truth(&self, sql: &str) -> Vec<String> {
        self.admin().column(sql)
    }
}

impl Drop for Database<'_> {
    fn drop(&mut self) {
        let Ok(mut admin) = self.cluster.try_session("postgres", "postgres", "") else { return };
        let name = &self.name;
        let _ = admin.attempt(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        for role in admin.column(&format!("SELECT rolname FROM pg_roles WHERE rolname LIKE '{name}\\_role%'"))
        {
            let _ = admin.attempt(&format!("DROP ROLE {role}"));
        }
    }
}

/// An empty database owned by `keeper`.
pub fn blank(cluster: &Cluster) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let name = format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed));
    cluster.admin("postgres").run(&format!("CREATE DATABASE {name} OWNER keeper"));
    name
}

/// `CREATE EXTENSION`, one at a time: it makes roles of the whole cluster.
pub fn create_extension(admin: &mut Session) {
    static ONE: Mutex<()> = Mutex::new(());
    let guard = ONE.lock();
    admin.script("CREATE EXTENSION watertight");
    drop(guard);
}

/// The statement that trusts an issuer with these keys; `more` are further arguments, with a comma in front.
pub fn trust(issuer: &str, keys: &[&Key], more: &str) -> String {
    let set = literal(&jwks(keys).to_string());
    format!("SELECT watertight.trust_issuer(issuer => {}, jwks => {set}::jsonb{more})", literal(issuer))
}

const A_ROWS: &str = "
    INSERT INTO patients (id, name, email, ward, age)
    SELECT n, 'CANARY-A-name-' || n, 'a' || n || '@a.example', 'CANARY-A-ward', n FROM generate_series(1, 20) n;
    INSERT INTO visits (id, patient_id, reason)
    SELECT n, n, 'CANARY-A-reason-' || n FROM generate_series(1, 20) n";

const B_ROWS: &str = "
    INSERT INTO patients (id, name, email, ward, age)
    SELECT n, 'b-name-' || n, 'b' || n || '@b.example', 'b-ward', n FROM generate_series(101, 110) n;
    INSERT INTO visits (id, patient_id, reason)
    SELECT n, n, 'b-reason-' || n FROM generate_series(101, 110) n";
