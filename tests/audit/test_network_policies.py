"""NetworkPolicies: whom they select, whom they mean, what they forbid."""

from __future__ import annotations

from typing import Any

import pytest

from harness.audit.checks.network_policies import peers_mean_somebody, policies_select_pods
from harness.audit.checks.policy_blocks import policies_allow_dependencies, policies_allow_dns
from harness.audit.checks.policy_ingress import policies_allow_outside
from harness.audit.cluster_profile import KIND
from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.source import Source, Unjudged
from tests.audit.manifests import container, found, manifest, of, service, unknown
from tests.audit.manifests import workload as deployment
from tests.audit.scopes import scope

Object = dict[str, Any]
NAME = "kubernetes.io/metadata.name"
ORDER = deployment("order", container(env={"DB_HOST": "db", "DB_PORT": "5432"}))
DB = deployment("db", container("db", ports=[{"name": "pg", "containerPort": 5432}]))
SHOP = (ORDER, DB, service("db", 5432))


def policy(name: str, selector: Any = None, **spec: Any) -> Object:
    return manifest("NetworkPolicy", name, {"podSelector": selector or {}, **spec})


def pods(**labels: str) -> Object:
    return {"podSelector": {"matchLabels": labels}}


def space(**labels: str) -> Object:
    return {"namespaceSelector": {"matchLabels": labels}}


DENY = policy("deny", policyTypes=["Ingress", "Egress"])
DNS = policy(
    "dns",
    policyTypes=["Egress"],
    egress=[{"to": [space(**{NAME: "kube-system"})], "ports": [{"protocol": "UDP", "port": 53}]}],
)
OUT = policy(
    "out",
    {"matchLabels": {"app": "order"}},
    policyTypes=["Egress"],
    egress=[{"to": [pods(app="db")], "ports": [{"port": 5432}]}],
)
IN = policy("in", {"matchLabels": {"app": "db"}}, ingress=[{"from": [pods(app="order")]}])


# --- whom a policy selects


def test_a_policy_for_nobody_is_a_note_with_the_nearest_labels() -> None:
    (fault,) = found(policies_select_pods, policy("p", {"matchLabels": {"app": "ordr"}}), *SHOP)

    assert fault.rule == "netpol-selects-nothing"
    assert fault.fix == "set app: order in spec.podSelector of NetworkPolicy shop/p"


def test_a_policy_for_all_or_for_known_pods_is_fine() -> None:
    assert not found(policies_select_pods, DENY, OUT, IN, *SHOP)


def test_a_policy_for_pods_of_an_operator_is_not_judged() -> None:
    wanted = policy("p", {"matchLabels": {"strimzi.io/cluster": "events"}})

    assert not found(policies_select_pods, wanted, manifest("Kafka", "events", {}), *SHOP)
    assert not found(policies_select_pods, policy("p", {"matchLabels": {"app": "x"}}))


# --- whom a rule means


def test_a_podselector_that_means_nobody_is_a_note() -> None:
    rule = policy("p", ingress=[{"from": [pods(app="ordr")]}])
    (fault,) = found(peers_mean_somebody, rule, deployment("order"), deployment("db"))

    assert fault.rule == "netpol-peer-matches-nothing"
    assert fault.field == "spec.ingress[0].from[0].podSelector"
    assert "set app: order" in fault.fix


def test_a_peer_that_blocks_a_declared_dependency_is_told_once() -> None:
    rule = policy("p", {"matchLabels": {"app": "db"}}, ingress=[{"from": [pods(app="ordr")]}])

    assert len(found(policies_allow_dependencies, rule, *SHOP)) == 1
    assert not found(peers_mean_somebody, rule, *SHOP)


def test_a_label_that_the_declared_namespace_lacks_is_a_defect() -> None:
    other = manifest("Namespace", "tools", namespace="")
    rule = policy("p", ingress=[{"from": [space(name="tools")]}])
    (fault,) = found(peers_mean_somebody, rule, other, *SHOP)

    assert (fault.severity, fault.cause) == (Severity.DEFECT, "N02")
    assert fault.fix.startswith(f"write {NAME}: tools in spec.ingress[0].from[0]")


def test_a_label_of_the_clusters_namespace_is_an_external_precondition() -> None:
    rule = policy("p", ingress=[{"from": [space(name="kube-system")]}])
    (fault,) = found(peers_mean_somebody, rule, *SHOP)

    assert fault.severity is Severity.PRECONDITION


