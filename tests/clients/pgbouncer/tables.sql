SET ROLE app_owner;
CREATE TABLE patients (id int PRIMARY KEY, name text NOT NULL, changed int NOT NULL DEFAULT 0);
SELECT watertight.protect('patients', scope_keys => true);
CREATE TABLE letters (name watertight.encrypted_text, code watertight.searchable_text UNIQUE);
SELECT watertight.protect('letters');
-- The control: what a pooled connection tells the next client where nothing protects a table.
CREATE TABLE open_patients (name text NOT NULL);
INSERT INTO open_patients SELECT c || ' patient ' || n FROM unnest('{north,south}'::text[]) c, generate_series(1, 20) n;
RESET ROLE;

-- Like app, without what pooling.sql does for app.
CREATE ROLE careless LOGIN IN ROLE app;
GRANT TEMPORARY ON DATABASE clinic TO careless;
