"""What a difference comes from: the declared rule with its line, the live rule, one thing to do.

The live policies are asked the same question as the declared ones. Where they agree with what was
seen, somebody has changed a policy in the cluster, and its declaration is the line to read; where
they agree with the declaration, the network does not do what its own policies say. Pure but for
`locate`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from harness.manifests.pods import Object
from harness.model.policies import Cell, CellState, DecidingRule
from harness.model.refs import ObjectRef
from harness.policies.expectation import Expectation, Rulebook
from harness.policies.plan import Pair

Locate = Callable[[ObjectRef, str], tuple[str, int]]
"""Returns file and line of a field of a declared object; `("", 0)` where it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """The same question's two answers, and where the declared ones are written."""

    live: Rulebook
    declared: Mapping[ObjectRef, Object]
    locate: Locate


def with_origins(cell: Cell, pair: Pair, books: Books) -> Cell:
    """Returns a cell with the lines of its rules; a difference also with its cause and a fix."""
    if not cell.is_difference or cell.via:
        return replace(cell, decided_by=tuple(located(rule, books) for rule in cell.decided_by))
    live = _asked(pair, books.live)
    rules = _suspects_first(cell.decided_by, live, books)
    cell = replace(cell, decided_by=tuple(located(rule, books) for rule in rules))
    return replace(cell, live_rules=_live_words(cell, live, books), fix=_fix(cell, live, books))


def located(rule: DecidingRule, books: Books) -> DecidingRule:
    """Returns a rule with file and line."""
    if rule.policy not in books.declared:
        return rule
    field = changed_field(rule.policy, books) or (
        rule.field if rule.rule is not None else _closed_field(rule, books)
    )
    file, line = books.locate(rule.policy, field)
    return replace(rule, file=file, line=line)


def changed_field(ref: ObjectRef, books: Books) -> str:
    """Returns the field in which a live policy is another than declared; empty for none.

    It is the deepest one that holds the whole change, e.g. `spec.egress[0].ports[0].port`; a field
    that the declaration lacks has its parent. A policy that is not live has none.
    """
    found = [p for p in books.live.policies if ObjectRef.of(p) == ref]
    if not found or ref not in books.declared:
        return ""
    declared, live = _plain(books.declared[ref]), _plain(found[0])
    return _differing("spec", declared, live) if declared != live else ""


def _differing(path: str, declared: object, live: object) -> str:
    if isinstance(declared, Mapping) and isinstance(live, Mapping):
        keys = [k for k in (*declared, *live) if declared.get(k) != live.get(k)]
        names = list(dict.fromkeys(keys))
        inner = [(f"{path}.{name}", declared.get(name), live.get(name)) for name in names]
    elif isinstance(declared, list) and isinstance(live, list) and len(declared) == len(live):
        pairs = enumerate(zip(declared, live, strict=True))
        inner = [(f"{path}[{at}]", one, other) for at, (one, other) in pairs if one != other]
    else:
        return path
    if len(inner) != 1 or inner[0][1] is None:
        return path
    return _differing(*inner[0])


def _plain(policy: Object) -> dict[str, object]:
    """Returns the specification of a policy with what the API server fills in."""
    spec = policy.get("spec") or {}
    sides = {
        side: [_rule(rule) for rule in spec[side]]
        for side in ("ingress", "egress")
        if spec.get(side)
    }
    types = sorted(spec.get("policyTypes") or _default_types(spec))
    return {"podSelector": spec.get("podSelector") or {}, "policyTypes": types, **sides}


def _closed_field(rule: DecidingRule, books: Books) -> str:
    """Returns the field to show of a policy that isolates: its rules, or what selects the pods."""
    spec = books.declared[rule.policy].get("spec") or {}
    return f"spec.{rule.direction}" if spec.get(rule.direction) else "spec.podSelector"


def _asked(pair: Pair, book: Rulebook) -> Expectation:
    attempt = pair.attempts[0]
    client, server = attempt.source.endpoint, attempt.target.endpoint
    return book.of(client, server, pair.listener.port, pair.listener.protocol)


def _suspects_first(
    rules: Iterable[DecidingRule], live: Expectation, books: Books
) -> list[DecidingRule]:
    """Puts first the declared namesakes of the live rules that decide otherwise."""
    otherwise = {rule.policy: rule for rule in live.rules if rule.rule is not None}
    changed = {ref for ref in books.declared if _is_changed(ref, books)}
    listed = list(rules)
    known = {(rule.policy, rule.direction) for rule in listed}
    listed += [
        DecidingRule(policy=ref, direction=rule.direction)
        for ref, rule in otherwise.items()
        if live.allowed and ref in changed and (ref, rule.direction) not in known
    ]
    return sorted(listed, key=lambda r: (r.policy not in changed, r.policy not in otherwise))


def _is_changed(ref: ObjectRef, books: Books) -> bool:
    found = [p for p in books.live.policies if ObjectRef.of(p) == ref]
    return not found or _plain(found[0]) != _plain(books.declared[ref])


def _default_types(spec: Mapping[str, object]) -> list[str]:
    return ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


def _rule(rule: Mapping[str, object] | None) -> dict[str, object]:
    given = dict(rule or {})
    ports = given.get("ports")
    if isinstance(ports, list):
        given["ports"] = [{"protocol": "TCP", **(port or {})} for port in ports]
    return {key: value for key, value in given.items() if value}


def _live_words(cell: Cell, live: Expectation, books: Books) -> tuple[str, ...]:
    if live.allowed == cell.expected:
        word = "allow" if live.allowed else "deny"
        return (f"the policies in the cluster {word} it too, and the network does otherwise",)
    if live.allowed:
        allowing = [f"{_name(r)} {r.field}" for r in live.rules]
        said = ", ".join(allowing) or "no policy isolates the pods"
        return (f"in the cluster it is allowed: {said}",)
    missing = [rule for rule in cell.decided_by if not _is_live(rule.policy, books)]
    if missing:
        return (f"in the cluster {', '.join(_name(rule) for rule in missing)} does not exist",)
    changed = [r for r in cell.decided_by if _is_changed_declared(r, books)]
    if changed:
        names = ", ".join(dict.fromkeys(_name(rule) for rule in changed))
        return (f"in the cluster {names} is another than declared and does not allow it",)
    return (f"in the cluster {_name(live.rules[0])} isolates, and no rule allows it",)


def _is_live(ref: ObjectRef, books: Books) -> bool:
    return any(ObjectRef.of(p) == ref for p in books.live.policies)


def _is_changed_declared(rule: DecidingRule, books: Books) -> bool:
    return rule.policy in books.declared and _is_changed(rule.policy, books)


def _name(rule: DecidingRule) -> str:
    return f"NetworkPolicy {rule.policy.namespace}/{rule.policy.name}"


def _fix(cell: Cell, live: Expectation, books: Books) -> str:
    if live.allowed == cell.expected:
        where = cell.source.title if cell.state is CellState.CLOSED else cell.listener.target.title
        return f"look at the logs of the policy engine on the node of {where}"
    changed = [rule for rule in cell.decided_by if _is_changed_declared(rule, books)]
    if changed:
        rule = changed[0]
        place = f" from {rule.place}" if rule.place else ""
        return f"bring {_name(rule)} back to what is declared{place}: sync its Application"
    extra = [r for r in live.rules if r.policy not in books.declared]
    if extra:
        word = (
            "which nobody declares" if live.allowed else "which nobody declares and which isolates"
        )
        return f"remove {_name(extra[0])}, {word}, or declare it"
    return "harness drift says what is otherwise in the cluster"