@pytest.mark.parametrize(
    "peer",
    [
        space(**{NAME: "ingress-nginx"}),
        space(name="monitoring"),
        space(team="a"),
        {"namespaceSelector": {}, **pods(app="prometheus")},
        {**space(**{NAME: "monitoring"}), **pods(app="prometheus")},
        {"ipBlock": {"cidr": "10.0.0.0/8"}},
        pods(app="db"),
        pods(app="${APP}"),
        None,
        {},
    ],
)
def test_peers_that_may_be_somebody_are_fine(peer: Any) -> None:
    assert not found(peers_mean_somebody, policy("p", ingress=[{"from": [peer]}]), *SHOP)


def test_a_namespace_with_the_label_is_meant() -> None:
    other = manifest("Namespace", "tools", namespace="", labels={"name": "tools"})
    rule = policy("p", ingress=[{"from": [space(name="tools")]}])

    assert not found(peers_mean_somebody, rule, other, *SHOP)


def test_two_items_that_look_like_one_are_noted_once() -> None:
    peers = [pods(**{"k8s-app": "kube-dns"}), space(**{NAME: "kube-system"})]
    (fault,) = found(peers_mean_somebody, policy("p", egress=[{"to": peers}]), *SHOP)

    assert (fault.rule, fault.cause) == ("netpol-peer-split", "N03")


def test_pods_of_a_known_namespace_are_looked_for_there() -> None:
    def rule(app: str, *names: str) -> Object:
        wanted = {"matchExpressions": [{"key": NAME, "operator": "In", "values": list(names)}]}
        peer = {"namespaceSelector": wanted, **pods(app=app)}
        return policy("p", ingress=[{"from": [peer]}])

    tools = deployment("probe", namespace="tools")

    assert len(found(peers_mean_somebody, rule("prober", "tools"), tools, *SHOP)) == 1
    assert not found(peers_mean_somebody, rule("probe", "tools"), tools, *SHOP)
    assert not found(peers_mean_somebody, rule("prober", "tools", "more"), tools, *SHOP)


# --- DNS


def test_denied_egress_without_dns_is_one_defect_for_all_clients() -> None:
    catalog = deployment("catalog", container(env={"DB_HOST": "db"}))
    (fault,) = found(policies_allow_dns, policy("deny", policyTypes=["Egress"]), catalog, *SHOP)

    assert (fault.rule, fault.cause, fault.severity) == ("netpol-blocks-dns", "N01", None)
    assert str(fault.object) == "NetworkPolicy shop/deny"
    assert fault.field == "spec.egress"
    assert "likewise order" in fault.message
    assert fault.fix.startswith("add a policy for all pods of shop: egress: ")


def test_policies_add_up() -> None:
    assert not found(policies_allow_dns, DENY, DNS, *SHOP)


def test_a_workload_that_names_no_host_needs_no_dns() -> None:
    assert not found(policies_allow_dns, DENY, deployment("order"))


def test_the_usual_wrong_label_of_kube_system_is_a_precondition() -> None:
    wrong = policy(
        "dns",
        policyTypes=["Egress"],
        egress=[{"to": [space(name="kube-system")], "ports": [{"protocol": "UDP", "port": 53}]}],
    )
    (fault,) = found(policies_allow_dns, wrong, *SHOP)

    assert (fault.severity, fault.cause) == (Severity.PRECONDITION, "N02")
    assert f"{NAME}: kube-system" in fault.fix
    assert not found(peers_mean_somebody, wrong, *SHOP)


def test_dns_by_other_pods_is_a_precondition() -> None:
    other = policy(
        "dns",
        policyTypes=["Egress"],
        egress=[
            {
                "to": [{**space(**{NAME: "kube-system"}), **pods(app="coredns")}],
                "ports": [{"protocol": "UDP", "port": 53}],
            }
        ],
    )
    (fault,) = found(policies_allow_dns, other, *SHOP)

    assert fault.severity is Severity.PRECONDITION


