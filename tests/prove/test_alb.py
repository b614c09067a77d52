"""Ingresses of class `alb` mean what the AWS Load Balancer Controller makes of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.model.refs import ObjectRef
from harness.prove.alb_rules import is_alb
from harness.prove.routing import (
    FixedResponse,
    HealthCheck,
    Listener,
    Redirect,
    Route,
    Target,
    TargetGroup,
)
from tests.prove.ingresses import ingress, made, path, sample, service, shown

PLAIN, TLS = Listener(80), Listener(443, tls=True)
BOTH = '[{"HTTP": 80}, {"HTTPS": 443}]'


def group(route: Route) -> TargetGroup:
    assert isinstance(route.action, TargetGroup)
    return route.action


def check(route: Route) -> HealthCheck:
    found = group(route).check
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("spec", "annotation", "expected"),
    [
        ({"ingressClassName": "alb"}, None, True),
        ({"ingressClassName": "public"}, None, True),
        ({"ingressClassName": "edge"}, None, False),
        ({"ingressClassName": "unknown"}, None, False),
        ({}, "alb", True),
        ({}, "nginx", False),
        ({}, None, False),
    ],
)
def test_the_class_is_known_by_its_controller_its_name_or_the_annotation(
    spec: dict[str, Any], annotation: str | None, expected: bool
) -> None:
    classes = [
        {"metadata": {"name": "public"}, "spec": {"controller": "ingress.k8s.aws/alb"}},
        {"metadata": {"name": "edge"}, "spec": {"controller": "k8s.io/ingress-nginx"}},
    ]
    given = {"kubernetes.io/ingress.class": annotation} if annotation else {}

    assert is_alb({"metadata": {"annotations": given}, "spec": spec}, classes) is expected


def test_paths_are_ordered_as_the_controller_orders_them() -> None:
    paths = [
        path("/img/*", kind="ImplementationSpecific"),
        path("/*", kind="ImplementationSpecific"),
        path("/api"),
        path("/api/long"),
        path("/api/exact", kind="Exact"),
    ]

    assert [shown(r)[1:] for r in made(ingress(*paths)).routes] == [
        ("/api/exact", "exact"),
        ("/api/long", "prefix"),
        ("/api", "prefix"),
        ("/img/*", "glob"),
        ("/*", "glob"),
    ]


def test_a_wildcard_in_a_path_that_has_none_is_refused() -> None:
    found = made(ingress(path("/api/*")))

    assert [(r.field, r.seen) for r in found.refusals] == [
        ("spec.rules", "path /api/* of pathType Prefix holds a wildcard")
    ]


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ({}, (PLAIN,)),
        ({"certificate_arn": "arn:aws:acm:x"}, (TLS,)),
        ({"listen_ports": BOTH}, (PLAIN, TLS)),
        ({"listen_ports": '[{"HTTP": 8080}]', "certificate_arn": "a"}, (Listener(8080),)),
    ],
)
def test_listeners_are_as_declared_else_443_with_a_certificate_else_80(
    annotations: dict[str, str], expected: tuple[Listener, ...]
) -> None:
    (route,) = made(ingress(**annotations)).routes

    assert route.listeners == expected


def test_a_redirect_to_tls_leaves_nothing_else_on_plain_listeners() -> None:
    redirect, rule = made(ingress(listen_ports=BOTH, ssl_redirect="443")).routes

    assert (redirect.listeners, redirect.host, redirect.path) == ((PLAIN,), "", "/")
    assert redirect.action == Redirect(protocol="HTTPS", port="443", status=301)
    assert rule.listeners == (TLS,)


def test_a_redirect_counts_for_the_whole_group_and_for_no_other() -> None:
    group_of = {"group.name": "front", "listen_ports": BOTH}
    found = made(
        ingress(name="a", host="a.example", **group_of),
        ingress(name="b", host="b.example", ssl_redirect="443", **group_of),
        ingress(name="c", host="c.example"),
    )

    on_plain = [(r.host, type(r.action)) for r in found.routes if PLAIN in r.listeners]
    assert on_plain == [
        ("c.example", TargetGroup),
        ("a.example", Redirect),
        ("b.example", Redirect),
    ]
    assert found.refusals == ()


def test_groups_are_ordered_by_their_order_then_by_name() -> None:
    found = made(
        *(
            ingress(name=name, **{"group.name": "g", "group.order": order})
            for name, order in (("a", "20"), ("c", "10"), ("b", "10"))
        )
    )

    assert [r.ingress.name for r in found.routes] == ["b", "c", "a"]


def test_health_checks_have_the_controllers_defaults() -> None:
    (route,) = made(ingress()).routes

    assert check(route) == HealthCheck()
    assert (check(route).path, check(route).codes, check(route).interval_seconds) == (
        "/",
        "200",
        15,
    )


def test_health_checks_are_as_declared() -> None:
    declared = {
        "healthcheck_path": "/ready",
        "healthcheck_port": "9000",
        "healthcheck_protocol": "HTTPS",
        "healthcheck_interval_seconds": "30",
        "healthcheck_timeout_seconds": "6",
        "healthy_threshold_count": "3",
        "unhealthy_threshold_count": "4",
        "success_codes": "200-299, 404",
    }

    (route,) = made(ingress(**declared)).routes

    found = check(route)
    assert (found.path, found.port, found.tls) == ("/ready", 9000, True)
    assert (found.interval_seconds, found.timeout_seconds) == (30, 6)
    assert (found.healthy, found.unhealthy, found.codes) == (3, 4, "200-299,404")


def test_an_annotation_of_the_service_wins_and_is_the_one_to_look_at() -> None:
    behind = (service(healthcheck_path="/own"),)

    (route,) = made(ingress(healthcheck_path="/all", success_codes="204"), services=behind).routes

    assert (check(route).path, check(route).codes) == ("/own", "204")
    assert dict(check(route).declared) == {
        "healthcheck-path": ObjectRef("Service", "dev", "web"),
        "success-codes": ObjectRef("Ingress", "dev", "shop"),
    }


def test_targets_of_type_instance_are_the_nodes_on_the_node_port() -> None:
    behind = (service(kind="NodePort"),)

    (route,) = made(ingress(target_type="instance"), services=behind).routes

    assert group(route).targets == (Target("10.20.0.2", 30080), Target("10.20.0.3", 30080))


def test_without_target_type_the_type_of_the_service_tells() -> None:
    for kind, expected in (("NodePort", 30080), ("ClusterIP", 8080)):
        (route,) = made(ingress(), services=(service(kind=kind),)).routes

        assert {t.port for t in group(route).targets} == {expected}


def test_the_health_check_may_name_a_port_of_the_service() -> None:
    (route,) = made(ingress(healthcheck_port="http")).routes
    assert check(route).port == 8080

    found = made(ingress(healthcheck_port="metrics"))
    assert (
        found.refusals[0].expected == "a number: the controller cannot follow a named target port"
    )


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("listen-ports", "[80]", "a list such as"),
        ("listen-ports", '[{"TCP": 80}]', "a list such as"),
        ("healthcheck-interval-seconds", "2", "a number from 5 to 300"),
        ("healthcheck-interval-seconds", "often", "a number from 5 to 300"),
        ("healthcheck-timeout-seconds", "15", "a timeout below the interval"),
        ("healthy-threshold-count", "1", "a number from 2 to 10"),
        ("success-codes", "OK", "codes and ranges"),
        ("backend-protocol", "http", "HTTP or HTTPS"),
        ("target-type", "pod", "ip or instance"),
        ("target-type", "instance", "ip, or a Service of type NodePort"),
        ("ssl-redirect", "443", "the port of an HTTPS listener"),
        ("healthcheck-port", "gone", "traffic-port, a number or a port's name"),
    ],
)
def test_what_aws_would_not_take_is_refused_with_its_annotation(
    name: str, value: str, expected: str
) -> None:
    refusals = made(ingress(**{name.replace("-", "_"): value})).refusals

    assert [r.field for r in refusals] == [
        f"metadata.annotations[alb.ingress.kubernetes.io/{name}]"
    ]
    assert expected in refusals[0].expected
    assert refusals[0].object == ObjectRef("Ingress", "dev", "shop")


def test_a_missing_service_is_refused_by_name() -> None:
    found = made(ingress(path("/", "gone")))

    assert found.routes == ()
    assert [r.seen for r in found.refusals] == ["Service dev/gone does not exist"]


def action(name: str, **config: Any) -> dict[str, str]:
    return {f"actions.{name}": json.dumps(config)}


def routes_with(**config: Any) -> tuple[Route, ...]:
    one = ingress(path("/", "act", name="use-annotation"), **action("act", **config))
    return made(one).routes


def test_actions_answer_redirect_and_forward() -> None:
    (fixed,) = routes_with(
        type="fixed-response",
        fixedResponseConfig={"statusCode": "410", "contentType": "text/html", "messageBody": "no"},
    )
    (redirect,) = routes_with(
        type="redirect", redirectConfig={"host": "new.example", "statusCode": "HTTP_302"}
    )
    (forward,) = routes_with(
        type="forward",
        forwardConfig={"targetGroups": [{"serviceName": "web", "servicePort": "80"}]},
    )

    assert fixed.action == FixedResponse(status=410, content_type="text/html", body="no")
    assert redirect.action == Redirect(host="new.example", status=302)
    assert group(forward).targets == (Target("10.244.0.7", 8080),)


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"type": "dance"},
        {"type": "redirect"},
        {"type": "redirect", "redirectConfig": {"statusCode": "308"}},
        {"type": "fixed-response", "fixedResponseConfig": {"statusCode": "301"}},
        {"type": "forward", "targetGroupARN": "arn:aws:x"},
    ],
)
def test_an_action_that_cannot_be_read_is_refused(config: dict[str, Any]) -> None:
    one = ingress(path("/", "act", name="use-annotation"), **action("act", **config))

    found = made(one)

    assert found.routes == ()
    field = "metadata.annotations[alb.ingress.kubernetes.io/actions.act]"
    assert [r.field for r in found.refusals] == [field]


def test_what_is_seen_and_not_imitated_is_said_once() -> None:
    notes = sample("everything").notes

    assert notes == (
        "Ingress dev/shop: annotation alb.ingress.kubernetes.io/conditions.api "
        "is not imitated by the load balancer",
        "Ingress dev/shop: action two forwards to several target groups; "
        "only the first, api, is used",
        "Ingress dev/legacy: annotation nginx.ingress.kubernetes.io/rewrite-target "
        "is not imitated by the load balancer",
    )


def test_a_default_backend_is_the_last_rule() -> None:
    one = ingress(path("/orders"))
    one["spec"]["defaultBackend"] = {"service": {"name": "web", "port": {"number": 80}}}

    assert [shown(r)[:2] for r in made(one).routes] == [("shop.example", "/orders"), ("", "/")]
