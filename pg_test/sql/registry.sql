-- Tenants and revocation.
\set SHOW_CONTEXT never
CREATE ROLE registry_app;
CREATE ROLE registry_boss IN ROLE watertight_admin;

-- Only members of watertight_admin.
SET ROLE registry_app;
SELECT watertight.create_tenant('mine');
SELECT watertight.trust_issuer('https://evil.test', '{}');
SELECT watertight.set_issuer_keys('https://id.test', '{}');
SELECT watertight.revoke_token('x');
SELECT * FROM watertight.tenants;
SELECT * FROM watertight.issuers;
RESET ROLE;

GRANT registry_boss TO CURRENT_USER;
SET ROLE registry_boss;
SET ROLE watertight_admin;
SELECT watertight.create_tenant('clinic', region => 'eu-west', retention => '7 years') IS NOT NULL AS created;
SELECT name, key, status, region, retention, created_by FROM watertight.tenants WHERE name = 'clinic';
SELECT * FROM watertight.issuers;
RESET ROLE;

-- Names.
SELECT watertight.create_tenant('clinic');
SELECT watertight.create_tenant('other', key => 1);
SELECT watertight.create_tenant(' clinic');
SELECT watertight.create_tenant('');
SELECT watertight.create_tenant(NULL);
SELECT watertight.create_tenant('0a000000-0000-7000-8000-000000000001');
SELECT watertight.create_tenant(E'cli\u200bnic');

-- Ids are of version 7: they sort by time.
SELECT substr(id::text, 15, 1) FROM watertight.tenants WHERE name = 'clinic';

-- Keys.
SELECT watertight.set_tenant_key('clinic', 1);
SELECT watertight.set_tenant_key('clinic', 3);
SELECT watertight.set_tenant_key('clinic', 3);
SELECT watertight.set_tenant_key('clinic', 4);
SELECT watertight.set_tenant_key('nobody', 5);

-- Suspension and revocation hold from the next statement on.
CREATE TABLE public.visits (id int PRIMARY KEY, note text, tenant_id uuid);
CREATE TABLE public.bills (id int PRIMARY KEY, visit int REFERENCES public.visits, tenant_id uuid);
CREATE TABLE public.prices (id int, tenant bigint);
SELECT count(*) > 0 AS protected FROM watertight.protect('public.visits');
SELECT count(*) > 0 AS protected FROM watertight.protect('public.bills');
SELECT count(*) > 0 AS protected FROM watertight.protect('public.prices', tenant_column => 'tenant');
GRANT SELECT, INSERT, UPDATE, DELETE ON public.visits, public.bills, public.prices TO registry_app;
SET watertight.token = '';
SELECT test.token('hospital_a', '{"jti": "a1"}') AS a, test.token('hospital_b') AS b \gset
SET ROLE registry_app;
SET watertight.token = :'a';
INSERT INTO public.visits (id, note) VALUES (1, 'of a'), (2, 'of a');
INSERT INTO public.bills VALUES (10, 1), (11, 1), (12, 2);
INSERT INTO public.prices VALUES (7);
SET watertight.token = :'b';
INSERT INTO public.visits (id, note) VALUES (3, 'of b');
SELECT id, note FROM public.visits;
SET watertight.token = :'a';
SELECT id, note FROM public.visits;
RESET ROLE;
SELECT watertight.suspend_tenant('hospital_a');
SET ROLE registry_app;
SELECT id FROM public.visits;
INSERT INTO public.visits VALUES (4);
RESET ROLE;
SELECT watertight.resume_tenant('hospital_a');
SELECT watertight.suspend_tenant('nobody');
SET ROLE registry_app;
SELECT id FROM public.visits;
RESET ROLE;
SELECT watertight.revoke_token('a1');
SET ROLE registry_app;
SELECT id FROM public.visits;
RESET ROLE;
DELETE FROM watertight.revoked_tokens;
SELECT watertight.revoke_user('alice', issued_before => now() - interval '1 hour');
SET ROLE registry_app;
SELECT id FROM public.visits;
RESET ROLE;
SELECT watertight.revoke_user('alice', issued_before => now());
SET ROLE registry_app;
SELECT id FROM public.visits;
RESET ROLE;
SELECT watertight.revoke_user('alice');
SET ROLE registry_app;
SELECT id FROM public.visits;
RESET ROLE;
SELECT watertight.restore_user('alice'), watertight.restore_user('alice');
-- One issuer's user, or the user of every issuer; each is taken back as it was made.
SELECT watertight.revoke_user('alice', issuer => 'https://id.test/');
SELECT watertight.revoke_user('alice', issuer => '');
SELECT watertight.trust_issuer('https://other.test', jwks) FROM watertight.issuers WHERE issuer = 'https://id.test';
SELECT watertight.revoke_user('alice', issuer => 'https://other.test');
SELECT test.token('hospital_a', '{"iss": "https://other.test"}') AS other \gset
SET ROLE registry_app;
SELECT id FROM public.visits;
BEGIN;
SELECT watertight.begin(:'other');
ROLLBACK;
RESET ROLE;
SELECT watertight.revoke_user('alice', issued_before => now() - interval '1 hour');
SET ROLE registry_app;
SELECT id FROM public.visits;
BEGIN;
SELECT watertight.begin(:'other');
ROLLBACK;
RESET ROLE;
SELECT user_id, issued_before IS NULL AS for_good, issuer FROM watertight.revoked_users ORDER BY issuer;
SELECT watertight.restore_user('alice', 'https://id.test'), watertight.restore_user('alice'), watertight.restore_user('alice');
SELECT watertight.revoke_user('alice', issuer => 'https://id.test');
SELECT watertight.restore_user('alice', issuer => 'https://other.test');
SET ROLE registry_app;
SELECT id FROM public.visits;
BEGIN;
SELECT watertight.begin(:'other');
ROLLBACK;
RESET ROLE;
SELECT watertight.restore_user('alice'), watertight.restore_user('alice', 'https://id.test');
SELECT watertight.distrust_issuer('https://other.test');
-- Forgetting: only what has outlived every token, by the longest lifetime and leeway; bans of users stay.
INSERT INTO watertight.revoked_tokens (jti, revoked_at) VALUES ('old', now() - interval '25 hours 1 minute'), ('young', now() - interval '24 hours 59 minutes');
INSERT INTO watertight.revoked_users (user_id, issued_before, revoked_at)
SELECT what, extract(epoch FROM now() - before)::bigint, now() - revoked
  FROM (VALUES ('old', interval '26 hours', interval '26 hours'), ('young', '24 hours', '26 hours'),
               ('told lately', '26 hours', '1 hour'), ('banned', NULL, '1 year')) AS v (what, before, revoked);
