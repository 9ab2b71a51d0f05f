BEGIN;
SELECT watertight.begin(:'token');
SELECT name FROM patients WHERE id = 1;
COMMIT;

BEGIN;
SET LOCAL watertight.token = :'token';
SELECT name FROM patients WHERE id = 1;
COMMIT;
