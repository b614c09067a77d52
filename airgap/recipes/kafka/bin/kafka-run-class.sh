#!/bin/bash
# Runs a class of Kafka with the settings of the environment: KAFKA_HEAP_OPTS, KAFKA_OPTS, KAFKA_JMX_OPTS,
# KAFKA_JVM_PERFORMANCE_OPTS, KAFKA_LOG4J_OPTS, CLASSPATH.
set -o errexit -o nounset
home=$(dirname "$(dirname "$(readlink -f "$0")")")
[[ $# -gt 0 ]] || { echo "usage: $0 CLASS [ARGUMENT...]" >&2; exit 1; }
logging=${KAFKA_LOG4J_OPTS:--Dlog4j2.configurationFile=/etc/kafka/docker/tools-log4j2.yaml}
# shellcheck disable=SC2086  # each of these variables holds several words on purpose
exec java ${KAFKA_HEAP_OPTS:--Xmx256M} \
  ${KAFKA_JVM_PERFORMANCE_OPTS:--server -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:+ExplicitGCInvokesConcurrent -Djava.awt.headless=true} \
  -Xshare:auto "-Dkafka.logs.dir=${LOG_DIR:-$home/logs}" $logging ${KAFKA_JMX_OPTS:-} ${KAFKA_OPTS:-} \
  -cp "${CLASSPATH:+$CLASSPATH:}$home/libs/*" "$@"
