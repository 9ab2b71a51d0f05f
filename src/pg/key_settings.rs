//! Where the master key comes from.

use pgrx::guc::{GucContext, GucFlags, GucRegistry, GucSetting};
use std::ffi::CString;

type Text = GucSetting<Option<CString>>;

static FILE: Text = Text::new(None);
static COMMAND: Text = Text::new(None);
static WRAP: Text = Text::new(None);
static UNWRAP: Text = Text::new(None);
static NAME: Text = Text::new(None);
static TIMEOUT: GucSetting<i32> = GucSetting::<i32>::new(10);

/// Defines the settings; called once, while the library is loaded. They say where secrets are, so only superusers read them.
pub fn define() {
    let text = |name, short, long, value: &'static Text| {
        GucRegistry::define_string_guc(
            name,
            short,
            long,
            value,
            GucContext::Sighup,
            GucFlags::SUPERUSER_ONLY,
        );
    };
    text(
        c"watertight.master_key_file",
        c"The file that holds the master key.",
        c"A version and a key on each line. It belongs to the server's user, and nobody else may read it.",
        &FILE,
    );
    text(
        c"watertight.master_key_command",
        c"The command that prints the master key, as the file would hold it.",
        c"Run at start and when the configuration is read again.",
        &COMMAND,
    );
    text(
        c"watertight.key_wrap_command",
        c"The command that encrypts a tenant's key, where a key management service keeps the master key itself.",
        c"It reads the key from its standard input and prints the result. %v is watertight.key_name, %t the tenant's id. Without it, the key of the file or of master_key_command wraps.",
        &WRAP,
    );
    text(
        c"watertight.key_unwrap_command",
        c"The command that decrypts what watertight.key_wrap_command has printed.",
        c"%v is what watertight.key_name was then, %t the tenant's id.",
        &UNWRAP,
    );
    text(
        c"watertight.key_name",
        c"The key of the key management service, or its version: what %v stands for.",
        c"",
        &NAME,
    );
    GucRegistry::define_int_guc(
        c"watertight.key_command_timeout",
        c"How long a command that provides keys may take.",
        c"",
        &TIMEOUT,
        1,
        3_600,
        GucContext::Sighup,
        GucFlags::UNIT_S,
    );
}

fn text(value: &Text) -> Option<String> {
    value.get().and_then(|text| text.into_string().ok()).filter(|text| !text.is_empty())
}

/// What the settings say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configured {
    /// `watertight.master_key_file`
    pub file: Option<String>,
    /// `watertight.master_key_command`
    pub command: Option<String>,
    /// `watertight.key_wrap_command`
    pub wrap: Option<String>,
    /// `watertight.key_unwrap_command`
    pub unwrap: Option<String>,
    /// `watertight.key_name`
    pub name: String,
}

/// What the settings say now.
pub fn configured() -> Configured {
    Configured {
        file: text(&FILE),
        command: text(&COMMAND),
        wrap: text(&WRAP),
        unwrap: text(&UNWRAP),
        name: text(&NAME).unwrap_or_else(|| "1".to_owned()),
    }
}

/// `watertight.key_command_timeout`, seconds.
pub fn command_timeout() -> u64 {
    u64::try_from(TIMEOUT.get()).unwrap_or(10)
}
