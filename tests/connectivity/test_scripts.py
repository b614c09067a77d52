from __future__ import annotations

import pytest

from harness.connectivity.scripts import hosts_of_command, hosts_of_script

SERVICES = {"kafka": frozenset({9092}), "catalog": frozenset({80})}
VARIABLES = {"DB_HOST": "order-db", "DB_PORT": "5432", "HOST_ONLY": "kafka"}


def _read(*words: str) -> list[tuple[str, int]]:
    found = hosts_of_command(words, "here", SERVICES.get, VARIABLES)
    assert all(host.source == "here" for host in found)
    return [(host.name, host.port) for host in found]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("until nc -z order-db 5432; do sleep 1; done", [("order-db", 5432)]),
        ("while ! nc -zv -w 5 order-db 5432 2>/dev/null; do sleep 1; done", [("order-db", 5432)]),
        ("until nc -z $DB_HOST ${DB_PORT}; do :; done", [("order-db", 5432)]),
        ('nc -z "${OTHER:-order-db}" "${N:-5432}"', [("order-db", 5432)]),
        ("nc -z $UNKNOWN 5432", []),
        ("DB=order-db; until nc -z $DB 5432; do sleep 1; done", [("order-db", 5432)]),
        ("until pg_isready -h order-db -p 5432 -U app; do sleep 2; done", [("order-db", 5432)]),
        ("/usr/bin/pg_isready --host=order-db --port=5432", [("order-db", 5432)]),
        ("pg_isready -h 127.0.0.1", []),
        ("pg_isready --host order-db -t 3 && exec serve", [("order-db", 0)]),
        ("mysqladmin ping -h db -P 3306 -p12345", [("db", 3306)]),
        ("mysql -hdb -p12345", [("db", 0)]),
        ("redis-cli -h cache -p 6379 ping", [("cache", 6379)]),
        ("until nslookup order-db.shop.svc.cluster.local; do sleep 1; done",
         [("order-db.shop.svc.cluster.local", 0)]),
        ("getent hosts order-db", [("order-db", 0)]),
        ("ping -c 1 order-db", [("order-db", 0)]),
        ("timeout 1 bash -c '</dev/tcp/order-db/5432'", [("order-db", 5432)]),
        ("until curl -sf http://catalog/readyz; do sleep 1; done", [("catalog", 80)]),
        ("wget -qO- http://nowhere:8080/readyz", [("nowhere", 8080)]),
        ("echo http://nowhere", []),
        ("./wait-for-it.sh order-db:5432 -t 60 -- serve", [("order-db", 5432)]),
        ("wait4x tcp order-db:5432", [("order-db", 5432)]),
        ("dockerize -wait tcp://order-db:5432 10.0.0.1:80 a:b serve", [("order-db", 5432)]),
        ("kafka-topics.sh --bootstrap-server brokers:9092 --list", [("brokers", 9092)]),
        ("# nc -z commented 1\nnc -z order-db 5432", [("order-db", 5432)]),
        ("nc -z \\\n order-db 5432", [("order-db", 5432)]),
        ("echo waiting for kafka; exec catalog serve", []),
        ("echo kafka:9092", [("kafka", 9092)]),
        ("serve --listen-address=catalog:80", []),
    ],
)  # fmt: skip
def test_hosts_of_scripts(script: str, expected: list[tuple[str, int]]) -> None:
    assert _read("sh", "-c", script) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["nc", "-z", "order-db", "5432"], [("order-db", 5432)]),
        (["serve", "--db-host", "order-db", "--db-port", "5432"], [("order-db", 5432)]),
        (["serve", "--catalog-url=http://catalog"], [("catalog", 80)]),
        (["-Dspring.datasource.url=jdbc:postgresql://order-db:5432/x"], [("order-db", 5432)]),
        (["catalog"], []),
        (["kafka", "start"], []),
        (["--image=kafka:9092"], []),
        (["--host", "--verbose"], []),
        (["--password", "kafka:9092"], []),
        (["KAFKA_BROKERS=a:9092"], [("a", 9092)]),
    ],
)
def test_hosts_of_arguments(words: list[str], expected: list[tuple[str, int]]) -> None:
    assert _read(*words) == expected


def test_a_script_may_be_read_without_variables() -> None:
    assert hosts_of_script("nc -z $A 1", "here", SERVICES.get, {}) == ()
