//! B24, B25: what a correctly signed token may say about the tenant.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use serde_json::json;
use watertight_mint::{hostile, now};
use watertight_tests::database::{A, AUDIENCE, B, ISSUER};
use watertight_tests::{COUNT, Database, Mode, literal};

fn signed(db: &Database, payload: &[u8]) -> String {
    db.key.sign_bytes(db.key.header().to_string().as_bytes(), payload)
}

/// A payload that is fine but for what is put in place of the tenant.
fn payload(tenant: &str) -> String {
    let exp = now() + 300;
    format!("{{\"iss\":\"{ISSUER}\",\"aud\":\"{AUDIENCE}\",\"exp\":{exp},\"sub\":\"m\",\"tenant\":{tenant}}}")
}

#[test]
fn b24_the_tenant_is_one_text_or_one_number() {
    let db = Database::shared();
    db.accepts("the control", &signed(&db, payload(&format!("\"{A}\"")).as_bytes()), A);
    for tenant in [
        "null",
        "\"\"",
        "true",
        "[]",
        "{}",
        "[\"hospital_a\"]",
        "{\"hospital_a\": 1}",
        "0",
        "-1",
        "1.5",
        "1e400",
        "18446744073709551616",
        "\"%\"",
        "\"_ospital_a\"",
        "\"*\"",
        "\"hospital_a,hospital_b\"",
        "\"' OR true --\"",
        "\"hospital_a' --\"",
    ] {
        db.rejects(tenant, &signed(&db, payload(tenant).as_bytes()));
    }
    db.rejects("no tenant", &db.sign(db.claims(A).without("tenant")));
}

#[test]
fn b24_nearly_the_name_is_not_the_name() {
    let db = Database::shared();
    for near in [
        "hospital_a ",
        " hospital_a",
        "hospital_a\\t",
        "hospital_a\\n",
        "HOSPITAL_A",
        "Hospital_a",
        "hospital_",
        "hospital_aa",
        "hospital\\u005fa\\u0000",
        "hospital_a\\u0000",
        "\\u0000",
        "hospital_а",
        "hоspital_a",
        "hospital_a\\u200b",
        "hospital\\u00ada",
        "ｈospital_a",
        "\\ufeffhospital_a",
        "hospital_a\\ud800",
        "hospital_a;",
    ] {
        db.rejects(near, &signed(&db, payload(&format!("\"{near}\"")).as_bytes()));
    }
    // An escape is the letter it stands for.
    db.accepts("an escape", &signed(&db, payload("\"hospital\\u005fa\"").as_bytes()), A);
}

#[test]
fn b24_the_id_is_the_tenant_only_as_a_plain_uuid() {
    let db = Database::shared();
    db.accepts("the id", &db.token(&db.a), A);
    db.accepts("the id in capitals", &db.token(&db.a.to_uppercase()), A);
    let bare = db.a.replace('-', "");
    for near in [format!("{{{}}}", db.a), format!("urn:uuid:{}", db.a), format!("{} ", db.a), bare] {
        db.rejects(&near, &db.token(&near));
    }
    db.rejects("the nil uuid", &db.token("00000000-0000-0000-0000-000000000000"));
}

#[test]
fn b24_duplicate_members_have_no_meaning() {
    let db = Database::shared();
    let good = payload(&format!("\"{B}\""));
    let inside = good.trim_end_matches('}');
    for more in [
        format!(",\"tenant\":\"{A}\""),
        format!(",\"ten\\u0061nt\":\"{A}\""),
        format!(",\"iss\":\"{ISSUER}\""),
        ",\"exp\":9999999999".to_owned(),
        ",\"extra\":{\"a\":1,\"a\":2}".to_owned(),
        ",\"x\":[{\"a\":1,\"a\":2}]".to_owned(),
    ] {
        db.rejects(&more, &signed(&db, format!("{inside}{more}}}").as_bytes()));
    }
    let payload = db.claims(A).build().to_string();
    let header = b"{\"alg\":\"EdDSA\",\"kid\":\"k1\",\"alg\":\"EdDSA\"}";
    db.rejects("duplicate alg", &db.key.sign_bytes(header, payload.as_bytes()));
}

#[test]
fn b24_payloads_that_are_no_object_are_refused() {
    let db = Database::shared();
    let good = payload(&format!("\"{A}\""));
    for text in
        ["", "null", "[]", "1", "\"x\"", "{", "{}", "{}{}", "[{}]", "{\"iss\"}", "{'iss':1}", "//x\n{}"]
    {
        db.rejects(text, &signed(&db, text.as_bytes()));
    }
    db.rejects("something behind it", &signed(&db, format!("{good}x").as_bytes()));
    db.rejects("a comma too many", &signed(&db, good.replace("}", ",}").as_bytes()));
    db.rejects("a byte order mark", &signed(&db, format!("\u{feff}{good}").as_bytes()));
    db.rejects("not UTF-8", &signed(&db, &[good.as_bytes(), b"\xff"].concat()));
    let latin1: Vec<u8> = payload("\"h\u{f6}pital\"").chars().map(|c| c as u8).collect();
    db.rejects("Latin-1", &signed(&db, &latin1));
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    db.rejects("UTF-16", &signed(&db, &utf16));
}

