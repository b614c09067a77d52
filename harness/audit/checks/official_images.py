"""The names of Docker Hub's official images, which need neither registry nor owner.

Source: docker-library/official-images, with images that it held before. The list need not be whole:
a name that is missing here is told as something the nodes are expected to hold, never as a defect.
"""

from __future__ import annotations

_NAMES = """
adminer aerospike almalinux alpine alt amazoncorretto amazonlinux api-firewall arangodb
archlinux backdrop bash bonita buildpack-deps busybox caddy cassandra centos chronograf cirros
clearlinux clefos clickhouse clojure composer consul convertigo couchbase couchdb crate dart
debian docker docker-dev drupal eclipse-mosquitto eclipse-temurin eggdrop elasticsearch elixir
emqx erlang euleros express-gateway fedora flink fluentd friendica gazebo gcc geonetwork ghost
golang gradle groovy haproxy haskell haxe hello-seattle hello-world hipache hitch hola-mundo
httpd hylang ibm-semeru-runtimes ibmjava influxdb iojs irssi java jenkins jetty jobber joomla
jruby julia kaazing-gateway kapacitor kibana known kong krakend lightstreamer liquibase logstash
mageia mariadb matomo maven mediawiki memcached mongo mongo-express monica mono mysql nats
nats-streaming neo4j neurodebian nextcloud nginx node notary nuxeo odoo open-liberty openjdk
opensuse oraclelinux orientdb owncloud percona perl photon php php-zendserver phpmyadmin piwik
plone postfixadmin postgres pypy python r-base rabbitmq rails rakudo-star rapidoid redis redmine
registry rethinkdb rocket.chat rockylinux ros ruby rust sapmachine satosa scratch sentry
silverpeas sl solr sonarqube sourcemage spark spiped storm swarm swift swipl teamspeak telegraf
thrift tomcat tomee traefik ubuntu ubuntu-debootstrap ubuntu-upstart unit valkey varnish vault
websphere-liberty wordpress xwiki yourls znc zookeeper
"""
OFFICIAL = frozenset(_NAMES.split())
