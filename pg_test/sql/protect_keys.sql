-- scope_keys: keys include the tenant, so that they tell nothing about other tenants.
\set SHOW_CONTEXT never
SELECT test.token('hospital_a', '{"sub": "ann", "email": "ann@a.test"}') AS a,
       test.token('hospital_b', '{"sub": "bob", "email": null}') AS b \gset
CREATE ROLE protect_keys_owner;
GRANT CREATE ON SCHEMA public TO protect_keys_owner;
SET ROLE protect_keys_owner;
CREATE TABLE country (code text PRIMARY KEY);
CREATE TABLE customer (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text, name text,
    CONSTRAINT one_email UNIQUE NULLS NOT DISTINCT (email) INCLUDE (name) WITH (fillfactor = 70),
    CONSTRAINT one_name UNIQUE (name) DEFERRABLE INITIALLY DEFERRED);
COMMENT ON CONSTRAINT one_email ON customer IS 'an owner''s words';
CREATE UNIQUE INDEX customer_lower ON customer (lower(email) COLLATE "C" DESC) INCLUDE (name) WHERE email IS NOT NULL;
COMMENT ON INDEX customer_lower IS 'expressions';
ALTER TABLE customer REPLICA IDENTITY USING INDEX customer_pkey;
ALTER TABLE customer CLUSTER ON customer_pkey;
CREATE TABLE "order" (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    customer bigint REFERENCES customer ON DELETE SET NULL,
    payer bigint REFERENCES customer MATCH FULL ON UPDATE CASCADE ON DELETE CASCADE,
    previous uuid CONSTRAINT previous REFERENCES "order" DEFERRABLE INITIALLY DEFERRED,
    country text REFERENCES country);
ALTER TABLE "order" ADD CONSTRAINT unchecked FOREIGN KEY (customer) REFERENCES customer NOT VALID;
COMMENT ON CONSTRAINT unchecked ON "order" IS 'for later';
CREATE TABLE event (id bigint, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE UNIQUE INDEX event_1_at ON event_1 (at);
CREATE TABLE seen (id bigint, at date, FOREIGN KEY (id, at) REFERENCES event);
INSERT INTO country VALUES ('de');
INSERT INTO customer (email, name) VALUES ('ann@a.test', 'Ann');
INSERT INTO "order" (customer, payer, country) VALUES (1, 1, 'de');

-- Row security first, so that the checks of existing rows meet it.
SELECT count(*) > 0 AS done FROM watertight.protect('customer', backfill => 'hospital_a');
-- A table that references it must be protected, too.
SELECT * FROM watertight.protect('customer', scope_keys => true);
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) > 0 AS done FROM watertight.protect('"order"', backfill => 'hospital_a');
-- Under another tenant's token the check still sees all rows.
SET watertight.token = :'b';
SELECT * FROM watertight.protect('customer', scope_keys => true);
RESET watertight.token;
SELECT * FROM watertight.protect('"order"', scope_keys => true);
SELECT * FROM watertight.protect('event', scope_keys => true);
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) > 0 AS done FROM watertight.protect('seen');
SELECT * FROM watertight.protect('event', scope_keys => true);
SELECT * FROM watertight.protect('seen', scope_keys => true);
-- Nothing is left to do, and what is scoped stays so.
SELECT * FROM watertight.protect('customer', scope_keys => true);
SELECT * FROM watertight.protect('customer');
SELECT * FROM watertight.protect('event');

SELECT conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated, obj_description(oid, 'pg_constraint')
FROM pg_constraint WHERE conrelid IN ('customer'::regclass, '"order"'::regclass, 'seen'::regclass) AND contype IN ('p', 'u', 'f')
    AND conparentid = 0
ORDER BY conrelid::regclass::text, conname;
SELECT indexrelid::regclass, pg_get_indexdef(indexrelid), indisreplident, indisclustered, obj_description(indexrelid, 'pg_class')
FROM pg_index WHERE indrelid IN ('customer'::regclass, 'event'::regclass, 'event_1'::regclass) ORDER BY indexrelid::regclass::text;
SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname IN ('customer', 'order', 'event', 'seen') ORDER BY 1;

-- No oracle: what hospital_a has, hospital_b may have as well, and a reference to hospital_a's row looks like one to no row.
SET watertight.token = :'b';
INSERT INTO customer (email, name) VALUES ('ann@a.test', 'Ann');
SELECT email, name, tenant_id FROM customer;
INSERT INTO "order" (customer) VALUES (1);
INSERT INTO "order" (customer) VALUES (99);
INSERT INTO "order" (customer, payer) SELECT id, id FROM customer;
DELETE FROM customer;
SELECT count(*) FROM "order";
SET watertight.token = :'a';
SELECT count(*) FROM "order";
DELETE FROM "order";
INSERT INTO "order" (customer) VALUES (1);
DELETE FROM customer;
SELECT customer, tenant_id FROM "order";
RESET watertight.token;

-- What cannot be scoped is refused, and nothing is changed.
CREATE TABLE busy (room integer, EXCLUDE USING hash (room WITH =));
SELECT * FROM watertight.protect('busy', scope_keys => true);
\echo :LAST_ERROR_SQLSTATE
CREATE TABLE target (a integer, b integer, PRIMARY KEY (a, b));
CREATE TABLE full_pair (a integer, b integer, FOREIGN KEY (a, b) REFERENCES target MATCH FULL);
CREATE TABLE nulls (a integer, b integer, FOREIGN KEY (a, b) REFERENCES target ON UPDATE SET NULL);
CREATE TABLE other_type (a integer, b integer, tenant_id text, FOREIGN KEY (a, b) REFERENCES target);
SELECT count(*) > 0 AS done FROM watertight.protect('full_pair');
SELECT count(*) > 0 AS done FROM watertight.protect('nulls');
SELECT count(*) > 0 AS done FROM watertight.protect('other_type');
SELECT * FROM watertight.protect('target', scope_keys => true);
DROP TABLE full_pair;
SELECT * FROM watertight.protect('target', scope_keys => true);
DROP TABLE nulls;
SELECT * FROM watertight.protect('target', scope_keys => true);
DROP TABLE other_type;
SELECT count(*) > 0 AS done FROM watertight.protect('target', scope_keys => true);
-- A partition's key belongs to its parent.
CREATE TABLE whole (id integer, tenant_id uuid NOT NULL, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE whole_1 PARTITION OF whole FOR VALUES FROM (1) TO (9);
SELECT * FROM watertight.protect('whole_1', scope_keys => true);
\echo :LAST_ERROR_SQLSTATE
-- Rows that reference another tenant's row come to light.
CREATE TABLE parent (id integer PRIMARY KEY);
CREATE TABLE child (id integer REFERENCES parent);
INSERT INTO parent VALUES (1);
INSERT INTO child VALUES (1);
SELECT count(*) > 0 AS done FROM watertight.protect('parent', backfill => 'hospital_a');
SELECT count(*) > 0 AS done FROM watertight.protect('child', backfill => 'hospital_b');
SELECT * FROM watertight.protect('parent', scope_keys => true);
\echo :LAST_ERROR_SQLSTATE
-- Foreign keys of tables that the caller does not own.
RESET ROLE;
CREATE ROLE protect_keys_other;
GRANT CREATE ON SCHEMA public TO protect_keys_other;
GRANT REFERENCES ON parent TO protect_keys_other;
TRUNCATE child;
ALTER TABLE child OWNER TO protect_keys_other;
SET ROLE protect_keys_owner;
SELECT * FROM watertight.protect('parent', scope_keys => true);
\echo :LAST_ERROR_SQLSTATE
