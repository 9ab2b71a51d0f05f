-- clinic_owner, in a migration. Visits get a compartment column: those that are there are in Global. Patients stay shared.
SELECT watertight.protect('visits', compartment_column => 'compartment_id');

-- What a compartment with tables of its own begins with. A role may do in a clone what it may do here.
CREATE SCHEMA workspace;
CREATE TABLE workspace.documents (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text NOT NULL);
GRANT USAGE ON SCHEMA workspace TO app;
GRANT SELECT, INSERT, UPDATE, DELETE ON workspace.documents TO app;
