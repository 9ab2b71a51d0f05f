#!/usr/bin/env bash
# The documentation is true: its SQL does what it says, its references name everything there is, its links lead somewhere, and
# the demo tells its story. See docs_sql.py for how a document says what is expected.
# shellcheck source=tests/clients/common/fixture.sh
. "$(dirname "$0")/../common/fixture.sh"

fixture docs-sql

# Tokens as identity providers shape them, each signed with a key of its own; the documents set them by these names.
at() { WT_KEY=$1 WT_ISSUER=$2 sign "${@:3}"; }
idp=$(mktemp -d)
at_exit "rm -rf '$idp'"
for provider in auth0:RS256 keycloak:RS256 clerk:RS256 supabase:ES256; do
    name=${provider%:*}
    "$WT_MINT" keygen --alg "${provider#*:}" --kid "$name-1" --out "$idp/$name" >"$idp/jwks_$name"
done
cp "$(dirname "$WT_KEY")/jwks.json" "$idp/jwks"
token() { printf '%s\n' "$2" >"$idp/$1"; }
token token_a "$(sign --tenant hospital_a --sub alice --email alice@hospital-a.example --role physician --jti token-a)"
token token_b "$(sign --tenant hospital_b --sub bob --email bob@hospital-b.example --jti token-b)"
token token_carol "$(sign --tenant hospital_a --sub carol --email carol@hospital-a.example --role nurse)"
token token_expired "$(sign --tenant hospital_a --sub alice --exp-in -86400)"
token token_forged "$(at "${WT_KEY/ours/stranger}" "$WT_ISSUER" --tenant hospital_a --sub alice)"
token token_auth0 "$(at "$idp/auth0/auth0-1" https://example.eu.auth0.com/ --sub 'auth0|602c0dcab993d10073daf680' \
    --claim org_id=org_9ybsU1dN2dKfDkBi --ttl 86400 \
    --claim 'aud=["https://api.example.com","https://example.eu.auth0.com/userinfo"]' --claim 'scope=openid profile')"
token token_keycloak "$(at "$idp/keycloak/keycloak-1" https://sso.example.com/realms/app --tenant acme --aud app-db \
    --sub 7f9d2c7e-3b7a-4d0b-9a11-1c2d3e4f5a6b --email kim@acme.example --claim email_verified=true --claim typ=Bearer \
    --claim 'realm_access={"roles":["user"]}' --ttl 300)"
token token_supabase "$(at "$idp/supabase/supabase-1" https://abcdefghijkl.supabase.co/auth/v1 --aud authenticated \
    --sub 123e4567-e89b-12d3-a456-426614174000 --role authenticated --email kim@acme.example --claim aal=aal1 \
    --claim session_id=8a2f6d38-5f0e-4d1c-9a4e-0d6f3c1b2a99 --claim 'app_metadata={"tenant":"acme","provider":"email"}')"
token token_clerk "$(at "$idp/clerk/clerk-1" https://clerk.example.com --sub user_2b3c --claim sid=sess_9d8e --claim v=2 \
    --claim 'o={"id":"org_2a1b","slg":"acme","rol":"admin"}' --claim azp=https://example.com --ttl 60)"

python3 -B "$SUITE/main.py" "$ROOT" "$idp"
