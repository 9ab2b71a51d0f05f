//! What the client is told about a refused token.

use super::json::JsonFlaw;
use super::token_error::{ClaimFlaw, Part, TenantFlaw, TokenError};
use crate::error::{Code, Fault};

const ALGORITHMS: &str = "Watertight accepts EdDSA, ES256, RS256, PS256 and HS256.";
const FRESH: &str = "Get a fresh token from the issuer.";
const CLOCKS: &str = "Compare the clocks of the issuer and of this server, or raise watertight.clock_leeway.";
const COMPACT: &str = "Pass the token alone, in its compact form of three base64url segments, \
    without \"Bearer\" or white space.";
const MAPPING: &str = "Have the issuer put it into the token, or name the claim that holds it in \
    the claims argument of watertight.trust_issuer.";
const ISSUER_SIDE: &str = "Have the issuer correct the tokens it signs.";

impl From<TokenError> for Fault {
    fn from(error: TokenError) -> Fault {
        let fault = |message: &str| Fault::new(Code::InvalidAuthorization, message);
        match error {
            TokenError::Empty => fault("the token is empty").hint(COMPACT),
            TokenError::TooLong => {
                fault("the token is too long").detail("A token may have 16384 bytes.").hint(ISSUER_SIDE)
            }
            TokenError::NotCompact => fault("the token is not a signed JSON Web Token").hint(COMPACT),
            TokenError::Encrypted => fault("the token is encrypted")
                .detail("It has five segments (JWE).")
                .hint("Have the issuer sign the token instead of encrypting it."),
            TokenError::Base64(part) => {
                fault(&format!("the token's {} is not unpadded base64url", part_name(part))).hint(COMPACT)
            }
            TokenError::Json(part, flaw) => {
                fault(&format!("the token's {} cannot be accepted", part_name(part)))
                    .detail(json_detail(flaw))
                    .hint(ISSUER_SIDE)
            }
            TokenError::NoAlgorithm => fault("the token's header has no algorithm").hint(ALGORITHMS),
            TokenError::UnsupportedAlgorithm => {
                fault("the token's signature algorithm is not supported").hint(ALGORITHMS)
            }
            TokenError::WrongType => fault("the token is of another type")
                .detail("Its typ is neither JWT nor at+jwt.")
                .hint("Pass an access or identity token."),
            TokenError::Critical => fault("the token's header demands extensions that are not supported")
                .detail("It has a crit member.")
                .hint(ISSUER_SIDE),
            TokenError::Unencoded => fault("the token's payload is not base64url")
                .detail("Its header has a b64 member that is not true.")
                .hint(ISSUER_SIDE),
            TokenError::EmbeddedKey => fault("the token brings its own key")
                .detail("Its header has a jwk, x5c or x5u member.")
                .hint("Keys are trusted only through watertight.trust_issuer."),
            TokenError::KeyId => {
                fault("the token's key id is not a string of at most 256 bytes").hint(ISSUER_SIDE)
            }
            TokenError::NoIssuer => fault("the token names no issuer").hint("Have the issuer set iss."),
            TokenError::UnknownIssuer => fault("the token's issuer is not trusted").hint(
                "An administrator trusts an issuer with watertight.trust_issuer; iss must \
                    match exactly.",
            ),
            TokenError::UnknownKey => {
                fault("the token is signed with a key that its issuer is not known to have").hint(
                    "If the issuer has rotated its keys, pass its current key set to \
                    watertight.set_issuer_keys; every key needs its kid.",
                )
            }
            TokenError::AmbiguousKey => fault("the token does not say which key signed it")
                .detail("It has no key id, and the issuer has not exactly one key for its algorithm.")
                .hint("Have the issuer set kid."),
            TokenError::AlgorithmMismatch => fault("the token's algorithm is not the algorithm of its key")
                .detail("The key decides the algorithm, the token cannot.")
                .hint(
                    "Correct the alg of the key with watertight.trust_issuer if the issuer really \
                    uses another one.",
                ),
            TokenError::Signature => fault("the token's signature is invalid").hint(
                "The token was changed, or signed with another key: compare the issuer's keys \
                    with those given to watertight.trust_issuer.",
            ),
            TokenError::NoAudience => fault("the token names no audience")
                .hint("Have the issuer set the aud that watertight.trust_issuer was given."),
            TokenError::WrongAudience => fault("the token is meant for another audience").hint(
                "Request a token for this service; its aud must contain the audience given to \
                    watertight.trust_issuer.",
            ),
            TokenError::UnexpectedAudience => {
                fault("the token is meant for an audience, and none is configured")
                    .hint("Pass this service's audience to watertight.trust_issuer.")
            }
            TokenError::AudienceType => {
                fault("the token's audience is neither a string nor an array of strings").hint(ISSUER_SIDE)
            }
            TokenError::NoExpiry => fault("the token has no expiry").hint("Have the issuer set exp."),
            TokenError::Time(name) => {
                fault(&format!("the token's {name} is not a time in whole seconds since 1970"))
                    .hint(ISSUER_SIDE)
            }
            TokenError::NeverValid => fault("the token ends before it begins")
                .detail("Its exp is not after its nbf and iat.")
                .hint(ISSUER_SIDE),
            TokenError::Expired { seconds } => fault("the token has expired")
                .detail(format!("It expired {} ago.", span(seconds)))
                .hint(FRESH),
            TokenError::NotYetValid { seconds } => fault("the token is not valid yet")
                .detail(format!("It becomes valid in {}.", span(seconds)))
                .hint(CLOCKS),
            TokenError::IssuedInFuture { seconds } => fault("the token was issued in the future")
                .detail(format!("Its iat is {} ahead.", span(seconds)))
                .hint(CLOCKS),
            TokenError::Lifetime { limit } => {
                fault("the token lives too long").detail(format!("The limit is {}.", span(limit))).hint(
                    "Have the issuer sign shorter tokens, or raise watertight.max_token_lifetime \
                    and the issuer's own limit.",
                )
            }
            TokenError::Tenant(TenantFlaw::Missing) => fault("the token names no tenant").hint(MAPPING),
            TokenError::Tenant(flaw) => {
                fault("the token's tenant cannot be accepted").detail(tenant_detail(flaw)).hint(MAPPING)
            }
            TokenError::Claim(name, flaw) => fault(&format!("the token's {name} cannot be accepted"))
                .detail(claim_detail(flaw))
                .hint(MAPPING),
        }
    }
}

