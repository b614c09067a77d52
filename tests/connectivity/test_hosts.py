from __future__ import annotations

import pytest

from harness.connectivity.hosts import Host, Reading, hosts_of_value

SERVICES = {
    "order-db": frozenset({5432}),
    "kafka": frozenset({9092}),
    "catalog": frozenset({80}),
    "postgres": frozenset({5432}),
    "kafka.shop": frozenset({9092}),
}


def _read(variable: str, value: str, **beside: str) -> list[tuple[str, int]]:
    return [(host.name, host.port) for host in _hosts(variable, value, beside)]


def _hosts(
    variable: str, value: str, beside: dict[str, str] | None = None, *, secret: bool = False
) -> tuple[Host, ...]:
    reading = Reading(
        variable=variable,
        source="here",
        lookup=SERVICES.get,
        numbers=beside or {},
        is_secret=secret,
    )
    return hosts_of_value(value, reading)


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("DB_HOST", "order-db", [("order-db", 0)]),
        ("DB_HOST", "nowhere", [("nowhere", 0)]),
        ("dbHost", "nowhere", [("nowhere", 0)]),
        ("PGHOST", "nowhere", [("nowhere", 0)]),
        ("spring.kafka.bootstrap-servers", "a:9092, b:9092", [("a", 9092), ("b", 9092)]),
        ("KAFKA_BOOTSTRAP_SERVERS", "kafka-0.kafka-headless:9092,kafka-1.kafka-headless:9092",
         [("kafka-0.kafka-headless", 9092), ("kafka-1.kafka-headless", 9092)]),
        ("KAFKA_CONTROLLER_QUORUM_VOTERS", "0@kafka-0.kafka-headless:9093,1@kafka-1.k:9093",
         [("kafka-0.kafka-headless", 9093), ("kafka-1.k", 9093)]),
        ("KAFKA_CONTROLLER_QUORUM_VOTERS", "0@localhost:9093", []),
        ("REDIS_ADDR", "redis:6379", [("redis", 6379)]),
        ("DB_HOST", "order-db.shop.svc.cluster.local.", [("order-db.shop.svc.cluster.local.", 0)]),
        ("DB_ADDRESS", "order-db:5432/orders", [("order-db", 5432)]),
        ("ANYTHING", "order-db.shop.svc", [("order-db.shop.svc", 0)]),
        ("ANYTHING", "kafka:9092", [("kafka", 9092)]),
        ("ANYTHING", "kafka:9093", [("kafka", 9093)]),
        ("ANYTHING", "kafka", [("kafka", 0)]),
        ("ANYTHING", "kafka.shop", [("kafka.shop", 0)]),
    ],
)  # fmt: skip
def test_names_and_ports_are_found(
    variable: str, value: str, expected: list[tuple[str, int]]
) -> None:
    assert _read(variable, value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("http://catalog", [("catalog", 80)]),
        ("https://catalog/albums?x=1", [("catalog", 443)]),
        ("http://catalog:8080/@scope", [("catalog", 8080)]),
        ("http://unknown", [("unknown", 80)]),
        ("postgresql://user:pw@order-db:5432/orders", [("order-db", 5432)]),
        ("postgres://user:p%40w@order-db/orders", [("order-db", 5432)]),
        ("postgresql+asyncpg://u:p@order-db/x", [("order-db", 5432)]),
        ("postgresql://$(DB_USER):$(DB_PASSWORD)@order-db/x", [("order-db", 5432)]),
        ("postgresql://u:p@$(DB_HOST)/x", []),
        ("jdbc:postgresql://order-db:5432/x?user=u&password=p@w", [("order-db", 5432)]),
        ("jdbc:postgresql://a:1,b:2/x", [("a", 1), ("b", 2)]),
        ("jdbc:sqlserver://order-db:1433;user=u;password=p@w", [("order-db", 1433)]),
        ("jdbc:oracle:thin:@order-db:1521:sid", [("order-db", 1521)]),
        ("mongodb://u:p@m-0.m:27017,m-1.m:27017/db", [("m-0.m", 27017), ("m-1.m", 27017)]),
        ("redis://:pw@cache:6379/0", [("cache", 6379)]),
        ("amqp://cache", [("cache", 5672)]),
        ("PLAINTEXT://kafka:9092,EXTERNAL://edge:9094", [("kafka", 9092), ("edge", 9094)]),
        ("PLAINTEXT://:9092,CONTROLLER://:9093", []),
        ("PLAINTEXT://0.0.0.0:9092", []),
        ("file:///etc/order-db", []),
        ("s3://catalog/backup", []),
        ("host=order-db port=5432 user=u password=p dbname=x", [("order-db", 5432)]),
        ("Server=order-db,1433;Database=x;User Id=u;Password=p", [("order-db", 1433)]),
        ("u:p@tcp(order-db:3306)/x", [("order-db", 3306)]),
    ],
)  # fmt: skip
def test_addresses_of_many_forms_are_read(value: str, expected: list[tuple[str, int]]) -> None:
    assert _read("SOMETHING_URL", value) == expected


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DB_NAME", "catalog"),
        ("DB_USER", "catalog"),
        ("KAFKA_TOPIC", "catalog"),
        ("OTEL_SERVICE_NAME", "catalog"),
        ("IMAGE", "postgres:5432"),
        ("DATABASE_IMAGE", "ghcr.io/shop/catalog:1.0"),
        ("BASE", "postgres:17"),
        ("FEATURES", "catalog,kafka"),
        ("VERSION", "1.5.0"),
        ("CONFIG_PATH", "/etc/catalog"),
        ("CONFIG", "catalog.yaml"),
        ("DRIVER", "org.postgresql.Driver"),
        ("CONTACT", "admin@catalog"),
        ("EMAIL_ADDRESS", "admin@kafka"),
        ("LISTEN_ADDRESS", "catalog:80"),
        ("ALLOWED_HOSTS", "catalog,kafka"),
        ("NO_PROXY", "catalog,.svc,kafka.shop.svc"),
        ("PROTOCOL_MAP", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"),
        ("PROCESS_ROLES", "broker,controller"),
        ("SOCKET_HOST", "/var/run/postgresql"),
        ("DB_HOST", ""),
        ("DB_HOST", "10.0.0.1"),
        ("DB_HOST", "$(POD_IP)"),
        ("DB_HOST", "my_host"),
        ("CACHE_SERVER", "none"),
        ("DB_PASSWORD", "kafka:9092"),
        ("API_TOKEN", "http://catalog"),
        ("WORD", "KAFKA"),
        ("USER_ID", "order-db:1000"),
        ("RUN_AS", "app:10001"),
    ],
)  # fmt: skip
def test_what_only_looks_like_a_host_is_none(variable: str, value: str) -> None:
    assert _read(variable, value) == []


