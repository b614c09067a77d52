#!/bin/bash
# Starts a broker or controller: kafka-server-start.sh server.properties [--override property=value]...
set -o errexit -o nounset
[[ $# -gt 0 ]] || { echo "usage: $0 server.properties [--override property=value]..." >&2; exit 1; }
bin=$(dirname "$(readlink -f "$0")")
[[ ${1:-} != -daemon ]] || { echo "$0: -daemon is not supported in a container" >&2; exit 1; }
export KAFKA_HEAP_OPTS=${KAFKA_HEAP_OPTS:--Xmx1G -Xms1G}
export KAFKA_LOG4J_OPTS=${KAFKA_LOG4J_OPTS:--Dlog4j2.configurationFile=/etc/kafka/docker/log4j2.yaml}
if [[ -e $bin/../logs/kafka.jsa ]]; then
  archive=$(readlink -f "$bin/../logs/kafka.jsa")
  export KAFKA_OPTS="${KAFKA_OPTS:-} -XX:SharedArchiveFile=$archive -Xlog:cds=off -Xlog:class+path=off"
fi
exec "$bin/kafka-run-class.sh" kafka.Kafka "$@"
