-- One table of the comparison, with its name, its fence's columns and its rows filled in.
CREATE TABLE {table} (
    tenant_id  uuid NOT NULL,
    {columns}
    id         bigint NOT NULL,
    created_at timestamptz NOT NULL,
    amount     bigint NOT NULL,
    note       text NOT NULL
) WITH (fillfactor = 90);
INSERT INTO {table} {source};
ALTER TABLE {table} ADD PRIMARY KEY ({key}, id);
CREATE INDEX {table}_newest ON {table} ({key}, created_at);
VACUUM (FREEZE, ANALYZE) {table};
GRANT SELECT, INSERT, UPDATE ON {table} TO bench_app, bench_pool;
