"""What the pictures of a page are drawn from: pods, a policy matrix, a gap, findings with lines."""

from __future__ import annotations

from harness.model.drift import ApplicationGap, DriftFinding, DriftKind, Gap, Remark
from harness.model.excerpt import Excerpt
from harness.model.finding import Confidence, Diagnosis, Finding, Outcome, Phase
from harness.model.pods import PodHistory, PodPhase, PodSegment
from harness.model.policies import (
    Cell,
    CellState,
    Control,
    DecidingRule,
    Enforcement,
    Listener,
    Party,
    PartyKind,
    PolicyMatrix,
    Reply,
)
from harness.model.refs import ObjectRef

NAMESPACE = "musiccorp-dev"
RULES = "gitops-deploys/base/network/order-db.yaml"


def pod(
    name: str,
    workload: ObjectRef,
    *phases: tuple[PodPhase, float, str],
    begin: float,
    restarts: tuple[float, ...] = (),
    declared: bool = True,
) -> PodHistory:
    """A pod whose phases follow each other, each with its length and a note."""
    segments, at = [], begin
    for phase, seconds, note in phases:
        segments.append(PodSegment(phase=phase, start=at, end=at + seconds, note=note))
        at += seconds
    return PodHistory(
        ref=ObjectRef("Pod", workload.namespace, name),
        workload=workload,
        segments=tuple(segments),
        restarts=restarts,
        declared=declared,
    )


def started(
    name: str, workload: ObjectRef, begin: float, ready: float, end: float, *, declared: bool = True
) -> PodHistory:
    """A pod that came up in the usual way."""
    step = (ready - begin) / 10
    return pod(
        name,
        workload,
        (PodPhase.PENDING, step, ""),
        (PodPhase.CREATING, step, ""),
        (PodPhase.PULLING, 2 * step, ""),
        (PodPhase.INIT, 2 * step, "init container migrate"),
        (PodPhase.STARTING, 4 * step, ""),
        (PodPhase.READY, end - ready, ""),
        begin=begin,
        declared=declared,
    )


def musiccorp_pods(end: float = 128.7) -> list[PodHistory]:
    found = []
    for number, name in enumerate(("catalog", "customer", "notification", "order", "payment")):
        ref = ObjectRef("Deployment", NAMESPACE, name)
        found.append(
            started(f"{name}-7c9f8d6b5-x{number}k2q", ref, 84 + number, 104 + 3 * number, end)
        )
    for number, name in enumerate(("catalog-db", "customer-db", "order-db", "kafka")):
        ref = ObjectRef("StatefulSet", NAMESPACE, name)
        found.append(started(f"{name}-0", ref, 80 + number, 92 + 2.5 * number, end))
    ref = ObjectRef("Deployment", "argocd", "argocd-repo-server")
    found.append(started("argocd-repo-server-6d5-abcde", ref, 50, 71, end, declared=False))
    return found


def troubled_pods(end: float = 128.7) -> list[PodHistory]:
    """The same with one that crashes, one whose image is missing, and one that was ready once."""
    found = [p for p in musiccorp_pods(end) if p.workload.name not in {"order", "payment", "kafka"}]
    crash = ObjectRef("Deployment", NAMESPACE, "payment")
    image = ObjectRef("Deployment", NAMESPACE, "order")
    kafka = ObjectRef("StatefulSet", NAMESPACE, "kafka")
    again = (PodPhase.STARTING, 3.0, "")
    down = (PodPhase.FAILING, 7.0, "payment ended with exit code 1 (Error)")
    return [
        *found,
        pod(
            "payment-58d9-7xk2p",
            crash,
            (PodPhase.PENDING, 0.3, ""),
            (PodPhase.CREATING, 2.0, ""),
            (PodPhase.PULLING, 3.0, ""),
            again, down, again, down,
            (PodPhase.STARTING, 4.0, ""),
            (PodPhase.FAILING, end - 115.3, "payment: CrashLoopBackOff"),
            begin=86.0,
            restarts=(101.3, 111.3),
        ),
        pod(
            "order-776dcf9665-dxm5j",
            image,
            (PodPhase.PENDING, 0.4, ""),
            (PodPhase.CREATING, 1.6, ""),
            (PodPhase.PULLING, 2.0, ""),
            (PodPhase.FAILING, end - 90.0, "migrate: ImagePullBackOff"),
            begin=86.0,
        ),
        pod(
            "kafka-0",
            kafka,
            (PodPhase.PENDING, 4.0, ""),
            (PodPhase.STARTING, 9.0, ""),
            (PodPhase.READY, 12.0, ""),
            (PodPhase.UNREADY, end - 107.0, ""),
            begin=82.0,
        ),
    ]  # fmt: skip


