-- Also clinic_owner, once. With scope_keys the tenant becomes part of every key, so that patient 123 may exist in each
-- hospital and a visit can only reference a patient of its own. What references comes before what is referenced.
SELECT watertight.protect('visits', scope_keys => true);
SELECT watertight.protect('patients', scope_keys => true);
