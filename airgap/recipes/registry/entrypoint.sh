#!/bin/sh
# A configuration file as the only argument is served; anything else is a command of the registry or of the shell.
set -eu
case "${1:-}" in
  *.yaml|*.yml) set -- registry serve "$@" ;;
  serve|garbage-collect|help|-*) set -- registry "$@" ;;
esac
exec "$@"