def many_pods(workloads: int, replicas: int, end: float) -> list[PodHistory]:
    """Three replicas each or so; every fortieth workload has one that fails."""
    found = []
    for number in range(workloads):
        ref = ObjectRef("Deployment", NAMESPACE, f"service-{number:03d}")
        ready = 90 + 60 * (number / workloads) ** 2 + number % 7
        for replica in range(replicas):
            name = f"{ref.name}-6f{number:03d}b9c-{replica}abcd"
            found.append(started(name, ref, 84.5, ready + replica, end))
        if number % 40 == 0:
            failing = (PodPhase.FAILING, end - 95, f"{ref.name}: CreateContainerConfigError")
            name = f"{ref.name}-6f{number:03d}b9c-zzzzz"
            found.append(pod(name, ref, (PodPhase.CREATING, 5.0, ""), failing, begin=90.0))
    return found


def party(name: str, kind: PartyKind = PartyKind.WORKLOAD) -> Party:
    ref = ObjectRef("Deployment", NAMESPACE, name) if kind is PartyKind.WORKLOAD else None
    return Party(kind=kind, title=name, ref=ref)


def rule(name: str, index: int | None, line: int = 8) -> DecidingRule:
    return DecidingRule(
        policy=ObjectRef("NetworkPolicy", NAMESPACE, name),
        direction="ingress",
        rule=index,
        file=RULES,
        line=line,
    )


SERVICES = ("catalog", "customer", "notification", "order", "payment")
STORES = (("catalog-db", 5432), ("customer-db", 5432), ("order-db", 5432), ("kafka", 9092))
CALLS = {("order", "payment"), ("order", "catalog"), ("order", "customer")}


def musiccorp_matrix(*, broken: bool = False, enforced: bool = True) -> PolicyMatrix:
    """Everyone to everyone; with `broken` one database is open and one call is closed."""
    sources = [*map(party, SERVICES), *(party(name) for name, _ in STORES)]
    sources += [party("outside", PartyKind.OUTSIDE)]
    sources += [party("load balancer", PartyKind.LOAD_BALANCER)]
    listeners = [Listener(target=party(n), port=8080, services=(f"{n}:80",)) for n in SERVICES]
    listeners += [Listener(target=party(n), port=port) for n, port in STORES]
    listeners += [Listener(target=party("kafka"), port=9093)]
    dns = party("dns", PartyKind.DNS)
    listeners += [Listener(target=dns, port=53, protocol=p) for p in ("UDP", "TCP")]
    cells = [
        _cell(source, listener)
        for source in sources
        for listener in listeners
        if source.title != listener.target.title
    ]
    if broken:
        cells = [_broken(cell) for cell in cells]
    state = Enforcement.ENFORCED if enforced else Enforcement.NOT_ENFORCED
    said = "an empty policy silenced a listener that had answered" if enforced else "it went on"
    return PolicyMatrix(
        control=Control(state=state, detail=said, seconds=3.2),
        cells=tuple(cells),
        notes=("SCTP was not probed",),
        policies=14,
        seconds=9.4,
    )


def _cell(source: Party, listener: Listener) -> Cell:
    pair = (source.title, listener.target.title)
    allowed = (
        pair in CALLS
        or (pair[1] == "dns" and source.kind is PartyKind.WORKLOAD)
        or (pair[1] == f"{pair[0]}-db")
        or (pair[1] == "kafka" and pair[0] in SERVICES and listener.port == 9092)
        or (source.kind is PartyKind.LOAD_BALANCER and pair[1] in {"order", "catalog"})
    )
    return Cell(
        source=source,
        listener=listener,
        expected=allowed,
        seen=Reply.ANSWERED if allowed else Reply.TIMED_OUT,
        state=CellState.ALLOWED if allowed else CellState.DENIED,
        decided_by=(rule(listener.target.title, 0 if allowed else None),),
    )


def _broken(cell: Cell) -> Cell:
    pair = (cell.source.title, cell.listener.target.title)
    common = {"source": cell.source, "listener": cell.listener, "decided_by": cell.decided_by}
    if pair == ("notification", "order-db"):
        return Cell(
            **common,  # type: ignore[arg-type]
            expected=False,
            seen=Reply.ANSWERED,
            state=CellState.OPEN,
            live_rules=("musiccorp-dev/order-db allows every pod of the namespace",),
            fix="sync the policy: its live spec.ingress[0].from is empty",
        )
    if pair == ("order", "payment"):
        return Cell(
            **common,  # type: ignore[arg-type]
            expected=True,
            seen=Reply.TIMED_OUT,
            state=CellState.CLOSED,
            reason="3 of 3 probes, while catalog answers on the same port",
        )
    if pair[0] == "outside":
        return Cell(
            **common,  # type: ignore[arg-type]
            expected=cell.expected,
            seen=Reply.NOT_PROBED,
            state=CellState.NOT_JUDGED,
            reason="no route from outside to the pods",
        )
    return cell


