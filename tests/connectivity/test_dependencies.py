from __future__ import annotations

import base64
from typing import Any

import pytest

from harness.connectivity.dependencies import Dependency, Graph, dependencies
from harness.connectivity.services import Trouble
from harness.model.refs import ObjectRef
from tests.connectivity.objects import (
    Object,
    config_map,
    container,
    env,
    service,
    workload,
)

DB = workload(
    "db",
    kind="StatefulSet",
    serviceName="db-headless",
    replicas=1,
    containers=[container(ports=[{"name": "postgres", "containerPort": 5432}])],
)
DB_SERVICE = service("db", {"port": 5432, "targetPort": "postgres"})
SERVER = ObjectRef("StatefulSet", "shop", "db")
CLIENT = ObjectRef("Deployment", "shop", "order")


def _graph(*more: Object, **main: Any) -> Graph:
    order = workload("order", containers=[container("order", **main)])
    return dependencies([DB, DB_SERVICE, order, *more])


def _edges(graph: Graph) -> list[tuple[str, int, int, str]]:
    return [(d.host, d.port, d.pod_port, d.source) for d in graph.needs(CLIENT)]


def test_a_variable_that_names_a_service_is_a_need_of_its_workload() -> None:
    graph = _graph(env=env(DB_HOST="db", DB_PORT="5432"))
    assert graph.dependencies == (
        Dependency(
            client=CLIENT, server=SERVER, service=ObjectRef("Service", "shop", "db"), host="db",
            port=5432, pod_port=5432, source="containers[order].env[DB_HOST]",
        ),
    )  # fmt: skip
    assert graph.needed_by(SERVER) == graph.dependencies
    assert graph.unresolved == ()
    assert graph.clients_of_dns == {CLIENT}


@pytest.mark.parametrize(
    "main",
    [
        {"envFrom": [{"configMapRef": {"name": "c"}}]},
        {"env": [{"name": "X", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "DB_HOST"}}}]},
    ],
)
def test_values_of_config_maps_are_looked_up(main: Object) -> None:
    config = config_map("c", DB_HOST="db", DB_PORT="5432")
    hosts = [(host, source) for host, _, _, source in _edges(_graph(config, **main))]
    # X does not promise a host, but is a Service's name.
    assert hosts == [("db", "ConfigMap shop/c data[DB_HOST]")]


def test_a_prefix_of_env_from_belongs_to_the_name() -> None:
    config = config_map("c", HOST="db", PORT="5432")
    graph = _graph(config, envFrom=[{"prefix": "DB_", "configMapRef": {"name": "c"}}])
    assert _edges(graph) == [("db", 5432, 5432, "ConfigMap shop/c data[HOST]")]


def test_own_variables_override_those_of_config_maps() -> None:
    config = config_map("c", DB_HOST="elsewhere")
    graph = _graph(config, envFrom=[{"configMapRef": {"name": "c"}}], env=env(DB_HOST="db"))
    assert [source for *_, source in _edges(graph)] == ["containers[order].env[DB_HOST]"]
    assert graph.unresolved == ()


def test_an_overriding_value_that_nobody_knows_hides_the_config_map() -> None:
    config = config_map("c", DB_HOST="elsewhere")
    unknown = {"name": "DB_HOST", "valueFrom": {"secretKeyRef": {"name": "live", "key": "h"}}}
    graph = _graph(config, envFrom=[{"configMapRef": {"name": "c"}}], env=[unknown])
    assert graph.unresolved == ()


def test_references_between_variables_are_expanded_in_order() -> None:
    variables = [
        *env(EARLY="http://$(HOST)", HOST="db", URL="pg://u:$(PW)@$(HOST):5432/x", RAW="$$(HOST)"),
        {"name": "PW", "valueFrom": {"secretKeyRef": {"name": "s", "key": "password"}}},
    ]
    secret = {"kind": "Secret", "metadata": {"name": "s", "namespace": "shop"},
              "stringData": {"password": "x@db:1"}}  # fmt: skip
    graph = _graph(secret, env=[*variables, *env(LATE_URL="pg://u:$(PW)@$(HOST):5433/x")])
    assert _edges(graph) == [
        ("db", 0, 5432, "containers[order].env[HOST]"),
        ("db", 5432, 5432, "containers[order].env[URL]"),
        ("db", 5433, 0, "containers[order].env[LATE_URL]"),
    ]
    assert graph.needs(CLIENT)[2].trouble is Trouble.PORT_NOT_OFFERED


