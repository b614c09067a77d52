#!/bin/bash
# Initialises a database on the first start, then becomes the server; the contract is that of the official image.
#
# Honoured: POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB, POSTGRES_INITDB_ARGS, POSTGRES_INITDB_WALDIR and
# POSTGRES_HOST_AUTH_METHOD, each of the first five also as NAME_FILE, PGDATA, and the files in
# /docker-entrypoint-initdb.d (*.sh, *.sql, *.sql.gz, *.sql.xz, *.sql.zst in the order of their names).
set -o errexit -o nounset -o pipefail -o errtrace

readonly init_folder=/docker-entrypoint-initdb.d

fail() {
  printf 'Error: %s\n' "$1" >&2
  shift
  (( $# == 0 )) || printf '       %s\n' "$@" >&2
  exit 1
}

# from_file NAME [DEFAULT]: the variable, or the content of the file that NAME_FILE names.
from_file() {
  local name=$1 default=${2:-} file_name="${1}_FILE"
  if [[ -n ${!name:-} && -n ${!file_name:-} ]]; then
    fail "both $name and $file_name are set (but are exclusive)"
  fi
  local value=$default
  if [[ -n ${!name:-} ]]; then
    value=${!name}
  elif [[ -n ${!file_name:-} ]]; then
    [[ -r ${!file_name} ]] || fail "$file_name names ${!file_name}, which cannot be read"
    value=$(< "${!file_name}")
  fi
  export "$name=$value"
  unset "$file_name"
}

read_environment() {
  from_file POSTGRES_PASSWORD
  from_file POSTGRES_USER postgres
  from_file POSTGRES_DB "$POSTGRES_USER"
  from_file POSTGRES_INITDB_ARGS
  from_file POSTGRES_INITDB_WALDIR
  : "${POSTGRES_HOST_AUTH_METHOD:=}"
}

# Root prepares the folders and steps down; another user finds them prepared.
prepare_folders() {
  mkdir -p "$PGDATA" /var/run/postgresql || :
  chmod 0700 "$PGDATA" 2>/dev/null || :
  chmod 3775 /var/run/postgresql 2>/dev/null || :
  if [[ -n ${POSTGRES_INITDB_WALDIR:-} ]]; then
    mkdir -p "$POSTGRES_INITDB_WALDIR"
    chmod 0700 "$POSTGRES_INITDB_WALDIR"
  fi
  (( EUID == 0 )) || return 0
  find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
  find /var/run/postgresql \! -user postgres -exec chown postgres '{}' +
  [[ -z ${POSTGRES_INITDB_WALDIR:-} ]] || chown -R postgres "$POSTGRES_INITDB_WALDIR"
}

verify_environment() {
  if [[ -z $POSTGRES_PASSWORD && $POSTGRES_HOST_AUTH_METHOD != trust ]]; then
    fail 'Database is uninitialized and superuser password is not specified.' \
      'You must specify POSTGRES_PASSWORD to a non-empty value for the' \
      'superuser. For example, "-e POSTGRES_PASSWORD=password" on "docker run".' '' \
      'You may also use "POSTGRES_HOST_AUTH_METHOD=trust" to allow all' \
      'connections without a password. This is *not* recommended.'
  fi
  if [[ $POSTGRES_HOST_AUTH_METHOD == trust ]]; then
    echo 'WARNING: POSTGRES_HOST_AUTH_METHOD has been set to "trust": anyone with access to the port has access' >&2
  fi
}

create_cluster() {
  local extra=()
  [[ -z $POSTGRES_INITDB_WALDIR ]] || extra+=(--waldir "$POSTGRES_INITDB_WALDIR")
  # The arguments are words of a shell, as the official image takes them.
  eval "initdb --username=\"\$POSTGRES_USER\" --pwfile=<(printf '%s\n' \"\$POSTGRES_PASSWORD\") $POSTGRES_INITDB_ARGS" \
    '"${extra[@]}"'
}

allow_network_clients() {
  local method=$POSTGRES_HOST_AUTH_METHOD
  [[ -n $method ]] || method=$(postgres -C password_encryption "$@")
  {
    echo
    [[ $method != trust ]] || echo '# every connection is trusted, see POSTGRES_HOST_AUTH_METHOD'
    echo "host all all all $method"
  } >> "$PGDATA/pg_hba.conf"
}

# Until it is initialised, the server is reachable through its socket alone.
start_private_server() {
  PGUSER=$POSTGRES_USER pg_ctl -D "$PGDATA" -w \
    -o "$(printf '%q ' "$@" -c listen_addresses= -p "${PGPORT:-5432}")" start
}

stop_private_server() {
  PGUSER=$POSTGRES_USER pg_ctl -D "$PGDATA" -m fast -w stop
}

# run_sql DATABASE [ARGUMENT...]: through the socket, ending at the first error.
run_sql() {
  local database=$1
  shift
  PGHOST='' PGHOSTADDR='' PGPASSWORD="${PGPASSWORD:-$POSTGRES_PASSWORD}" \
    psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --no-password --no-psqlrc --dbname "$database" "$@"
}

# The name by which sourced files of /docker-entrypoint-initdb.d know it.
docker_process_sql() {
  run_sql "$POSTGRES_DB" "$@"
}

create_database() {
  local present
  present=$(run_sql postgres --set name="$POSTGRES_DB" --tuples-only \
    <<< "SELECT 1 FROM pg_database WHERE datname = :'name';")
  [[ -z $present ]] || return 0
  run_sql postgres --set name="$POSTGRES_DB" <<< 'CREATE DATABASE :"name";'
}

run_init_files() {
  local file
  for file in "$init_folder"/*; do
    case $file in
      "$init_folder/*") ;;
      *.sh)
        if [[ -x $file ]]; then echo "$0: running $file"; "$file"
        else
          echo "$0: sourcing $file"
          # shellcheck source=/dev/null
          . "$file"
        fi ;;
      *.sql) echo "$0: running $file"; run_sql "$POSTGRES_DB" -f "$file" ;;
      *.sql.gz) echo "$0: running $file"; gunzip -c "$file" | run_sql "$POSTGRES_DB" ;;
      *.sql.xz) echo "$0: running $file"; xzcat "$file" | run_sql "$POSTGRES_DB" ;;
      *.sql.zst) echo "$0: running $file"; zstd -dc "$file" | run_sql "$POSTGRES_DB" ;;
      *) echo "$0: ignoring $file" ;;
    esac
  done
}

initialise() {
  verify_environment
  ls "$init_folder" >/dev/null
  create_cluster
  allow_network_clients "$@"
  export PGPASSWORD=${PGPASSWORD:-$POSTGRES_PASSWORD}
  start_private_server "$@"
  create_database
  run_init_files
  stop_private_server
  unset PGPASSWORD
  printf '\nPostgreSQL init process complete; ready for start up.\n\n'
}

# Options that only print something and end need no database.
only_informs() {
  local argument
  for argument; do
    case $argument in
      -'?'|--help|--describe-config|-V|--version|-C|-C*) return 0 ;;
    esac
  done
  return 1
}

main() {
  [[ ${1:-} != -* ]] || set -- postgres "$@"
  if [[ ${1:-} == postgres ]] && ! only_informs "${@:2}"; then
    prepare_folders
    if (( EUID == 0 )); then
      exec setpriv --reuid=postgres --regid=postgres --init-groups -- "${BASH_SOURCE[0]}" "$@"
    fi
    if [[ -s $PGDATA/PG_VERSION ]]; then
      printf '\nPostgreSQL Database directory appears to contain a database; Skipping initialization\n\n'
    else
      read_environment
      initialise "${@:2}"
    fi
  fi
  exec "$@"
}

main "$@"