fn part_name(part: Part) -> &'static str {
    match part {
        Part::Header => "header",
        Part::Claims => "claims segment",
        Part::Signature => "signature",
    }
}

/// One sentence about a JSON text.
pub(super) fn json_detail(flaw: JsonFlaw) -> &'static str {
    match flaw {
        JsonFlaw::Syntax => "It is not valid JSON.",
        JsonFlaw::NotObject => "It is not a JSON object.",
        JsonFlaw::Duplicate => "A JSON object has two members of the same name.",
        JsonFlaw::Depth => "Its JSON is nested more than 16 levels deep.",
        JsonFlaw::Nul => "A JSON string contains the character U+0000.",
    }
}

fn tenant_detail(flaw: TenantFlaw) -> &'static str {
    match flaw {
        TenantFlaw::Missing => "There is none.",
        TenantFlaw::Type => "A tenant is one string or one integer.",
        TenantFlaw::Empty => "It is empty.",
        TenantFlaw::Space => "It begins or ends with white space.",
        TenantFlaw::Control => "It contains a control character.",
        TenantFlaw::TooLong => "It has more than 200 characters.",
    }
}

fn claim_detail(flaw: ClaimFlaw) -> &'static str {
    match flaw {
        ClaimFlaw::Type => "It is not a string.",
        ClaimFlaw::Empty => "It is empty.",
        ClaimFlaw::Control => "It contains a control character.",
        ClaimFlaw::TooLong => "It has more than 1024 bytes.",
        ClaimFlaw::NotUuid => "It is not a uuid.",
        ClaimFlaw::Space => "One of its elements contains white space.",
    }
}

/// A number of seconds, in words a person compares.
fn span(seconds: i64) -> String {
    let (count, unit) = match seconds {
        ..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}
