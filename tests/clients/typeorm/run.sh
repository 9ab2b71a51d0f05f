#!/usr/bin/env bash
# TypeORM over node-postgres.
# shellcheck source=tests/clients/common/fixture.sh
. "$(dirname "$0")/../common/fixture.sh"

node_modules
fixture typeorm watertight.clock_leeway=0
export WT_SUITE=$SUITE
node "$SUITE/suite.mjs" "$@"
