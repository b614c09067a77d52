from __future__ import annotations

import pytest

from harness.connectivity.config_files import LONGEST_FILE, hosts_of_file, is_file

SERVICES = {"kafka": frozenset({9092}), "catalog": frozenset({80})}


def _read(name: str, text: str) -> list[tuple[str, int, bool]]:
    found = hosts_of_file(name, text, "here", SERVICES.get)
    return [(host.name, host.port, host.is_certain) for host in found]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("application.yaml", "db:\n  host: kafka\n  port: 5432\n", [("kafka", 5432, True)]),
        ("application.yaml", "db:\n  host: postgres\n", [("postgres", 0, False)]),
        ("app.properties", "bootstrap.servers=kafka:9092\nname=catalog\n", [("kafka", 9092, True)]),
        ("config.json", '{\n "dbHost": "kafka",\n "topic": "catalog"\n}', [("kafka", 0, True)]),
        ("nginx.conf", "location / {\n proxy_pass http://catalog:80/;\n}", [("catalog", 80, True)]),
        ("nginx.conf", "upstream u { server kafka:9092; }\nproxy_pass http://u;",
         [("kafka", 9092, True)]),
        ("prometheus.yml", "- targets: ['catalog:80', 'localhost:9090']\n",
         [("catalog", 80, True)]),
        ("a.yaml", "# host: kafka\nx: y # http://catalog\n", []),
        ("a.yaml", "x: http://kafka.shop.svc:9092\n", [("kafka.shop.svc", 9092, True)]),
        ("a.yaml", "catalog: kafka\nmode: kafka\n", []),
        ("wait.sh", "nc -z nowhere 1\n", [("nowhere", 1, True)]),
        ("wait", "#!/bin/sh\nnc -z nowhere 1\n", [("nowhere", 1, True)]),
        ("wait.txt", "nc -z nowhere 1\n", []),
    ],
)  # fmt: skip
def test_hosts_of_files(name: str, text: str, expected: list[tuple[str, int, bool]]) -> None:
    assert _read(name, text) == expected


def test_a_very_long_file_is_data() -> None:
    text = "host: kafka\n"
    assert _read("a.yaml", text + "x" * (LONGEST_FILE - len(text)))
    assert not _read("a.yaml", text + "x" * LONGEST_FILE)


def test_a_value_of_several_lines_is_a_file() -> None:
    assert is_file("a\nb")
    assert not is_file("a\n")
