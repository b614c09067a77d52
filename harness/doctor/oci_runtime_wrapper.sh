#!/bin/sh
# Stands before runc on hosts whose bounding set lacks a capability (harness doctor --fix put it here).
#
# Docker 20.10 asks for every capability the kernel knows when a container is privileged; runc then
# fails with "unable to apply caps: operation not permitted". This drops those the host cannot give
# from the container's config.json (create, run) or from the process file (exec), then becomes runc.
# The list is the sed script beside this file. It runs for every exec: only sh built-ins and one sed.
command=
file=
option=
for word in "$@"; do
    case "$option" in
        bundle) file=$word/config.json option= ; continue ;;
        process) file=$word option= ; continue ;;
        skip) option= ; continue ;;
    esac
    case "$word" in
        --bundle | -b) option=bundle ;;
        --bundle=*) file=${word#*=}/config.json ;;
        --process | -p) option=process ;;
        --process=*) file=${word#*=} ;;
        --root | --log | --log-format | --rootless | --criu) option=skip ;;
        -*) ;;
        *) [ -n "$command" ] || command=$word ;;
    esac
done
case "$command" in
    create | run | restore) file=${file:-config.json} ;;
    exec) ;;
    *) file= ;;
esac
if [ -n "$file" ] && [ -f "$file" ]; then
    sed -z -E -i -f "${0%/*}/missing-capabilities.sed" "$file" || exit 1
fi
PATH=${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin
export PATH
exec runc "$@"
