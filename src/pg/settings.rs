//! Watertight's plain settings, behind typed accessors. (The token and what is derived from it are in `context`.)

use crate::sys::query::forget_plans;
use crate::sys::{search_path, setting};
use pgrx::guc::{GucContext, GucFlags, GucRegistry, GucSetting, PostgresGucEnum};
use std::ffi::CString;

/// How long a token counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PostgresGucEnum)]
pub enum TokenScope {
    /// As PostgreSQL treats any setting: until it is changed.
    #[name = c"session"]
    Session,
    /// Only inside the transaction that set it.
    #[name = c"transaction"]
    Transaction,
}

/// What reading a protected table without a context does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PostgresGucEnum)]
pub enum OnMissing {
    /// Raises 28000.
    #[name = c"error"]
    Error,
    /// Finds no rows.
    #[name = c"empty"]
    Empty,
}

/// Whether sessions without a token have a tenant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PostgresGucEnum)]
pub enum Mode {
    /// They have none.
    #[name = c"multi"]
    Multi,
    /// They have the default tenant.
    #[name = c"single"]
    Single,
}

static TOKEN_SCOPE: GucSetting<TokenScope> = GucSetting::<TokenScope>::new(TokenScope::Session);
static ON_MISSING: GucSetting<OnMissing> = GucSetting::<OnMissing>::new(OnMissing::Error);
static MODE: GucSetting<Mode> = GucSetting::<Mode>::new(Mode::Multi);
static DEFAULT_TENANT: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c"default"));
static LEEWAY: GucSetting<i32> = GucSetting::<i32>::new(30);
static MAX_LIFETIME: GucSetting<i32> = GucSetting::<i32>::new(86_400);
static SEARCH_INDEXES: GucSetting<bool> = GucSetting::<bool>::new(true);
static COMPARTMENTS: GucSetting<bool> = GucSetting::<bool>::new(false);
static PERSISTENT: GucSetting<bool> = GucSetting::<bool>::new(true);
static GLOBAL_READABLE: GucSetting<bool> = GucSetting::<bool>::new(false);
static GLOBAL_WRITABLE: GucSetting<bool> = GucSetting::<bool>::new(true);
static TEMPLATE: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);
static SESSION_LIFETIME: GucSetting<i32> = GucSetting::<i32>::new(8 * 3_600);
static SESSION_IDLE: GucSetting<i32> = GucSetting::<i32>::new(30 * 60);
static EPHEMERAL_LIFETIME: GucSetting<i32> = GucSetting::<i32>::new(0);
static MAX_EPHEMERAL: GucSetting<i32> = GucSetting::<i32>::new(100);
static MAX_SESSIONS: GucSetting<i32> = GucSetting::<i32>::new(8_192);
static REAP_INTERVAL: GucSetting<i32> = GucSetting::<i32>::new(10);
static POOL: GucSetting<i32> = GucSetting::<i32>::new(0);
static KEEP_ENDED: GucSetting<i32> = GucSetting::<i32>::new(30);
static BYPASS: GucSetting<bool> = GucSetting::<bool>::new(false);
static CACHE_SIZE: GucSetting<i32> = GucSetting::<i32>::new(1024);