def test_openshifts_dns_and_address_ranges_are_fine() -> None:
    openshift = policy(
        "dns", policyTypes=["Egress"], egress=[{"to": [space(**{NAME: "openshift-dns"})]}]
    )
    addresses = policy(
        "dns", policyTypes=["Egress"], egress=[{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]
    )

    assert not found(policies_allow_dns, openshift, *SHOP)
    assert not found(policies_allow_dns, addresses, *SHOP)


@pytest.mark.parametrize(
    "other",
    [
        manifest("CiliumNetworkPolicy", "allow", {}),
        manifest("GlobalNetworkPolicy", "a", {}, apiVersion="projectcalico.org/v3", namespace=""),
        manifest(
            "ClusterPolicy",
            "generate",
            {"rules": [{"generate": {"kind": "NetworkPolicy"}}]},
            apiVersion="kyverno.io/v1",
            namespace="",
        ),
        policy("torn", egress=["anything"]),
    ],
)
def test_where_other_policies_may_allow_it_it_is_not_judged(other: Object) -> None:
    for check in (policies_allow_dns, policies_allow_dependencies):
        assert not found(check, DENY, other, *SHOP)
        assert len(unknown(check, DENY, other, *SHOP)) == 1


# --- declared dependencies


def test_a_client_that_is_not_let_out_and_a_server_that_lets_nobody_in() -> None:
    (fault,) = found(policies_allow_dependencies, DENY, DNS, *SHOP)

    assert fault.rule == "netpol-blocks-declared-dependency"
    assert (fault.cause, str(fault.object)) == ("N05", "NetworkPolicy shop/deny")
    assert "env[DB_HOST] names db" in fault.message
    assert "for pods with app=order: egress: " in fault.expected
    assert "for pods with app=db: ingress: " in fault.expected


def test_both_ends_allowed_is_fine() -> None:
    assert not found(policies_allow_dependencies, DENY, DNS, OUT, IN, *SHOP)


def test_only_the_end_that_forbids_is_told() -> None:
    (no_way_in,) = found(policies_allow_dependencies, DENY, OUT, *SHOP)
    (no_way_out,) = found(policies_allow_dependencies, DENY, IN, *SHOP)

    assert (no_way_in.cause, no_way_out.cause) == ("N05", "N06")


def test_the_services_port_in_place_of_the_pods_is_told() -> None:
    wrong = policy(
        "out", policyTypes=["Egress"], egress=[{"to": [pods(app="db")], "ports": [{"port": 80}]}]
    )
    order = deployment("order", container(env={"DB_URL": "postgres://db:80/shop"}))
    (fault,) = found(policies_allow_dependencies, wrong, order, DB, service("db", 80, 5432))

    assert (fault.cause, fault.field) == ("N04", "spec.egress[0].ports")
    assert "to 5432" in fault.fix


def test_a_service_that_leads_to_the_wrong_port_is_not_the_policies_fault() -> None:
    rule = {"from": [{"podSelector": {}}], "ports": [{"port": 5432}]}
    admits = policy("in", {"matchLabels": {"app": "db"}}, ingress=[rule])
    wrong = service("db", 5432, 5433)

    assert not found(policies_allow_dependencies, admits, ORDER, DB, wrong)
    assert len(found(policies_allow_dependencies, policy("in", ingress=[]), ORDER, DB, wrong)) == 1


def test_named_ports_and_namespaces_are_understood() -> None:
    far = deployment(
        "db", container("db", ports=[{"name": "pg", "containerPort": 5432}]), namespace="data"
    )
    order = deployment("order", container(env={"DB_URL": "postgres://db.data:5432/shop"}))
    out = policy(
        "out",
        policyTypes=["Egress"],
        egress=[{"to": [space(**{NAME: "data"})], "ports": [{"port": "pg"}]}],
    )
    objects = (order, far, service("db", 5432, "pg", namespace="data"))

    assert not found(policies_allow_dependencies, out, *objects)
    assert (
        len(found(policies_allow_dependencies, policy("out", policyTypes=["Egress"]), *objects))
        == 1
    )


def test_a_policy_of_the_servers_namespace_alone_counts() -> None:
    order = deployment("order", container(env={"DB_URL": "postgres://db.data:5432/shop"}))
    closed = policy("in", ingress=[])
    closed["metadata"]["namespace"] = "data"
    far = deployment("db", namespace="data")
    (fault,) = found(
        policies_allow_dependencies, closed, order, far, service("db", 5432, namespace="data")
    )

    assert str(fault.object) == "NetworkPolicy data/in"


def test_a_label_of_an_undeclared_namespace_may_be_there() -> None:
    order = deployment("order", container(env={"DB_URL": "postgres://db.data:5432/shop"}))
    out = policy(
        "out", policyTypes=["Egress"], egress=[{"to": [{**space(tier="data"), **pods(app="db")}]}]
    )
    objects = (order, deployment("db", namespace="data"), service("db", 5432, namespace="data"))
    (unsure,) = found(policies_allow_dependencies, out, *objects)
    (sure,) = found(
        policies_allow_dependencies, out, *objects, manifest("Namespace", "data", namespace="")
    )

    assert (unsure.severity, sure.severity) == (Severity.PRECONDITION, None)


def test_a_lone_pod_reaches_itself_and_a_quorum_needs_a_rule() -> None:
    env = {"PEERS_HOST": "kafka-0.kafka:9093"}

    def faults(replicas: int) -> list[Fault]:
        kafka = deployment(
            "kafka", container(env=env), kind="StatefulSet", replicas=replicas, serviceName="kafka"
        )
        return found(
            policies_allow_dependencies, DENY, DNS, kafka, service("kafka", 9093, clusterIP="None")
        )

    assert not faults(1)
    assert [f.cause for f in faults(3)] == ["K08"]


def test_policies_of_another_source_without_namespace_count_only_for_their_own() -> None:
    nowhere = [{**o, "metadata": {"name": o["metadata"]["name"]}} for o in (DENY, *SHOP)]
    deny, *shop = nowhere
    one = Source(path="examples/deny", objects=(deny, deployment("x", namespace="")))
    other = Source(path="examples/shop", objects=tuple(shop))

    def judged(*sources: Source) -> list[Fault | NotJudged]:
        return [*policies_allow_dependencies(scope(*sources))]

    assert not judged(one, other)
    assert len(judged(Source(path="all", objects=tuple(nowhere)))) == 1


def test_an_allowing_policy_of_a_sibling_without_namespace_counts() -> None:
    def nameless(*objects: Object) -> tuple[Object, ...]:
        return tuple({**o, "metadata": {"name": o["metadata"]["name"]}} for o in objects)

    one = Source(path="a", objects=nameless(DENY, *SHOP))
    other = Source(path="b", objects=nameless(DNS, OUT, IN, deployment("x")))

    assert [*policies_allow_dependencies(scope(one))]
    assert not [*policies_allow_dependencies(scope(one, other))]
    assert not [*policies_allow_dns(scope(one, other))]


def test_many_clients_of_one_policy_are_one_finding() -> None:
    clients = [deployment(f"c{n}", container(env={"DB_HOST": "db:5432"})) for n in range(6)]
    closed = policy("in", {"matchLabels": {"app": "db"}}, policyTypes=["Ingress"])
    (fault,) = found(policies_allow_dependencies, closed, *clients, DB, service("db", 5432))

    assert "likewise c1 to db, c2 to db, c3 to db and 2 more" in fault.message
    assert fault.expected.endswith("; and 3 more")
    assert fault.fix.startswith("add a policy for pods with app=db: ingress: ")


def test_an_allowing_policy_in_another_source_counts() -> None:
    one = Source(path="a", objects=(DENY, *SHOP))
    other = Source(path="b", objects=(DNS, OUT, IN))

    assert not [*policies_allow_dependencies(scope(one, other))]


def test_a_chart_of_the_namespace_may_bring_policies() -> None:
    chart = Unjudged(subject="Application argocd/x", reason="chart", namespace="shop")

    assert not found(policies_allow_dependencies, DENY, *SHOP, unjudged=(chart,))


# --- from outside


def ingress(**annotations: str) -> Object:
    backend = {"service": {"name": "order", "port": {"number": 80}}}
    rules = [{"http": {"paths": [{"path": "/", "backend": backend}]}}]
    return manifest("Ingress", "shop", {"rules": rules}, annotations=annotations)


PUBLISHED = (
    deployment("order", container(ports=[{"containerPort": 8080}])),
    service("order", 80, 8080),
)


def test_an_ingress_whose_backend_is_closed_is_a_defect() -> None:
    (fault,) = found(policies_allow_outside, DENY, ingress(), *PUBLISHED)

    assert fault.rule == "netpol-blocks-ingress"
    assert "Ingress shop/shop sends" in fault.message
    assert fault.field == "spec.ingress"


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"ports": [{"port": 8080}]},
        {"from": [{"namespaceSelector": {}}]},
        {"from": [space(**{NAME: "ingress-nginx"})]},
        {"from": [space(**{NAME: "somewhere"})]},
        {"from": [space(**{"network.openshift.io/policy-group": "ingress"})]},
        {"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]},
        {"from": [pods(app="nginx")]},
    ],
)
def test_whoever_may_be_the_controller_is_let_in(rule: Object) -> None:
    assert not found(
        policies_allow_outside, DENY, policy("in", ingress=[rule]), ingress(), *PUBLISHED
    )


