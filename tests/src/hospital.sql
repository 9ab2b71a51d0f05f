-- Run by the owner, an ordinary role. A column for the tenant may be there already (patients) or not (visits).
CREATE TABLE patients (
    id bigint PRIMARY KEY,
    name text NOT NULL,
    email text UNIQUE,
    ward text,
    age integer CHECK (age >= 0),
    tenant_id uuid
);
CREATE TABLE visits (
    id bigint PRIMARY KEY,
    patient_id bigint REFERENCES patients,
    reason text
);
SELECT watertight.protect('visits');
SELECT watertight.protect('patients');

-- The control: what protects nothing must leak, or a test proves nothing.
CREATE TABLE open_patients (
    id bigint PRIMARY KEY,
    name text NOT NULL,
    email text UNIQUE,
    ward text,
    age integer,
    tenant_id uuid
);
GRANT SELECT, INSERT, UPDATE, DELETE ON patients, visits, open_patients TO app;