def test_a_declared_secret_tells_hosts_and_no_passwords() -> None:
    url = base64.b64encode(b"postgresql://app:hunter2@db:5432/x").decode()
    secret = {"kind": "Secret", "metadata": {"name": "s", "namespace": "shop"},
              "data": {"url": url, "password": base64.b64encode(b"db").decode()}}  # fmt: skip
    graph = _graph(secret, envFrom=[{"secretRef": {"name": "s"}}])
    assert _edges(graph) == [("db", 5432, 5432, "Secret shop/s data[url]")]
    assert "hunter2" not in repr(graph)


def test_a_live_secret_without_values_tells_nothing() -> None:
    secret = {"kind": "Secret", "metadata": {"name": "s", "namespace": "shop"},
              "data": {"url": None, "bad": "%%%"}}  # fmt: skip
    assert _graph(secret, envFrom=[{"secretRef": {"name": "s"}}]).dependencies == ()


def test_a_key_or_a_variable_that_promises_a_password_is_not_read() -> None:
    secret = {"kind": "Secret", "metadata": {"name": "s", "namespace": "shop"},
              "stringData": {"password": "pg://db:1", "value": "pg://db:2"}}  # fmt: skip
    variables = [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": "s", "key": key}}}
        for name, key in (("X", "password"), ("PASSWORD", "value"))
    ]
    assert _graph(secret, env=variables).dependencies == ()