SET ROLE registry_app;
SELECT watertight.forget_revocations();
SET ROLE watertight_admin;
SELECT watertight.forget_revocations(now() - interval '24 hours');
SELECT watertight.forget_revocations('infinity');
SELECT watertight.forget_revocations('-infinity');
SELECT watertight.forget_revocations(now() - interval '30 hours');
SELECT watertight.forget_revocations();
RESET ROLE;
SELECT jti FROM watertight.revoked_tokens ORDER BY jti;
SELECT user_id FROM watertight.revoked_users ORDER BY user_id;
-- A token that is revoked again starts anew.
UPDATE watertight.revoked_tokens SET revoked_at = now() - interval '1 year';
SELECT watertight.revoke_token('young');
SELECT watertight.forget_revocations();
-- Without a longest lifetime nobody but the administrator can know.
SET watertight.max_token_lifetime = 0;
SELECT watertight.forget_revocations();
SELECT watertight.forget_revocations(now() + interval '1 minute');
SELECT watertight.forget_revocations(now() - interval '1 minute');
RESET watertight.max_token_lifetime;
DELETE FROM watertight.revoked_tokens;
DELETE FROM watertight.revoked_users;
SELECT watertight.revoke_user('');
SELECT watertight.revoke_token(NULL);

-- Dropping a tenant: typed twice, rows first.
SELECT * FROM watertight.drop_tenant('hospital_a');
SELECT * FROM watertight.drop_tenant('hospital_a', confirm => 'hospital_b');
SELECT * FROM watertight.drop_tenant('nobody', confirm => 'nobody');
SELECT * FROM watertight.drop_tenant('hospital_a', confirm => 'hospital_a');
SELECT id, note FROM public.visits;
SELECT count(*) FROM public.bills;
SET ROLE registry_app;
SELECT id FROM public.visits;
RESET ROLE;
RESET watertight.token;

-- Trust: what is refused changes nothing.
SELECT watertight.trust_issuer(NULL, '{}');
SELECT watertight.trust_issuer('https://id.test', NULL);
SELECT watertight.trust_issuer('https://id.test', '{"keys": []}');
SELECT watertight.trust_issuer('https://id.test', '{"keys": [{"kty": "oct", "alg": "HS256", "kid": "k", "k": "c2hvcnQ"}]}');
SELECT watertight.trust_issuer('https://id.test', jwks, claims => '{"tenent": "org"}') FROM watertight.issuers;
SELECT watertight.trust_issuer('https://id.test', jwks, tenants => '{nobody}') FROM watertight.issuers;
SELECT watertight.trust_issuer('https://id.test', jwks, tenants => '{}') FROM watertight.issuers;
SELECT watertight.distrust_issuer('https://elsewhere.test');
-- New keys alone: what else was said of the issuer stays, and what is refused changes nothing.
SELECT watertight.trust_issuer('https://keys.test', jwks, audience => 'app', claims => '{"tenant": "org"}',
    tenants => '{clinic}', max_lifetime => '1 hour', leeway => '5 seconds') FROM watertight.issuers WHERE issuer = 'https://id.test';
SET ROLE watertight_admin;
SELECT watertight.set_issuer_keys('https://keys.test', '{"kty": "oct", "alg": "HS256", "kid": "next", "k": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"}');
SELECT watertight.set_issuer_keys('https://keys.test', '{"keys": []}');
SELECT watertight.set_issuer_keys('https://keys.test', NULL);
SELECT watertight.set_issuer_keys('https://keys.test/', '{"kty": "oct", "alg": "HS256", "kid": "next", "k": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"}');
RESET ROLE;
SELECT issuer, jwks ->> 'kid' AS kid, audience, claims, cardinality(tenants) AS tenants, max_lifetime, leeway
  FROM watertight.issuers WHERE issuer = 'https://keys.test';
SELECT watertight.distrust_issuer('https://keys.test');
-- An issuer of one tenant cannot speak for another.
SELECT watertight.trust_issuer('https://id.test', jwks, tenants => '{clinic}') FROM watertight.issuers;
BEGIN; SELECT watertight.begin(test.token('hospital_b')); ROLLBACK;
BEGIN; SELECT watertight.begin(test.token('clinic')); SELECT watertight.tenant(), watertight.tenant_key(); ROLLBACK;
-- The longest lifetime is the issuer's, where it is shorter.
SELECT watertight.trust_issuer('https://id.test', jwks, max_lifetime => '1 minute') FROM watertight.issuers;
BEGIN; SELECT watertight.begin(test.token('clinic')); ROLLBACK;
DROP TABLE public.bills, public.visits, public.prices;
SELECT * FROM watertight.protected_tables;
DROP ROLE registry_app, registry_boss;
