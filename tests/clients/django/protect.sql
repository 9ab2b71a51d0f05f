-- What an administrator does once `manage.py migrate` has made the tables. The application is not told.
SELECT watertight.protect('clinic_doctor');
SELECT watertight.protect('clinic_label');
SELECT watertight.protect('clinic_visit');
SELECT watertight.protect('clinic_visit_labels');
-- Patient 123 may exist in both clinics.
SELECT watertight.protect('clinic_patient', scope_keys => true);
-- Columns that the application has as text are encrypted from now on. The application is not told of this either.
SELECT watertight.protect('clinic_person');
SELECT watertight.encrypt_column('clinic_person', 'name');
SELECT watertight.encrypt_column('clinic_person', 'ssn', searchable => true);