@pytest.mark.parametrize(
    "value",
    [
        "postgresql://user:p/w@order-db:5432/x",
        "postgresql://user:p?w@order-db:5432/x",
        "postgresql://user:p@w@order-db:5432/x",
        "postgresql://user:p@w/z@order-db:5432/x",
        "postgresql://user:p;w@order-db:5432/x",
        "postgresql://order-db:5432/x?password=p@w",
    ],
)
def test_odd_passwords_stay_hidden(value: str) -> None:
    assert _read("DATABASE_URL", value) == [("order-db", 5432)]


def test_a_web_address_with_an_odd_password_shows_nothing() -> None:
    assert _read("CATALOG_URL", "http://user:p/w@catalog") == []


def test_settings_without_a_database_or_a_name_are_no_address() -> None:
    assert _read("OPTIONS", "host=order-db mode=fast") == []
    assert _read("DSN", "host=10.0.0.1 port=5432") == []
    assert _read("DSN", "host=order-db port=65536") == [("order-db", 0)]
    assert _read("DSN", "host=order-db port=65535") == [("order-db", 65535)]


def test_the_port_may_stand_in_a_variable_of_its_own() -> None:
    assert _read("DB_HOST", "order-db", DB_PORT="5432", PORT="1") == [("order-db", 5432)]
    assert _read("PGHOST", "order-db", PGPORT="5433") == [("order-db", 5433)]
    assert _read("HOST", "order-db", PORT="8") == [("order-db", 8)]
    assert _read("DB_HOST", "order-db:1", DB_PORT="2") == [("order-db", 1)]
    assert _read("DB_HOST", "order-db", DB_PORT="tcp://x:1") == [("order-db", 0)]
    assert _read("DB_HOST", "order-db", CACHE_PORT="6379") == [("order-db", 0)]


@pytest.mark.parametrize(
    ("variable", "value", "certain"),
    [
        ("DB_HOST", "nowhere", True),
        ("APP_SERVER", "gunicorn", False),
        ("APP_SERVER", "gunicorn:80", True),
        ("APP_SERVER", "kafka", True),
        ("MODE_OF_WORK", "kafka", False),
        ("SOMETHING", "kafka:9092", True),
        ("SOMETHING", "kafka:9093", False),
    ],
)
def test_a_bare_word_is_certain_only_if_the_variable_or_the_port_says_so(
    variable: str, value: str, *, certain: bool
) -> None:
    assert [host.is_certain for host in _hosts(variable, value)] == [certain]


def test_a_secret_tells_only_hosts_that_its_key_or_a_known_name_promises() -> None:
    told = {"url": "postgresql://u:p@order-db/x", "host": "nowhere"}
    untold = {"user": "kafka", "word": "kafka:9092", "web": "http://hunter2", "w": "kafka"}
    told["dsn"] = "host=order-db port=5432 user=u"
    untold["odd"] = "host=hunter2 port=5432 user=u"
    for key, value in told.items():
        assert len(_hosts(key, value, secret=True)) == 1
    for key, value in untold.items():
        assert _hosts(key, value, secret=True) == ()
