-- clinic_owner, in a migration. The application reads and writes these columns as if they were text.
CREATE TABLE records (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ssn       watertight.searchable_text UNIQUE,
    diagnosis watertight.encrypted_text NOT NULL
);
SELECT watertight.protect('records');
GRANT SELECT, INSERT, UPDATE, DELETE ON records TO app;