@pytest.mark.parametrize(
    "rule",
    [
        {"from": [pods(app="catalog")]},
        {"from": [{"namespaceSelector": {}}], "ports": [{"port": 80}]},
        {"from": [space(**{NAME: "shop"})]},
    ],
)
def test_whoever_cannot_be_the_controller_is_no_way_in(rule: Object) -> None:
    objects = (policy("in", ingress=[rule]), ingress(), *PUBLISHED, deployment("catalog"))

    assert len(found(policies_allow_outside, *objects)) == 1


def test_a_declared_controller_in_its_namespace_is_let_in() -> None:
    edge = deployment("haproxy", namespace="edge")
    rule = policy("in", ingress=[{"from": [space(**{NAME: "edge"})]}])
    other = policy("in", ingress=[{"from": [space(**{NAME: "tools"})]}])
    tools = deployment("probe", namespace="tools")

    assert not found(policies_allow_outside, DENY, rule, ingress(), edge, *PUBLISHED)
    assert found(policies_allow_outside, DENY, other, ingress(), tools, *PUBLISHED)


def test_without_namespaces_anybody_may_be_the_controller() -> None:
    rule = policy("in", ingress=[{"from": [pods(app="catalog")]}])
    objects = (DENY, rule, ingress(), *PUBLISHED)
    nameless = [{**o, "metadata": {"name": o["metadata"]["name"]}} for o in objects]

    assert found(policies_allow_outside, *objects)
    assert not found(policies_allow_outside, *nameless)


