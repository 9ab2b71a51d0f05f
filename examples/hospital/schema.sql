-- The application's own migration, run by clinic_owner. It knows nothing of tenants.
CREATE TABLE patients (
    id   bigint PRIMARY KEY,
    name text NOT NULL,
    dob  date NOT NULL
);
CREATE TABLE visits (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    patient_id bigint NOT NULL REFERENCES patients,
    reason     text NOT NULL,
    created_by text
);
GRANT SELECT, INSERT, UPDATE, DELETE ON patients, visits TO app;
