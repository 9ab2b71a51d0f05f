-- What an administrator does once the application's own migrations have made its tables. The application is not told.
SELECT watertight.protect('doctors');
SELECT watertight.protect('labels');
SELECT watertight.protect('visits');
SELECT watertight.protect('visit_labels');
-- Patient 123 may exist in both clinics.
SELECT watertight.protect('patients', scope_keys => true);
-- Columns that the application has as text are encrypted from now on. The application is not told of this either.
SELECT watertight.protect('people');
SELECT watertight.encrypt_column('people', 'name');
SELECT watertight.encrypt_column('people', 'ssn', searchable => true);
