#!/bin/sh
# HAProxy runs with a master in the foreground, so that the container ends with it and can be told to reload.
set -eu
case "${1:-}" in -*) set -- haproxy "$@" ;; esac
if [ "${1:-}" = haproxy ]; then
  shift
  set -- haproxy -W -db "$@"
fi
exec "$@"