def test_routes_and_load_balancers_are_entrances_too() -> None:
    ref = {"name": "order", "port": 80}
    route = manifest(
        "HTTPRoute",
        "shop",
        {"rules": [{"backendRefs": [ref]}]},
        apiVersion="gateway.networking.k8s.io/v1",
    )
    balancer = service("order", 80, 8080, type="LoadBalancer")

    (routed,) = found(policies_allow_outside, DENY, route, *PUBLISHED)
    (balanced,) = found(policies_allow_outside, DENY, PUBLISHED[0], balancer)

    assert (routed.severity, balanced.severity) == (None, Severity.NOTE)
    assert not found(policies_allow_outside, DENY, *PUBLISHED)


def test_a_load_balancer_that_sends_to_addresses_needs_an_address_range() -> None:
    alb = ingress(**{"alb.ingress.kubernetes.io/target-type": "ip"})
    rule = policy("in", ingress=[{"from": [{"namespaceSelector": {}}]}])
    (fault,) = found(policies_allow_outside, rule, alb, *PUBLISHED)
    allowed = policy("in", ingress=[{"from": [{"ipBlock": {"cidr": "10.20.0.0/20"}}]}])

    assert (fault.cause, fault.severity) == ("N10", Severity.PRECONDITION)
    assert not found(policies_allow_outside, allowed, alb, *PUBLISHED)
    assert not found(policies_allow_outside, rule, alb, *PUBLISHED, profile=KIND)


ODD: tuple[Object, ...] = (
    manifest("NetworkPolicy", "x", None),
    manifest("NetworkPolicy", "x", ["a"]),
    manifest("NetworkPolicy", "x", {"podSelector": "a", "ingress": {"from": 1}}),
    manifest(
        "NetworkPolicy", "x", {"policyTypes": "Egress", "egress": [{"to": [{"podSelector": 7}]}]}
    ),
    manifest(
        "NetworkPolicy", "x", {"egress": [{"ports": [{"port": "${X}", "endPort": "y"}, None]}]}
    ),
    manifest("Ingress", "x", {"rules": [{"http": {"paths": "a"}}], "defaultBackend": ["a"]}),
    manifest("HTTPRoute", "x", {"rules": [7]}, apiVersion="gateway.networking.k8s.io/v1"),
)


@pytest.mark.parametrize("odd", ODD)
def test_odd_input_raises_nothing(odd: Object) -> None:
    checks = (
        policies_select_pods,
        peers_mean_somebody,
        policies_allow_dns,
        policies_allow_dependencies,
        policies_allow_outside,
    )
    for check in checks:
        assert all(isinstance(f, Fault | NotJudged) for f in check(of(odd, DENY, ingress(), *SHOP)))


def test_many_policies_are_judged_by_namespace_with_the_same_result() -> None:
    def shop(name: str) -> list[Object]:
        objects = (DENY, DNS, OUT, *SHOP)
        return [{**o, "metadata": {**o["metadata"], "namespace": name}} for o in objects]

    few = [o for n in range(3) for o in shop(f"shop-{n}")]
    many = [o for n in range(40) for o in shop(f"shop-{n}")]

    def told(objects: list[Object]) -> list[tuple[str, str, str]]:
        faults = found(policies_allow_dependencies, *objects)
        return sorted((f.cause, f.object.namespace, f.fix) for f in faults)

    assert told(few) == [each for each in told(many) if each[1] in {"shop-0", "shop-1", "shop-2"}]
    assert len(told(many)) == 40
