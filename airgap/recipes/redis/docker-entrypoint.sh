#!/bin/sh
# Starts the Redis server as the user redis; arguments that are options or a configuration file are for the server.
# Without a configuration file the server listens for everybody, as a container's server is expected to.
set -eu
case "${1:-}" in
  -*|*.conf) set -- redis-server "$@" ;;
esac
if [ "${1:-}" = redis-server ]; then
  case "${2:-}" in
    *.conf|-h|--help|-v|--version|--check-system|--test-memory) ;;
    *) shift; set -- redis-server --protected-mode no --bind '*' '-::*' "$@" ;;
  esac
  if [ "$(id -u)" = 0 ]; then
    find . \! -user redis -exec chown redis '{}' + 2>/dev/null || true
    exec setpriv --reuid=redis --regid=redis --clear-groups -- "$@"
  fi
fi
exec "$@"
