-- No token.
SELECT name FROM patients;
-- ERROR:  no tenant context

-- Outside of a transaction a token counts for its own statement only.
SELECT watertight.begin(:'token');
SET watertight.token = :'token';
SELECT name FROM patients;
-- ERROR:  no tenant context

-- After COMMIT nothing is left, however the token was set.
BEGIN;
SET watertight.token = :'token';
SELECT count(*) FROM patients;
COMMIT;
SELECT name FROM patients;
-- ERROR:  no tenant context

-- A cursor that would outlive the transaction.
BEGIN;
SELECT watertight.begin(:'token');
DECLARE c CURSOR WITH HOLD FOR SELECT name FROM patients;
-- ERROR:  cannot keep a cursor WITH HOLD under a token that may change
ROLLBACK;

-- A table that would outlive the transaction.
BEGIN;
SELECT watertight.begin(:'token');
CREATE TEMPORARY TABLE mine AS SELECT name FROM patients;
-- ERROR:  permission denied to create temporary tables in database "clinic"
ROLLBACK;

-- A way out of token_scope.
SET watertight.token_scope = 'session';
-- ERROR:  permission denied to set parameter "watertight.token_scope"
