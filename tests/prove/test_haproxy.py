"""The configuration says what the routing says, and nothing that a manifest smuggles in."""

from __future__ import annotations

import re

import pytest

from harness.prove.haproxy import configuration, word
from harness.prove.routing import Routing
from tests.prove.ingresses import ingress, made, path, sample, service


def section(text: str, head: str) -> list[str]:
    """Returns the lines of a section without indentation."""
    found = re.search(rf"^{re.escape(head)}\n((?:  .*\n)*)", text, re.MULTILINE)
    assert found, text
    return [line.strip() for line in found[1].splitlines()]


def test_each_listener_is_a_frontend_with_its_own_routes() -> None:
    both = '[{"HTTP": 80}, {"HTTPS": 443}]'
    text = configuration(made(ingress(listen_ports=both, ssl_redirect="443")))

    plain, secure = section(text, "frontend http_80"), section(text, "frontend https_443")
    assert plain[0] == "bind :80"
    (only,) = (line for line in plain if line.startswith("use_backend"))
    assert only.startswith("use_backend answer_")
    assert secure[0].startswith("bind :443 ssl crt ")
    assert "use_backend dev_shop_web_http if host1" in secure
    assert "http-request set-header X-Forwarded-Proto https" in secure
    assert plain[-1] == secure[-1] == "default_backend no_route"
    assert section(text, "backend no_route") == ["http-request return status 404"]


def test_a_redirect_keeps_host_path_and_query() -> None:
    text = configuration(
        made(ingress(listen_ports='[{"HTTP": 80}, {"HTTPS": 443}]', ssl_redirect="443"))
    )

    (name,) = re.findall(r"^backend (answer_.*)$", text, re.MULTILINE)
    base = "https://%[req.hdr(host),field(1,:)]:443/%[path,regsub(^/,)]"
    assert section(text, f"backend {name}") == [
        f"http-request redirect location '{base}?%[query]' code 301 if {{ query,length gt 0 }}",
        f"http-request redirect location '{base}' code 301",
    ]


def test_health_checks_ask_the_declared_path_and_expect_the_declared_codes() -> None:
    text = configuration(
        made(
            ingress(
                healthcheck_path="/readyz",
                healthcheck_port="9000",
                healthcheck_interval_seconds="20",
                healthcheck_timeout_seconds="3",
                healthy_threshold_count="3",
                unhealthy_threshold_count="4",
                success_codes="200-299,404",
            )
        )
    )

    assert section(text, "backend dev_shop_web_http") == [
        "option httpchk",
        "http-check connect default linger",
        "http-check send meth GET uri '/readyz' ver HTTP/1.1 hdr Host %[srv_name]"
        " hdr User-Agent ELB-HealthChecker/2.0",
        "http-check expect status 200-299,404",
        "timeout check 3s",
        "server 10.244.0.7:8080 10.244.0.7:8080 check no-check-ssl port 9000"
        " inter 20s fastinter 1s downinter 1s rise 3 fall 4",
    ]


def test_tls_to_the_pods_and_in_their_checks_are_told_apart() -> None:
    def server(**annotations: str) -> str:
        found = configuration(made(ingress(**annotations)))
        return section(found, "backend dev_shop_web_http")[-1].partition(" inter")[0]

    name = "server 10.244.0.7:8080 10.244.0.7:8080"
    assert server() == f"{name} check no-check-ssl"
    assert server(backend_protocol="HTTPS") == f"{name} ssl verify none check check-ssl"
    checks = server(backend_protocol="HTTPS", healthcheck_protocol="HTTP")
    assert checks == f"{name} ssl verify none check no-check-ssl"
    assert server(healthcheck_protocol="HTTPS") == f"{name} check check-ssl verify none"


def test_other_classes_have_no_health_checks() -> None:
    text = configuration(made(ingress(of_class="nginx")))

    assert section(text, "backend dev_shop_web_http") == ["server 10.244.0.7:8080 10.244.0.7:8080"]


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("/orders", "Prefix", "path -m reg -- '^/orders(/|$)'"),
        ("/orders/", "Prefix", "path -m reg -- '^/orders(/|$)'"),
        ("/a.b", "Exact", "path -m str -- '/a.b'"),
        ("/a.b?/*", "ImplementationSpecific", r"path -m reg -- '^/a\.b./.*$'"),
    ],
)
def test_paths_match_as_their_type_says(text: str, kind: str, expected: str) -> None:
    found = configuration(made(ingress(path(text, kind=kind))))

    assert f"acl path0 {expected}" in section(found, "frontend http_80")


@pytest.mark.parametrize(("text", "kind"), [("/", "Prefix"), ("/*", "ImplementationSpecific")])
def test_what_matches_every_path_needs_no_condition(text: str, kind: str) -> None:
    found = configuration(made(ingress(path(text, kind=kind), host="")))

    assert "use_backend dev_shop_web_http" in section(found, "frontend http_80")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "''"),
        ("/plain", "'/plain'"),
        ("it's", "'it'\\x27's'"),
        ("a\nbackend b", "'a'\\x0a'backend b'"),
        ("ü", "\\xc3\\xbc"),
        ('$HOME # \\ "', "'$HOME # \\ \"'"),
    ],
)
def test_a_word_holds_any_text(text: str, expected: str) -> None:
    assert word(text) == expected


def test_nothing_in_a_manifest_becomes_a_line_of_its_own() -> None:
    evil = "/x'\n  http-request deny\nfrontend evil"
    one = ingress(path(evil, kind="ImplementationSpecific"), host=evil, healthcheck_path=evil)

    lines = configuration(made(one)).splitlines()

    assert not [line for line in lines if line.startswith(("  http-request deny", "frontend evil"))]


def test_one_configuration_for_one_routing() -> None:
    assert configuration(sample("everything")) == configuration(sample("everything"))
    assert configuration(Routing()).endswith("backend no_route\n  http-request return status 404\n")


def test_services_of_one_group_are_written_once() -> None:
    text = configuration(made(ingress(path("/a"), path("/b")), services=(service(),)))

    assert text.count("\nbackend dev_shop_web_http\n") == 1
