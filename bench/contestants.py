"""How each tool is asked about the same deployment: its command line, as its documentation has it.

A contestant that does not apply to a case says so by an empty command line. None of them changes
what is delivered; Helm takes over the objects that are there with the same content.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.arena import ENVIRONMENT, Arena
from bench.tools import Tool

HERE = Path(__file__).parent
ROOT = HERE.parent
HARNESS = "harness diagnose"
HARNESS_DECLARED = "harness diagnose --repo"
CONDITIONS = {
    "deployment": "condition=Available",
    "statefulset": "jsonpath={.status.availableReplicas}=1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command line with its environment; no words where the tool does not apply."""

    argv: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


Make = Callable[[Arena, Mapping[str, Tool]], Command]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """A tool in one way of use."""

    name: str
    tools: tuple[str, ...]
    """The programs it needs, by name."""
    command: Make

    @property
    def ours(self) -> bool:
        """True for the harness itself."""
        return self.name in {HARNESS, HARNESS_DECLARED}

    def missing(self, tools: Mapping[str, Tool]) -> str:
        """Returns why it cannot take part; nothing where it can."""
        absent = [tools[name] for name in self.tools if tools[name].path is None]
        return "; ".join(f"{tool.name}: {tool.why}" for tool in absent)


def _path(tools: Mapping[str, Tool], name: str) -> str:
    return str(tools[name].path)


def _harness(arena: Arena, _: Mapping[str, Tool]) -> Command:
    words = (
        *("-m", "harness", "diagnose", "--kubeconfig", str(arena.kubeconfig)),
        *("-n", arena.namespace, "--seconds", f"{arena.seconds:.0f}", "--json"),
    )
    return Command(argv=(sys.executable, *words))


def _harness_declared(arena: Arena, tools: Mapping[str, Tool]) -> Command:
    more = ("--repo", str(arena.repository), "--env", ENVIRONMENT)
    return Command(argv=(*_harness(arena, tools).argv, *more))


def _kubectl(arena: Arena, tools: Mapping[str, Tool]) -> tuple[str, ...]:
    kubeconfig = ("--kubeconfig", str(arena.kubeconfig), "-n", arena.namespace)
    return (_path(tools, "kubectl"), *kubeconfig)


def _one_after_the_other(lines: list[tuple[str, ...]]) -> Command:
    return Command(argv=("sh", "-c", " && ".join(shlex.join(words) for words in lines)))


def _kubectl_wait(arena: Arena, tools: Mapping[str, Tool]) -> Command:
    limit = f"--timeout={arena.seconds:.0f}s"
    return _one_after_the_other(
        [
            (*_kubectl(arena, tools), "wait", w, f"--for={CONDITIONS[w.partition('/')[0]]}", limit)
            for w in arena.case.workloads
        ]
    )


def _rollout_status(arena: Arena, tools: Mapping[str, Tool]) -> Command:
    limit = f"--timeout={arena.seconds:.0f}s"
    return _one_after_the_other(
        [(*_kubectl(arena, tools), "rollout", "status", w, limit) for w in arena.case.workloads]
    )


def _helm(arena: Arena, tools: Mapping[str, Tool]) -> Command:
    if arena.application:  # it would take the objects away from Argo CD
        return Command()
    words = (
        *("upgrade", "--install", "case", str(arena.chart), "-n", arena.namespace),
        *("--wait", "--timeout", f"{arena.seconds:.0f}s", "--take-ownership", "--force-conflicts"),
    )
    homes = {
        f"HELM_{part}_HOME": str(arena.folder / "helm") for part in ("CONFIG", "CACHE", "DATA")
    }
    environment = {"KUBECONFIG": str(arena.kubeconfig), **homes}
    return Command(argv=(_path(tools, "helm"), *words), environment=environment)


def _argocd(arena: Arena, tools: Mapping[str, Tool]) -> Command:
    if not arena.application:
        return Command()
    words = (
        *("app", "wait", arena.application, "--core", "--sync", "--health"),
        *("--timeout", f"{arena.seconds:.0f}"),
    )
    environment = {
        "KUBECONFIG": str(arena.engine_kubeconfig),
        "ARGOCD_CONFIG_DIR": str(arena.folder / "argocd"),
    }
    return Command(argv=(_path(tools, "argocd"), *words), environment=environment)


def _chainsaw(arena: Arena, tools: Mapping[str, Tool]) -> Command:
    words = (
        *("test", str(arena.test), "--namespace", arena.namespace, "--skip-delete", "--no-color"),
        *("--assert-timeout", f"{arena.seconds:.0f}s"),
    )
    environment = {"KUBECONFIG": str(arena.kubeconfig)}
    return Command(argv=(_path(tools, "chainsaw"), *words), environment=environment)


def _pytest_kubernetes(arena: Arena, tools: Mapping[str, Tool]) -> Command:
    folder = Path(_path(tools, "kubectl")).parent
    words = (
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null"),
        *("--rootdir", str(arena.folder), str(HERE / "waits" / "test_with_pytest_kubernetes.py")),
        *("--k8s-provider", "external", "--k8s-kubeconfig-override", str(arena.kubeconfig)),
    )
    environment = {
        "BENCH_NAMESPACE": arena.namespace,
        "BENCH_SECONDS": f"{arena.seconds:.0f}",
        "BENCH_WORKLOADS": " ".join(arena.case.workloads),
        "PATH": f"{folder}:/usr/local/bin:/usr/bin:/bin",
    }
    return Command(argv=(_path(tools, "pytest-kubernetes"), *words), environment=environment)


def _kr8s(arena: Arena, tools: Mapping[str, Tool]) -> Command:
    script = str(HERE / "waits" / "wait_with_kr8s.py")
    words = (script, arena.namespace, f"{arena.seconds:.0f}", *arena.case.workloads)
    environment = {"KUBECONFIG": str(arena.kubeconfig)}
    return Command(argv=(_path(tools, "kr8s"), *words), environment=environment)


CONTESTANTS = (
    Contestant(name=HARNESS, tools=(), command=_harness),
    Contestant(name=HARNESS_DECLARED, tools=(), command=_harness_declared),
    Contestant(name="kubectl wait", tools=("kubectl",), command=_kubectl_wait),
    Contestant(name="kubectl rollout status", tools=("kubectl",), command=_rollout_status),
    Contestant(name="helm --wait", tools=("helm",), command=_helm),
    Contestant(name="argocd app wait --core", tools=("argocd",), command=_argocd),
    Contestant(
        name="pytest-kubernetes",
        tools=("pytest-kubernetes", "kubectl"),
        command=_pytest_kubernetes,
    ),
    Contestant(name="kr8s", tools=("kr8s",), command=_kr8s),
    Contestant(name="chainsaw", tools=("chainsaw",), command=_chainsaw),
)
