-- Comes after the tables were protected.
ALTER TABLE visits ADD COLUMN note text NOT NULL DEFAULT 'none';
CREATE INDEX visits_reason ON visits (reason);
ALTER TABLE people ADD COLUMN note watertight.encrypted_text;