#[test]
fn b24_deep_and_large_tokens_are_refused_and_nothing_crashes() {
    let db = Database::shared();
    let inside = payload(&format!("\"{A}\"")).trim_end_matches('}').to_owned();
    for depth in [100, 10_000, 200_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let value = if open == "[" { "" } else { "1" };
            let nested = format!("{}{value}{}", open.repeat(depth), close.repeat(depth));
            db.rejects("deep", &signed(&db, format!("{inside},\"x\":{nested}}}").as_bytes()));
        }
    }
    for size in [65_536, 1_000_000, 4_000_000] {
        let large = format!("{inside},\"x\":\"{}\"}}", "y".repeat(size));
        db.rejects("large", &signed(&db, large.as_bytes()));
    }
    let wide: String = (0..100_000).map(|n| format!(",\"m{n}\":{n}")).collect();
    db.rejects("wide", &signed(&db, format!("{inside}{wide}}}").as_bytes()));
    // The server that read all this is still the same.
    assert_eq!(db.attacker(Mode::Simple).number(COUNT), 10);
    let log = db.cluster.log();
    assert!(!log.contains("was terminated by signal"), "a backend crashed");
}

#[test]
fn b24_tokens_that_are_no_tokens_are_refused() {
    let db = Database::shared();
    let token = db.token(A);
    let [header, payload, signature] = hostile::parts(&token).unwrap();
    for text in ["x", ".", "..", "...", "a.b.c", "Bearer", "null", "\u{2603}.\u{2603}.\u{2603}"] {
        db.rejects(text, text);
    }
    db.rejects("Bearer", &format!("Bearer {token}"));
    db.rejects("a space in front", &format!(" {token}"));
    db.rejects("a line feed behind", &format!("{token}\n"));
    db.rejects("a fourth part", &format!("{token}.{signature}"));
    db.rejects("a dot behind", &format!("{token}."));
    db.rejects("padding", &format!("{header}.{payload}.{signature}=="));
    // A signature that has a digit in which the two alphabets differ.
    let differs = (0..)
        .map(|n| db.sign(db.claims(A).user(&format!("u{n}"))))
        .find(|t| t.rsplit('.').next().unwrap().contains('_'));
    let [header, payload, signature] = hostile::parts(differs.as_ref().unwrap()).unwrap();
    db.rejects("the other alphabet", &format!("{header}.{payload}.{}", signature.replace('_', "/")));
    db.rejects("without payload", &format!("{header}..{signature}"));
    db.rejects("without header", &format!(".{payload}.{signature}"));
    db.rejects("half a signature", &format!("{header}.{payload}.{}", &signature[..40]));
    db.rejects("twice a signature", &format!("{token}{signature}"));
    // The last of 86 digits has four bits that mean nothing: another digit there must not be another name of the token.
    for last in ["A", "Q", "g", "w", "B", "R", "h", "x"].iter().filter(|l| !signature.ends_with(**l)) {
        db.rejects("another last digit", &format!("{header}.{payload}.{}{last}", &signature[..85]));
    }
}

#[test]
fn b24_invalid_bytes_never_reach_the_parser() {
    let db = Database::shared();
    let mut session = db.attacker(Mode::Simple);
    session.refused("SELECT watertight.begin(E'\\xff\\xfe')", "22021");
    session.refused("SELECT watertight.begin(NULL)", "28000|22004");
    session.refused("SELECT watertight.begin('')", "28000");
    assert_eq!(session.number(COUNT), 10);
    session.refused(&format!("SET watertight.token = {}, 'x'", literal(&db.token(A))), "22023|42601");
    assert_eq!(session.number(COUNT), 10);
}

#[test]
fn b24_other_claims_are_data_and_nothing_else() {
    let db = Database::shared();
    let hostile = "x', true); SELECT '$$ \" \\ %s";
    let token = db.sign(db.claims(B).user(hostile).claim("email", hostile).claim("role", "watertight_admin"));
    let mut session = db.attacker(Mode::Simple);
    session.set_token(&token);
    assert_eq!(session.one("SELECT watertight.user_id()"), hostile);
    assert_eq!(session.one("SHOW watertight.user_id"), hostile);
    assert_eq!(session.one("SELECT watertight.email()"), hostile);
    assert_eq!(session.number(COUNT), 10);
    // Identity providers have session ids of their own: what is not one of ours is none.
    session.set_token(&db.sign(db.claims(B).claim("sid", "x' OR true --")));
    assert_eq!(session.one("SELECT watertight.session_id()"), "");
    // A role in a token is no role of the database.
    session.refused("SELECT watertight.create_tenant('mine')", "42501");
    for name in ["sub", "email", "role", "jti"] {
        for value in [json!(1), json!([]), json!({}), json!(null), json!(true), json!("a\0b"), json!("a\nb")]
        {
            db.rejects(&format!("{name} {value}"), &db.sign(db.claims(A).claim(name, value.clone())));
        }
    }
}

#[test]
fn b25_a_tenant_that_is_not_there_or_not_active_has_no_sessions() {
    let db = Database::shared();
    for tenant in ["nobody", "hospital_c", "default", "public", "postgres"] {
        db.rejects(tenant, &db.token(tenant));
    }
    let mut admin = db.admin();
    db.accepts("the control", &db.token(A), A);
    admin.run("SELECT watertight.suspend_tenant('hospital_a')");
    db.rejects("suspended", &db.token(A));
    db.rejects("suspended, by id", &db.token(&db.a));
    admin.run("SELECT watertight.resume_tenant('hospital_a')");
    db.accepts("resumed", &db.token(A), A);
    admin.run("SELECT watertight.drop_tenant('hospital_a', 'hospital_a')");
    db.rejects("dropped", &db.token(A));
    db.rejects("dropped, by id", &db.token(&db.a));
    // A tenant of the same name is another tenant: the old one's id is not its.
    let again = admin.one("SELECT watertight.create_tenant('hospital_a')");
    assert_ne!(again, db.a);
    db.rejects("the old id", &db.token(&db.a));
    assert_eq!(db.app().with_token(&db.token(A)).number(COUNT), 0);
}
