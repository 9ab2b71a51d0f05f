#!/usr/bin/env bash
# Django over psycopg 3.
# shellcheck source=tests/clients/common/fixture.sh
. "$(dirname "$0")/../common/fixture.sh"

python_venv
fixture django watertight.clock_leeway=0
export DJANGO_SETTINGS_MODULE=project.settings
"$PYTHON" "$SUITE/suite.py" "$@"