/// Defines the settings; called once, while the library is loaded.
pub fn define() {
    GucRegistry::define_enum_guc(
        c"watertight.token_scope",
        c"How long a token set by SET counts: session, or only the transaction that set it.",
        c"Use transaction behind a pooler in transaction mode: a client that forgets to reset its token cannot \
          leave it to the next one.",
        &TOKEN_SCOPE,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_enum_guc(
        c"watertight.on_missing_context",
        c"What reading a protected table without a token does: error, or empty (no rows).",
        c"",
        &ON_MISSING,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_enum_guc(
        c"watertight.mode",
        c"multi: every session needs a token. single: sessions without a token belong to watertight.default_tenant.",
        c"",
        &MODE,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_string_guc(
        c"watertight.default_tenant",
        c"The name of the tenant of sessions without a token in single mode.",
        c"",
        &DEFAULT_TENANT,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"watertight.clock_leeway",
        c"How far an issuer's clock may differ from the server's.",
        c"An issuer's own leeway, given to trust_issuer, comes first.",
        &LEEWAY,
        0,
        3_600,
        GucContext::Suset,
        GucFlags::UNIT_S,
    );
    GucRegistry::define_int_guc(
        c"watertight.max_token_lifetime",
        c"The longest lifetime a token may claim; 0 means no limit.",
        c"An issuer may be held to less by trust_issuer, not allowed more.",
        &MAX_LIFETIME,
        0,
        i32::MAX,
        GucContext::Suset,
        GucFlags::UNIT_S,
    );
    define_compartments();
    define_worker();
    super::key_settings::define();
    setting::define_switch(
        c"watertight.search_indexes",
        c"Whether conditions that have been examined are answered by indexes under row security.",
        c"Off: only conditions whose functions PostgreSQL calls leakproof are.",
        &SEARCH_INDEXES,
        switched,
    );
    GucRegistry::define_int_guc(
        c"watertight.token_cache_size",
        c"How many verified tokens each backend remembers.",
        c"About one kilobyte each. A token that is not remembered is verified again.",
        &CACHE_SIZE,
        0,
        1_000_000,
        GucContext::Suset,
        GucFlags::default(),
    );
}

fn define_compartments() {
    let switch = |name, short, long, value: &'static GucSetting<bool>| {
        setting::define_switch(name, short, long, value, switched);
    };
    switch(
        c"watertight.compartments",
        c"Whether tenants have compartments beside Global.",
        c"Off: everything is in Global, and login() opens sessions there only.",
        &COMPARTMENTS,
    );
    switch(
        c"watertight.persistent_compartments",
        c"Whether persistent compartments can be created and entered.",
        c"",
        &PERSISTENT,
    );
    switch(
        c"watertight.global_readable",
        c"Whether rows in Global are readable from other compartments.",
        c"",
        &GLOBAL_READABLE,
    );
    switch(
        c"watertight.global_writable",
        c"Whether rows in Global can be written from within Global.",
        c"",
        &GLOBAL_WRITABLE,
    );
    switch(
        c"watertight.bypass",
        c"Lets a superuser look into compartments' schemas.",
        c"For pg_dump and repairs. Every use is written to the server's log.",
        &BYPASS,
    );
    GucRegistry::define_string_guc(
        c"watertight.compartment_template",
        c"The schema that new ephemeral compartments are cloned from where login() names none.",
        c"Empty: they have no schema of their own.",
        &TEMPLATE,
        GucContext::Suset,
        GucFlags::default(),
    );
    let seconds = |name, short, long, value: &'static GucSetting<i32>, least| {
        GucRegistry::define_int_guc(
            name,
            short,
            long,
            value,
            least,
            i32::MAX,
            GucContext::Suset,
            GucFlags::UNIT_S,
        );
    };
    seconds(
        c"watertight.session_lifetime",
        c"How long a session lasts where neither its compartment nor login() says.",
        c"Never longer than watertight.max_token_lifetime.",
        &SESSION_LIFETIME,
        1,
    );
    seconds(
        c"watertight.session_idle_timeout",
        c"How long a session lasts without a statement; 0 means as long as the session.",
        c"",
        &SESSION_IDLE,
        0,
    );
    seconds(
        c"watertight.ephemeral_lifetime",
        c"The longest lifetime of an ephemeral compartment; 0 means that of its session.",
        c"",
        &EPHEMERAL_LIFETIME,
        0,
    );
    GucRegistry::define_int_guc(
        c"watertight.max_ephemeral_compartments",
        c"How many ephemeral compartments a tenant may have at a time.",
        c"",
        &MAX_EPHEMERAL,
        0,
        i32::MAX,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"watertight.max_sessions",
        c"How many sessions that login() opened the server remembers in shared memory.",
        c"About 300 bytes each.",
        &MAX_SESSIONS,
        16,
        1_000_000,
        GucContext::Postmaster,
        GucFlags::default(),
    );
}

fn define_worker() {
    let number = |name, short, long, value: &'static GucSetting<i32>, least, most, flags| {
        GucRegistry::define_int_guc(name, short, long, value, least, most, GucContext::Sighup, flags);
    };
    number(
        c"watertight.reap_interval",
        c"How often the background worker looks for what has ended.",
        c"It is woken at once by most of what concerns it.",
        &REAP_INTERVAL,
        1,
        3_600,
        GucFlags::UNIT_S,
    );
    number(
        c"watertight.compartment_pool",
        c"How many clones of watertight.compartment_template wait for new ephemeral compartments.",
        c"In each database that has a template.",
        &POOL,
        0,
        10_000,
        GucFlags::default(),
    );
    number(
        c"watertight.keep_ended_compartments",
        c"How many days watertight.ended_compartments remembers.",
        c"",
        &KEEP_ENDED,
        0,
        36_500,
        GucFlags::default(),
    );
}