def test_the_index_of_a_pod_is_known_for_a_stateful_set_only() -> None:
    path = "metadata.labels['apps.kubernetes.io/pod-index']"
    variables = [
        {"name": "INDEX", "valueFrom": {"fieldRef": {"fieldPath": path}}},
        {"name": "APP", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
        *env(PEER_HOST="$(APP)-$(INDEX).db-headless"),
    ]
    headless = service("db-headless", selector={"app": "db"}, clusterIP="None")
    for kind, hosts in (("StatefulSet", ["db-0.db-headless"]), ("Deployment", [])):
        spec: Object = {"serviceName": "db-headless"} if kind == "StatefulSet" else {}
        db = workload("db", kind=kind, containers=[container(env=variables)], **spec)
        assert [each.host for each in dependencies([db, headless]).dependencies] == hosts


def test_a_place_that_names_a_host_twice_is_one_need_and_the_surest() -> None:
    one = container("a", env=[{"name": "STYLE", "valueFrom": {
        "configMapKeyRef": {"name": "c", "key": "K"}}}])  # fmt: skip
    two = container("b", env=[{"name": "DB_HOST", "valueFrom": {
        "configMapKeyRef": {"name": "c", "key": "K"}}}])  # fmt: skip
    for containers in ([one, two], [two, one]):
        order = workload("order", containers=containers)
        graph = dependencies([DB, DB_SERVICE, config_map("c", K="db"), order])
        assert [each.certain for each in graph.dependencies] == [True]


def test_a_mounted_file_tells_hosts() -> None:
    config = config_map("c", **{"app.yaml": "db:\n  host: db\n  port: 5432\n", "other": "db:5432"})
    items = [{"key": "app.yaml", "path": "app.yaml"}]
    volume = {"name": "v", "configMap": {"name": "c", "items": items}}
    order = workload("order", pod={"volumes": [volume]})
    graph = dependencies([DB, DB_SERVICE, config, order])
    assert _edges(graph) == [("db", 5432, 5432, "ConfigMap shop/c data[app.yaml]")]


def test_commands_and_arguments_tell_hosts() -> None:
    graph = _graph(command=["nc", "-z"], args=["db", "5432"])
    assert _edges(graph) == [("db", 5432, 5432, "containers[order].args")]
    graph = _graph(command=["sh", "-c", "nc -z $DB_HOST 5432"], env=env(DB_HOST="db"))
    assert ("db", 5432, 5432, "containers[order].command") in _edges(graph)


def _with_init(*more: Object, main: Object | None = None, **init: Any) -> list[bool]:
    order = workload(
        "order",
        containers=[container("order", **(main or {}))],
        pod={"initContainers": [container("wait", **init)]},
    )
    graph = dependencies([DB, DB_SERVICE, order, *more])
    return [each.waits for each in graph.needs(CLIENT)]


def test_an_init_container_waits_for_what_its_command_or_variables_name() -> None:
    assert _with_init(command=["nc", "-z", "db", "5432"]) == [True]
    assert _with_init(env=env(DB_HOST="db")) == [True]
    assert _with_init(main={"env": env(DB_HOST="db")}) == [False]


def test_configuration_shared_with_the_service_alone_does_not_mean_waiting() -> None:
    config = config_map("c", DB_HOST="db")
    shared: Object = {"envFrom": [{"configMapRef": {"name": "c"}}]}
    password = {"name": "DB_USER", "valueFrom": {"secretKeyRef": {"name": "s", "key": "u"}}}
    other = {"name": "S3_KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "u"}}}
    assert _with_init(config, main=shared, **shared) == [False]
    assert _with_init(config, **shared) == [True]
    assert _with_init(config, main=shared, env=[password], **shared) == [True]
    assert _with_init(config, main=shared, env=[other], **shared) == [False]


def test_a_sidecar_does_not_wait() -> None:
    assert _with_init(command=["nc", "-z", "db", "5432"], restartPolicy="Always") == [False]


def test_a_wrong_name_is_unresolved_with_the_nearest() -> None:
    prefixed = service("dev-cache", {"port": 6379})
    graph = _graph(prefixed, env=env(CACHE_HOST="cache", CACHE_PORT="6379"))
    (found,) = graph.unresolved
    assert (found.host, found.port, found.nearest) == ("cache", 6379, "dev-cache")
    assert found.source == "containers[order].env[CACHE_HOST]"
    assert found.certain
    assert found.namespace_given


def test_a_word_that_may_not_be_a_host_is_unresolved_only_if_a_service_is_like_it() -> None:
    assert _graph(env=env(APP_SERVER="gunicorn")).unresolved == ()
    (found,) = _graph(service("dev-cache"), env=env(CACHE_SERVER="cache")).unresolved
    assert not found.certain


def test_a_name_in_a_namespace_of_which_nothing_is_given_is_marked() -> None:
    graph = _graph(env=env(TRACES="http://collector.observability.svc:4317"))
    (found,) = graph.unresolved
    assert (found.namespace, found.namespace_given) == ("observability", False)


def test_hosts_outside_are_no_needs_but_ask_dns() -> None:
    graph = _graph(env=env(PAYMENT_URL="https://api.stripe.com", REGISTRY_HOST="ghcr.io"))
    assert graph.dependencies == ()
    assert graph.unresolved == ()
    assert graph.clients_of_dns == {CLIENT}


def test_a_workload_without_hosts_does_not_ask_dns() -> None:
    graph = _graph(env=env(MODE="fast", BIND_HOST="0.0.0.0", DB_HOST="127.0.0.1"))  # noqa: S104
    assert graph.clients_of_dns == frozenset()


def test_host_aliases_are_not_asked_for() -> None:
    aliases = [{"ip": "10.0.0.1", "hostnames": ["legacy"]}]
    order = workload(
        "order",
        containers=[container(env=env(OLD_HOST="legacy"))],
        pod={"hostAliases": aliases},
    )
    assert dependencies([order]) == Graph()


def test_a_workloads_own_name_in_its_own_variables_is_no_need() -> None:
    own = service("order", {"port": 80})
    assert _graph(own, env=env(COMPONENT="order")).dependencies == ()
    assert len(_graph(own, env=env(ORDER_URL="http://order")).dependencies) == 1


def test_a_service_that_selects_nothing_leads_to_no_server() -> None:
    lost = service("lost", {"port": 80})
    (found,) = _graph(lost, env=env(LOST_URL="http://lost")).dependencies
    assert (found.server, found.trouble) == (None, Trouble.SELECTS_NOTHING)
    assert found.service == ObjectRef("Service", "shop", "lost")


def test_an_alias_inside_the_cluster_is_followed() -> None:
    alias = service("old-db", type="ExternalName", externalName="db.shop.svc.cluster.local")
    (found,) = _graph(alias, env=env(DB_HOST="old-db:5432")).dependencies
    assert found.server == SERVER
    assert found.service == ObjectRef("Service", "shop", "old-db")


def test_a_stateful_set_that_finds_itself_by_its_headless_service_needs_itself() -> None:
    voters = "0@db-0.db-headless:9093,1@db-1.db-headless:9093"
    listeners = {"name": "LISTENERS_URL", "value": "X://$(POD).db-headless.$(NS).svc:9092"}
    fields = [
        {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
        for name, path in (("POD", "metadata.name"), ("NS", "metadata.namespace"))
    ]
    db = workload(
        "db",
        kind="StatefulSet",
        serviceName="db-headless",
        replicas=2,
        containers=[container(env=[*env(VOTERS=voters), *fields, listeners])],
    )
    headless = service("db-headless", selector={"app": "db"}, clusterIP="None")
    graph = dependencies([db, headless])
    assert [(d.client, d.server, d.host, d.pod_port) for d in graph.dependencies] == [
        (SERVER, SERVER, "db-0.db-headless", 9093),
        (SERVER, SERVER, "db-0.db-headless.shop.svc", 9092),
        (SERVER, SERVER, "db-1.db-headless", 9093),
    ]
    assert graph.transitive(SERVER) == frozenset()


def test_a_lone_pod_does_not_ask_dns_for_its_own_full_name() -> None:
    name = "X://db-0.db-headless.shop.svc.cluster.local:9092"
    headless = service("db-headless", selector={"app": "db"}, clusterIP="None")
    for replicas, asks in ((1, False), (2, True)):
        db = workload(
            "db", kind="StatefulSet", serviceName="db-headless", replicas=replicas,
            containers=[container(env=env(OWN_URL=name))],
        )  # fmt: skip
        assert bool(dependencies([db, headless]).clients_of_dns) is asks


def test_needs_are_followed_through_others_and_around_circles() -> None:
    def web(name: str, needs: str) -> list[Object]:
        main = container(env=env(NEXT_URL=f"http://{needs}"))
        return [workload(name, containers=[main]), service(name, {"port": 80})]

    graph = dependencies([*web("a", "b"), *web("b", "c"), *web("c", "a"), DB])
    names = {ref.name for ref in graph.transitive(ObjectRef("Deployment", "shop", "a"))}
    assert names == {"b", "c"}


@pytest.mark.parametrize("kind", ["DaemonSet", "Job", "CronJob", "Pod"])
def test_every_kind_of_workload_has_needs(kind: str) -> None:
    obj = workload("order", kind=kind, containers=[container(env=env(DB_HOST="db"))])
    if kind == "CronJob":
        obj["spec"] = {"jobTemplate": {"spec": obj["spec"]}}
    if kind == "Pod":
        obj["spec"] = obj["spec"]["template"]["spec"]
    graph = dependencies([DB, DB_SERVICE, obj])
    assert [each.client.kind for each in graph.dependencies] == [kind]


def test_the_last_version_of_an_object_counts() -> None:
    old = workload("order", containers=[container(env=env(DB_HOST="gone"))])
    assert _graph(env=env(DB_HOST="db")).unresolved == ()
    new = workload("order", containers=[container(env=env(DB_HOST="db"))])
    assert dependencies([DB, DB_SERVICE, old, new]).unresolved == ()


def test_a_graph_answers_as_a_search_through_all_its_edges_would() -> None:
    names = "abcdef"
    refs = {name: ObjectRef("Deployment", "shop", name) for name in names}
    pairs = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "c"), ("d", "c"), ("e", None), ("a", "d")]
    edges = tuple(
        Dependency(client=refs[c], server=refs[s] if s else None, service=None, host=f"{c}{s}")
        for c, s in pairs
    )
    graph = Graph(dependencies=edges)

    for ref in refs.values():
        assert graph.needs(ref) == tuple(e for e in edges if e.client == ref)
        assert graph.needed_by(ref) == tuple(e for e in edges if e.server == ref)
        assert graph.needs(ref) is graph.needs(ref)
        assert graph.transitive(ref) is graph.transitive(ref)
    assert graph.transitive(refs["d"]) == {refs[n] for n in "abc"}
    assert graph.transitive(refs["f"]) == frozenset()
    assert Graph(dependencies=edges) == graph
