#!/usr/bin/env bash
# SQLAlchemy 2 over psycopg 3 and over asyncpg.
# shellcheck source=tests/clients/common/fixture.sh
. "$(dirname "$0")/../common/fixture.sh"

python_venv
# An hour's leeway would make the test of expiry an hour long.
fixture sqlalchemy watertight.clock_leeway=0
"$PYTHON" "$SUITE/suite.py" "$@"