/// What a context may reach is kept with its token until the registry changes; plans know which comparison serves.
fn switched() {
    crate::pg::ext::registry_changed();
    forget_plans();
    search_path::forget();
}

/// `watertight.compartments`
pub fn compartments() -> bool {
    COMPARTMENTS.get()
}

/// `watertight.persistent_compartments`
pub fn persistent_compartments() -> bool {
    PERSISTENT.get()
}

/// `watertight.global_readable` and `watertight.global_writable`
pub fn global() -> watertight_core::compartment::Settings {
    watertight_core::compartment::Settings {
        global_readable: GLOBAL_READABLE.get(),
        global_writable: GLOBAL_WRITABLE.get(),
    }
}

/// `watertight.bypass`, of a superuser: a session that has it on and has become somebody else does not have it. What runs with
/// an owner's rights inside of the superuser's own commands (the check of a foreign key, an index expression) does.
pub fn bypass() -> bool {
    BYPASS.get() && super::role::is_superuser(super::role::chosen())
}

/// `watertight.compartment_template`
pub fn compartment_template() -> Option<String> {
    TEMPLATE.get().and_then(|name| name.into_string().ok()).filter(|name| !name.is_empty())
}

/// The limits of sessions, in seconds.
pub fn sessions() -> watertight_core::session::Installation {
    watertight_core::session::Installation {
        lifetime: i64::from(SESSION_LIFETIME.get()),
        max_lifetime: max_token_lifetime(),
        idle: i64::from(SESSION_IDLE.get()),
        ephemeral: i64::from(EPHEMERAL_LIFETIME.get()),
    }
}

/// `watertight.max_ephemeral_compartments`
pub fn max_ephemeral() -> i64 {
    i64::from(MAX_EPHEMERAL.get())
}

/// `watertight.reap_interval`, seconds.
pub fn reap_interval() -> u64 {
    u64::try_from(REAP_INTERVAL.get()).unwrap_or(10)
}

/// `watertight.compartment_pool`
pub fn compartment_pool() -> usize {
    usize::try_from(POOL.get()).unwrap_or(0)
}

/// `watertight.keep_ended_compartments`, days.
pub fn keep_ended_compartments() -> i32 {
    KEEP_ENDED.get()
}

/// `watertight.max_sessions`
pub fn max_sessions() -> usize {
    usize::try_from(MAX_SESSIONS.get()).unwrap_or(16)
}

/// `watertight.token_scope`
pub fn token_scope() -> TokenScope {
    TOKEN_SCOPE.get()
}

/// `watertight.on_missing_context`
pub fn on_missing() -> OnMissing {
    ON_MISSING.get()
}

/// `watertight.mode`
pub fn mode() -> Mode {
    MODE.get()
}

/// `watertight.default_tenant`
pub fn default_tenant() -> Option<String> {
    DEFAULT_TENANT.get().and_then(|name| name.into_string().ok()).filter(|name| !name.is_empty())
}

/// `watertight.clock_leeway`, seconds.
pub fn clock_leeway() -> i64 {
    i64::from(LEEWAY.get())
}

/// `watertight.max_token_lifetime`, seconds; 0 means no limit.
pub fn max_token_lifetime() -> i64 {
    i64::from(MAX_LIFETIME.get())
}

/// `watertight.search_indexes`
pub fn search_indexes() -> bool {
    SEARCH_INDEXES.get()
}

/// `watertight.token_cache_size`
pub fn token_cache_size() -> usize {
    usize::try_from(CACHE_SIZE.get()).unwrap_or(0)
}
