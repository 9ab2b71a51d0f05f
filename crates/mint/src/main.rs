//! `watertight-mint`: the command line of the crate.

mod args;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use args::Args;
use serde_json::Value;
use watertight_mint::{Claims, Key, MintError, store};

const USAGE: &str = "\
watertight-mint makes keys and signs tokens. For development, tests and benchmarks.

  watertight-mint keygen --alg EdDSA|ES256|RS256|PS256|HS256 --kid KID --out DIR
      writes DIR/KID (private) and DIR/jwks.json (for watertight.trust_issuer), and prints the latter
  watertight-mint jwks DIR
      prints the JWK set of the keys in DIR
  watertight-mint sign --key DIR/KID --iss ISSUER --tenant TENANT [--sub USER] [--email MAIL] [--role ROLE]
      [--aud AUDIENCE] [--jti ID] [--ttl SECONDS] [--exp-in SECONDS] [--claim NAME=JSON]...
      [--header NAME=JSON]... [--no-kid]
      prints a token; with a negative --exp-in, one that has expired
  watertight-mint bulk --key DIR/KID --iss ISSUER --prefix NAME --count N [options of sign]
      prints a token for each of the tenants NAME-1 .. NAME-N, one a line
";

fn main() -> ExitCode {
    match run(Args::new(std::env::args().skip(1))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("watertight-mint: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut args: Args) -> Result<(), MintError> {
    if args.switch("--help") {
        return say(USAGE);
    }
    match args.word().as_deref() {
        Some("keygen") => keygen(args),
        Some("jwks") => print_jwks(args),
        Some("sign") => sign(args),
        Some("bulk") => bulk(args),
        None | Some("help") => say(USAGE),
        Some(other) => Err(MintError::Input(format!("no such command: {other}\n\n{USAGE}"))),
    }
}

fn keygen(mut args: Args) -> Result<(), MintError> {
    let key = Key::generate(args.required("--alg")?.parse()?, &args.required("--kid")?);
    let out = args.required("--out")?;
    args.finish()?;
    store::save(Path::new(&out), &key)?;
    say(&format!("{:#}\n", store::directory_jwks(Path::new(&out))?))
}

fn print_jwks(mut args: Args) -> Result<(), MintError> {
    let dir = args.word().ok_or_else(|| MintError::Input("jwks needs a directory".into()))?;
    args.finish()?;
    say(&format!("{:#}\n", store::directory_jwks(Path::new(&dir))?))
}

fn sign(mut args: Args) -> Result<(), MintError> {
    let tenant = args.value("--tenant")?;
    let mint = Mint::from(args)?;
    say(&format!("{}\n", mint.token(tenant.as_deref())))
}

fn bulk(mut args: Args) -> Result<(), MintError> {
    let prefix = args.required("--prefix")?;
    let count = args.number("--count")?.ok_or_else(|| MintError::Input("--count is missing".into()))?;
    let mint = Mint::from(args)?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let stdout = |e| MintError::File("standard output".into(), e);
    for n in 1..=count {
        writeln!(out, "{}", mint.token(Some(&format!("{prefix}-{n}")))).map_err(stdout)?;
    }
    out.flush().map_err(stdout)
}

/// What all tokens of one run have in common.
struct Mint {
    key: Key,
    header: Value,
    claims: Claims,
}

impl Mint {
    fn from(mut args: Args) -> Result<Mint, MintError> {
        let key = store::load(Path::new(&args.required("--key")?))?;
        let mut claims = Claims::new(&args.required("--iss")?);
        for (option, claim) in
            [("--sub", "sub"), ("--email", "email"), ("--role", "role"), ("--aud", "aud"), ("--jti", "jti")]
        {
            if let Some(value) = args.value(option)? {
                claims = claims.claim(claim, value);
            }
        }
        let ttl = args.number("--ttl")?;
        if let Some(seconds) = args.number("--exp-in")?.or(ttl) {
            claims = claims.expires_in(seconds);
        }
        for (name, value) in pairs(args.values("--claim")?)? {
            claims = claims.claim(&name, value);
        }
        let mut header = key.header();
        if args.switch("--no-kid") {
            header.as_object_mut().map(|h| h.remove("kid"));
        }
        for (name, value) in pairs(args.values("--header")?)? {
            header[name] = value;
        }
        args.finish()?;
        Ok(Mint { key, header, claims })
    }

    fn token(&self, tenant: Option<&str>) -> String {
        let claims = self.claims.clone();
        let claims = if let Some(tenant) = tenant { claims.tenant(tenant) } else { claims };
        self.key.sign_with(&self.header, &claims.build())
    }
}

/// `name=value`: the value is JSON where it can be, else a text.
fn pairs(given: Vec<String>) -> Result<Vec<(String, Value)>, MintError> {
    let split = |pair: String| match pair.split_once('=') {
        Some((name, value)) => {
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
            Ok((name.to_owned(), value))
        }
        None => Err(MintError::Input(format!("not NAME=VALUE: {pair}"))),
    };
    given.into_iter().map(split).collect()
}

/// Prints, without a panic when the reader has gone.
fn say(text: &str) -> Result<(), MintError> {
    std::io::stdout().write_all(text.as_bytes()).map_err(|e| MintError::File("standard output".into(), e))
}