def large_matrix(size: int) -> PolicyMatrix:
    """So many sources by as many listeners, a tenth allowed."""
    parties = [party(f"service-{number:03d}") for number in range(size)]
    listeners = [Listener(target=p, port=8080) for p in parties]
    cells = []
    for row, source in enumerate(parties):
        for column, listener in enumerate(listeners):
            allowed = (row * 7 + column * 3) % 10 == 0
            state = CellState.ALLOWED if allowed else CellState.DENIED
            seen = Reply.ANSWERED if allowed else Reply.TIMED_OUT
            cells.append(
                Cell(source=source, listener=listener, expected=allowed, seen=seen, state=state)
            )
    control = Control(state=Enforcement.ENFORCED, detail="a policy of ours was obeyed")
    return PolicyMatrix(control=control, cells=tuple(cells), policies=size, left_out=1200)


def honest_gap() -> Gap:
    apps = [(f"{name}-dev", 7) for name in (*SERVICES, "kafka")]
    return Gap(
        applications=tuple(
            ApplicationGap(
                name=name, title=f"Application {name}", exact=number, sync="Synced",
                revision="4f0c9d2a7be1", wanted="4f0c9d2a7be1",
            )
            for name, number in apps
        )
    )  # fmt: skip


def wide_gap() -> Gap:
    order = ObjectRef("Deployment", NAMESPACE, "order")
    findings = (
        DriftFinding(
            kind=DriftKind.DIFFERENT,
            object=order,
            application="order-dev",
            field="spec.template.spec.containers[order].env[LOG_LEVEL].value",
            declared="info",
            desired="info",
            live="debug",
            sync="OutOfSync",
            manager="kubectl-edit",
            operation="Update",
            time="2026-11-22T12:01:00Z",
            file="gitops-deploys/base/services/order/deployment.yaml",
            line=31,
            fix="kubectl -n musiccorp-dev rollout undo, or sync Application order-dev",
        ),
        DriftFinding(
            kind=DriftKind.MISSING,
            object=ObjectRef("NetworkPolicy", NAMESPACE, "order-db"),
            application="order-dev",
            file=RULES,
            line=8,
            fix="sync Application order-dev",
        ),
        DriftFinding(
            kind=DriftKind.EXTRA,
            object=ObjectRef("ConfigMap", NAMESPACE, "left-by-hand"),
            application="",
            live="made 3 days ago",
            fix="delete it, or declare it",
        ),
    )
    apps = honest_gap().applications
    return Gap(
        applications=(
            *apps[:3],
            ApplicationGap(
                name="order-dev", title="Application order-dev", sync="OutOfSync",
                revision="4f0c9d2a7be1", findings=findings,
                exact=4, different=1, missing=1, not_judged=1, extra=1,
            ),
            *apps[4:],
        ),
        not_judged=(Remark(object=ObjectRef("Widget", "", "one"), reason="may not be read"),),
        without_dry_run=(Remark(object=order, reason="a webhook refuses dry runs"),),
        notes=("The image registry could not be asked for one tag.",),
    )  # fmt: skip


def missing_image() -> Diagnosis:
    return Diagnosis(
        outcome=Outcome.FAILED,
        findings=(
            Finding(
                cause="I01",
                phase=Phase.IMAGE,
                object=ObjectRef("Deployment", NAMESPACE, "order"),
                field="spec.template.spec.initContainers[migrate].image",
                seen="image ghcr.io/musiccorp/musiccorp-order:v9.9.9 of container migrate cannot "
                "be pulled: not found",
                expected="an image that ghcr.io has",
                fix="push ghcr.io/musiccorp/musiccorp-order:v9.9.9 or set a tag that exists",
                file="gitops-deploys/overlays/dev/services/kustomization.yaml",
                line=12,
                victims=(ObjectRef("Deployment", NAMESPACE, "payment"),),
                confidence=Confidence.CERTAIN,
                not_testable=("whether container migrate starts and becomes ready",),
            ),
        ),
    )


def some_excerpts() -> list[Excerpt]:
    return [
        Excerpt(
            file="gitops-deploys/overlays/dev/services/kustomization.yaml",
            line=12,
            first=10,
            lines=(
                "images:",
                "  - name: ghcr.io/musiccorp/musiccorp-order",
                "    newTag: v9.9.9",
                "  - name: ghcr.io/musiccorp/musiccorp-payment",
                "    newTag: 1.5.0-rc.1",
            ),
        ),
        Excerpt(
            file=RULES,
            line=8,
            first=6,
            lines=("spec:", "  podSelector:", "    matchLabels: {app: order-db}", "  ingress:", ""),
        ),
    ]
