"""kustomize and Helm are played by `Programs`, which looks at the folder it is asked to build."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.audit.source import SourceKind
from harness.io.process import Completed
from harness.repo.rendering import (
    Engine,
    Rendered,
    RenderTools,
    Request,
    Substitution,
    render_roots,
)

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
Answer = Callable[[Path, Sequence[str]], tuple[int, str, str]]


class Programs:
    """Plays kustomize and Helm; keeps what was asked."""

    def __init__(self, answer: Answer | None = None) -> None:
        self.answer = answer or (lambda *_: (0, POD, ""))
        self.calls: list[tuple[str, ...]] = []
        self.environments: list[Mapping[str, str]] = []
        self.lock = threading.Lock()
        self.timed_out = False

    def run(
        self,
        argv: Sequence[str],
        *,
        deadline_seconds: float,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str | None = None,
    ) -> Completed:
        assert 0 < deadline_seconds <= 90
        assert cwd is not None
        assert env is not None
        assert stdin is None
        assert argv[1] in {"build", "template"}
        with self.lock:
            self.calls.append(tuple(argv))
            self.environments.append(env)
        code, out, err = self.answer(Path(argv[2]), argv[3:])
        return Completed(
            argv=tuple(argv), returncode=code, stdout=out, stderr=err, timed_out=self.timed_out
        )


def _write(root: Path, files: Mapping[str, str]) -> None:
    (root / ".git").mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def _render(
    root: Path,
    *requests: Request,
    programs: Programs | None = None,
    cache: Path | None = None,
    **tools: Any,
) -> list[Rendered]:
    programs = programs or Programs()
    made = RenderTools(**{"runner": programs, "kustomize": Path("kustomize"), **tools})
    return render_roots(root, requests, made, cache=cache)


def _kustomization(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "kustomization.yaml").read_text("utf-8"))
    return found


BASE = {
    "base/kustomization.yaml": "resources: [pod.yaml]\n",
    "base/pod.yaml": POD,
    "dev/kustomization.yaml": "resources: [../base, more.yaml]\npatches: [{path: p.yaml}]\n",
    "dev/more.yaml": POD,
    "dev/p.yaml": "x: y\n",
    "dev/unused.yaml": POD,
}
DEV = Request(path="dev")


def test_a_root_comes_to_objects_and_to_what_it_reads(tmp_path: Path) -> None:
    _write(tmp_path, BASE)
    out = f"{POD}---\napiVersion: v1\nkind: List\nitems: [{{apiVersion: v1, kind: Service}}]\n"
    err = "# Warning: 'bases' is deprecated.\n# Warning: 'bases' is deprecated.\n"

    [found] = _render(tmp_path, DEV, programs=Programs(lambda *_: (0, out, err)))

    assert [o["kind"] for o in found.objects] == ["Pod", "Service"]
    assert found.visited == {"base", "dev", *(f for f in BASE if f != "dev/unused.yaml")}
    assert found.warnings == ("'bases' is deprecated.",)
    assert (found.failure, found.unjudged) == ("", "")


def test_results_are_in_the_order_of_the_requests_and_equal_ones_run_once(tmp_path: Path) -> None:
    _write(tmp_path, BASE)
    programs = Programs(lambda folder, _: (0, POD.replace("a", folder.name), ""))
    told: list[tuple[int, int]] = []
    requests = [DEV, Request(path="gone"), Request(path="base"), DEV]

    found = render_roots(
        tmp_path,
        requests,
        RenderTools(runner=programs, kustomize=Path("kustomize")),
        cache=None,
        progress=lambda done, total: told.append((done, total)),
    )

    assert [r.request.path for r in found] == ["dev", "gone", "base", "dev"]
    assert found[0].objects == found[3].objects
    assert found[1].failure == "gone: there is no such folder"
    assert len(programs.calls) == 2
    assert told[-1] == (4, 4)


def test_a_failure_keeps_kustomizes_words_without_its_warnings(tmp_path: Path) -> None:
    _write(tmp_path, BASE)
    said = "# Warning: old\nError: accumulating resources: no such file\n"

    [found] = _render(tmp_path, DEV, programs=Programs(lambda *_: (1, "", said)))

    assert found.failure == "Error: accumulating resources: no such file"
    assert "dev/more.yaml" in found.visited


def test_a_build_past_its_deadline_is_a_failure(tmp_path: Path) -> None:
    _write(tmp_path, BASE)
    programs = Programs(lambda *_: (-1, "", ""))
    programs.timed_out = True

    [found] = _render(tmp_path, DEV, programs=programs)

    assert found.failure == "kustomize did not end within 90 s"


def test_what_reads_outside_of_the_repository_fails_before_anything_runs(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    _write(root, {"dev/kustomization.yaml": "resources: [../../base]\n"})
    _write(tmp_path, {"base/kustomization.yaml": "resources: []\n"})
    (root / "link").symlink_to(tmp_path / "base")
    programs = Programs()

    found = _render(
        root, DEV, Request(path="link"), Request(path="../base"), Request(path="/etc"),
        programs=programs,
    )  # fmt: skip

    assert "'../../base' of dev leads out of the repository" in found[0].failure
    assert all("lies outside of the repository" in f.failure for f in found[1:])
    assert programs.calls == []


def test_a_base_may_lie_elsewhere_in_the_checkout(tmp_path: Path) -> None:
    _write(tmp_path, BASE)

    [found] = _render(tmp_path / "dev", Request(path="."))

    assert len(found.objects) == 1
    assert {"../base", "more.yaml", "."} <= found.visited


def test_bases_that_include_each_other_end(tmp_path: Path) -> None:
    files = {
        "a/kustomization.yaml": "resources: [../b]\n",
        "b/kustomization.yaml": "resources: [../a, .]\n",
    }
    _write(tmp_path, files)

    [found] = _render(tmp_path, Request(path="a"), programs=Programs(lambda *_: (1, "", "cycle")))

    assert found.failure == "cycle"
    assert found.visited == {"a", "b", *files}


@pytest.mark.parametrize(
    ("kustomization", "reason"),
    [
        ("resources: ['https://x.example/a.yaml']\n", "remote base https://x.example/a.yaml"),
        ("resources: ['github.com/a/b//c?ref=v1']\n", "remote base github.com/a/b//c?ref=v1"),
        ("components: ['git@x.example:a/b']\n", "remote base git@x.example:a/b"),
        ("patches: [{path: 'https://x.example/p'}]\n", "remote base https://x.example/p"),
        ("configMapGenerator: [{name: a, files: ['k=https://x/f']}]\n", "remote base https://x/f"),
        ("generators: [g.yaml]\n", "Ksops (viaduct.ai/v1) is a plugin"),
        ("transformers:\n- |-\n  apiVersion: x/v1\n  kind: Set\n", "Set (x/v1) is a plugin"),
        ("helmCharts: [{name: loki, repo: 'https://x'}]\n", "Helm chart loki is not in this"),
        ("helmCharts: [{name: own}]\n", "helm is not installed, which the chart own needs"),
        ("generators: [chart.yaml]\n", "Helm chart far is not in this repository"),
        ("resources: [nested]\n", "remote base https://y.example/a.yaml"),
    ],
)
def test_what_cannot_be_known_here_is_not_judged_and_does_not_run(
    tmp_path: Path, kustomization: str, reason: str
) -> None:
    files = {
        "kustomization.yaml": kustomization,
        "g.yaml": "apiVersion: viaduct.ai/v1\nkind: Ksops\nmetadata: {name: a}\n",
        "chart.yaml": "apiVersion: builtin\nkind: HelmChartInflationGenerator\nname: far\n",
        "charts/own/Chart.yaml": "name: own\n",
        "nested/kustomization.yaml": "resources: ['https://y.example/a.yaml']\n",
    }
    _write(tmp_path, files)
    programs = Programs()

    [found] = _render(tmp_path, Request(path="."), programs=programs)

    assert reason in found.unjudged
    assert programs.calls == []


def test_a_literal_that_looks_like_an_address_is_no_remote_base(tmp_path: Path) -> None:
    text = "configMapGenerator: [{name: a, literals: ['URL=https://x.example']}]\n"
    _write(tmp_path, {"kustomization.yaml": text})

    assert _render(tmp_path, Request(path="."))[0].unjudged == ""


def test_built_in_generators_and_transformers_are_no_plugins(tmp_path: Path) -> None:
    files = {
        "kustomization.yaml": "transformers: [t, u.yaml]\n",
        "t/kustomization.yaml": "resources: [a.yaml]\n",
        "t/a.yaml": "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: a}\n",
        "u.yaml": "apiVersion: builtin\nkind: PatchTransformer\npath: p.yaml\n",
        "p.yaml": "x: y\n",
    }
    _write(tmp_path, files)

    [found] = _render(tmp_path, Request(path="."))

    assert found.unjudged == ""
    assert set(files) <= found.visited


def test_no_program_reaches_the_network_unless_it_may_fetch(tmp_path: Path) -> None:
    _write(tmp_path, {"kustomization.yaml": "resources: ['https://x.example/a.yaml']\n", **BASE})
    closed, open_ = Programs(), Programs()

    _render(tmp_path, DEV, programs=closed)
    found = _render(tmp_path, Request(path="."), programs=open_, fetch=True)

    assert "127.0.0.1" in closed.environments[0]["HTTPS_PROXY"]
    assert not Path(closed.environments[0]["PATH"]).exists()
    assert "PATH" not in open_.environments[0]
    assert len(found[0].objects) == 1


def test_a_remote_base_that_was_not_recognised_is_not_judged(tmp_path: Path) -> None:
    _write(tmp_path, BASE)
    said = "Error: no 'git' program on path: exec: \"git\": executable file not found in $PATH"

    [found] = _render(tmp_path, DEV, programs=Programs(lambda *_: (1, "", said)))

    assert (found.failure, found.unjudged) == ("", "a remote base is not fetched")


def test_without_kustomize_nothing_is_judged(tmp_path: Path) -> None:
    _write(tmp_path, BASE)

    [found] = _render(tmp_path, DEV, kustomize=None)

    assert found.unjudged == "kustomize was not found"


# What is kept


def _hits(root: Path, cache: Path, request: Request = DEV, **tools: Any) -> int:
    programs = Programs()
    _render(root, request, programs=programs, cache=cache, **tools)
    return 1 - len(programs.calls)


def test_an_unchanged_root_is_not_built_again(tmp_path: Path) -> None:
    _write(tmp_path, BASE)
    first, *_ = _render(tmp_path, DEV, cache=tmp_path / "cache")
    programs = Programs()

    second, *_ = _render(tmp_path, DEV, programs=programs, cache=tmp_path / "cache")

    assert programs.calls == []
    assert (first.objects, first.visited) == (second.objects, second.visited)
    assert (first.is_cached, second.is_cached) == (False, True)


@pytest.mark.parametrize("file", ["base/pod.yaml", "dev/p.yaml", "dev/kustomization.yaml"])
def test_a_changed_file_is_built_again_and_others_do_not_matter(tmp_path: Path, file: str) -> None:
    _write(tmp_path, BASE)
    cache = tmp_path / "cache"
    assert _hits(tmp_path, cache) == 0
    (tmp_path / "dev/unused.yaml").write_text("other\n", encoding="utf-8")
    assert _hits(tmp_path, cache) == 1

    with (tmp_path / file).open("a", encoding="utf-8") as stream:
        stream.write("# changed\n")

    assert _hits(tmp_path, cache) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"engine": Engine.FLUX},
        {"engine": Engine.ARGOCD, "options": {"kustomize": {"namespace": "x"}}},
        {"build_options": ("--load-restrictor=LoadRestrictionsNone",)},
        {"substitution": Substitution(values={"a": "b"})},
    ],
)
def test_another_request_for_the_folder_is_built_on_its_own(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    _write(tmp_path, BASE)
    cache = tmp_path / "cache"
    assert _hits(tmp_path, cache) == 0

    assert _hits(tmp_path, cache, Request(path="dev", **change)) == 0
    assert _hits(tmp_path, cache) == 1


def test_another_change_of_the_same_engine_is_built_on_its_own(tmp_path: Path) -> None:
    _write(tmp_path, BASE)
    requests = [
        Request(path="dev", engine=Engine.ARGOCD, options={"kustomize": {"namespace": name}})
        for name in ("x", "y", "x")
    ]

    assert [_hits(tmp_path, tmp_path / "cache", r) for r in requests] == [0, 0, 1]


def test_failures_and_fetched_bases_are_not_kept(tmp_path: Path) -> None:
    _write(tmp_path, {**BASE, "kustomization.yaml": "resources: ['https://x.example/a.yaml']\n"})
    cache = tmp_path / "cache"
    _render(tmp_path, DEV, programs=Programs(lambda *_: (1, "", "Error")), cache=cache)

    assert _hits(tmp_path, cache) == 0
    assert _hits(tmp_path, cache, Request(path="."), fetch=True) == 0
    assert _hits(tmp_path, cache, Request(path="."), fetch=True) == 0


def test_another_kustomize_builds_again(tmp_path: Path) -> None:
    _write(tmp_path, BASE)
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("1", encoding="utf-8")
    other.write_text("22", encoding="utf-8")
    cache = tmp_path / "cache"

    assert [_hits(tmp_path, cache, kustomize=k) for k in (one, one, other)] == [0, 1, 0]


# What engines change


def _seen(root: Path, request: Request, **tools: Any) -> tuple[dict[str, Any], Path, Rendered]:
    looked: list[dict[str, Any]] = []
    folders: list[Path] = []

    def answer(folder: Path, _: Sequence[str]) -> tuple[int, str, str]:
        looked.append(_kustomization(folder))
        folders.append(folder)
        assert all((folder / name).exists() for name in looked[0].get("resources", ()))
        return 0, POD, ""

    [found] = _render(root, request, programs=Programs(answer), cache=root / "cache", **tools)
    assert found.unjudged == found.failure == ""
    return looked[0], folders[0], found


def test_argocds_changes_are_made_in_a_copy_that_goes_away(tmp_path: Path) -> None:
    _write(tmp_path, BASE)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    options = {"kustomize": {"namePrefix": "x-", "images": ["a:2"]}}

    content, folder, _ = _seen(tmp_path, Request(path="dev", engine=Engine.ARGOCD, options=options))

    assert content["namePrefix"] == "x-"
    assert content["images"] == [{"name": "a", "newTag": "2"}]
    assert folder.name == "dev"
    assert not folder.exists()
    assert {p: p.stat().st_mtime_ns for p in before if p != tmp_path} == {
        p: m for p, m in before.items() if p != tmp_path
    }


def test_files_of_the_copied_folder_are_no_links_for_the_load_restriction(tmp_path: Path) -> None:
    _write(tmp_path, BASE)
    links: dict[str, bool] = {}

    def answer(folder: Path, _: Sequence[str]) -> tuple[int, str, str]:
        links.update({path.name: path.is_symlink() for path in folder.iterdir()})
        return 1, "", f"Error: {folder}/more.yaml"

    options = {"kustomize": {"namespace": "x"}}
    request = Request(path="dev", engine=Engine.ARGOCD, options=options)
    [found] = _render(tmp_path, request, programs=Programs(answer))

    assert links == {"kustomization.yaml": False, "more.yaml": False, "p.yaml": False}
    assert found.failure == f"Error: {tmp_path}/dev/more.yaml"


def test_a_component_that_an_engine_adds_is_read_too(tmp_path: Path) -> None:
    _write(tmp_path, {**BASE, "part/kustomization.yaml": "kind: Component\n"})
    options = {"components": ["../part"]}

    content, _, found = _seen(tmp_path, Request(path="dev", engine=Engine.FLUX, options=options))

    assert content["components"] == ["../part"]
    assert "part/kustomization.yaml" in found.visited


def test_a_change_that_argocd_refuses_is_a_failure(tmp_path: Path) -> None:
    _write(tmp_path, {"kustomization.yaml": "commonLabels: {a: b}\n"})
    options = {"kustomize": {"commonLabels": {"a": "c"}}}

    [found] = _render(tmp_path, Request(path=".", engine=Engine.ARGOCD, options=options))

    assert "label a already in kustomization file" in found.failure


def test_flux_makes_a_kustomization_of_a_folder_without_one(tmp_path: Path) -> None:
    files = {
        "app/a.yaml": POD,
        "app/deep/b.yml": POD,
        "app/part/kustomization.yaml": "resources: [c.yaml]\n",
        "app/part/c.yaml": POD,
        "app/.sops.yaml": "x: y\n",
        "app/README.md": "",
    }
    _write(tmp_path, files)

    content, _, found = _seen(
        tmp_path, Request(path="app", kind=SourceKind.PLAIN, engine=Engine.FLUX)
    )

    assert content["resources"] == ["a.yaml", "deep/b.yml", "part"]
    assert "app/part/c.yaml" in found.visited


def test_flux_reads_files_outside_of_the_folder_and_argocd_only_when_told(tmp_path: Path) -> None:
    _write(tmp_path, BASE)
    programs = Programs()
    told = ("--enable-alpha-plugins", "--load-restrictor=LoadRestrictionsNone", "--enable-exec")

    for request in (
        Request(path="dev", engine=Engine.FLUX),
        Request(path="dev", engine=Engine.ARGOCD, build_options=told),
        Request(path="dev", engine=Engine.ARGOCD),
    ):
        _render(tmp_path, request, programs=programs)

    without = ("--load-restrictor", "LoadRestrictionsNone")
    assert [call[3:] for call in programs.calls] == [without, without, ()]


def test_variables_are_filled_in_after_the_build_and_metadata_comes_last(tmp_path: Path) -> None:
    _write(tmp_path, BASE)
    mark = "kustomize.toolkit.fluxcd.io/substitute: disabled"
    out = (
        "apiVersion: v1\nkind: A\nmetadata:\n  name: ${x}\nspec:\n  n: ${n}\n  y: ${y}\n---\n"
        f"apiVersion: v1\nkind: B\nmetadata:\n  labels: {{{mark}}}\n  name: ${{x}}\n"
    )
    request = Request(
        path="dev",
        engine=Engine.FLUX,
        options={"commonMetadata": {"labels": {"team": 7}}},
        substitution=Substitution(values={"x": "web", "n": "3"}, missing=("Secret s",)),
    )

    [found] = _render(tmp_path, request, programs=Programs(lambda *_: (0, out, "")))

    one, two = found.objects
    assert one["metadata"] == {"name": "web", "labels": {"team": "7"}}
    assert one["spec"] == {"n": 3, "y": "${y}"}
    assert two["metadata"]["name"] == "${x}"
    assert found.notes == ("no value here for ${y}; Secret s may hold it",)


def test_without_any_variable_nothing_is_filled_in(tmp_path: Path) -> None:
    _write(tmp_path, BASE)
    out = POD + "spec: {x: '$${a:=b}'}\n"
    request = Request(path="dev", engine=Engine.FLUX, substitution=Substitution())

    [found] = _render(tmp_path, request, programs=Programs(lambda *_: (0, out, "")))

    assert found.objects[0]["spec"] == {"x": "$${a:=b}"}


def test_a_substitution_that_flux_refuses_is_a_failure(tmp_path: Path) -> None:
    _write(tmp_path, BASE)
    request = Request(path="dev", engine=Engine.FLUX, substitution=Substitution(values={"a": "b"}))

    [found] = _render(tmp_path, request, programs=Programs(lambda *_: (0, "x: ${a[@]}\n", "")))

    assert "variable substitution failed" in found.failure


# Charts


def _chart(root: Path, **files: str) -> None:
    named = {
        name.replace("__", "/").replace("_yaml", ".yaml"): text for name, text in files.items()
    }
    _write(root, {"chart/Chart.yaml": "name: shop\n", "chart/values.yaml": "", **named})


def _helm(root: Path, options: Mapping[str, Any] | None = None, **more: Any) -> Rendered:
    request = Request(
        path="chart", kind=SourceKind.HELM, engine=Engine.ARGOCD, options=options or {}, **more
    )
    return _render(root, request, programs=more.pop("programs", None), helm=Path("helm"))[0]


def test_without_helm_a_chart_is_not_judged_and_named(tmp_path: Path) -> None:
    _chart(tmp_path)

    [found] = _render(tmp_path, Request(path="chart", kind=SourceKind.HELM))

    assert (found.unjudged, found.charts) == ("helm is not installed", ("shop",))


def test_helm_is_asked_as_argocd_asks_it(tmp_path: Path) -> None:
    _chart(tmp_path, **{"env/dev.yaml": "a: b\n", "chart/more.yaml": "a: c\n"})
    values: list[str] = []

    def answer(_: Path, arguments: Sequence[str]) -> tuple[int, str, str]:
        values.append(Path(arguments[-1]).read_text("utf-8"))
        test = POD + "  annotations: {helm.sh/hook: test}\n"
        return 0, f"{POD}---\n{test.replace('{name: a}', chr(10) + '  name: t')}", ""

    options = {
        "helm": {
            "releaseName": "web",
            "valueFiles": ["more.yaml", "/env/dev.yaml", "$here/env/dev.yaml", "gone.yaml"],
            "ignoreMissingValueFiles": True,
            "parameters": [
                {"name": "a", "value": "1,2"},
                {"name": "b", "value": True, "forceString": True},
            ],
            "valuesObject": {"x": 1},
            "values": "y: 2\n",
            "skipCrds": True,
        }
    }
    programs = Programs(answer)
    request = Request(
        path="chart",
        kind=SourceKind.HELM,
        engine=Engine.ARGOCD,
        options=options,
        name="app",
        namespace="ns",
        references={"here": ""},
    )

    [found] = _render(tmp_path, request, programs=programs, helm=Path("helm"))

    assert [o["metadata"]["name"] for o in found.objects] == ["a"]
    dev = str(tmp_path / "env/dev.yaml")
    assert programs.calls[0][:-1] == (
        "helm", "template", str(tmp_path / "chart"),
        "--name-template", "web", "--namespace", "ns",
        "--set", "a=1\\,2", "--set-string", "b=true",
        "--values", str(tmp_path / "chart/more.yaml"), "--values", dev, "--values", dev,
        "--values",
    )  # fmt: skip
    assert values == ['{"x": 1}']
    assert not programs.environments[0]["HELM_CACHE_HOME"].startswith(
        str(Path.home() / ".cache/helm")
    )
    assert {"chart/Chart.yaml", "env/dev.yaml"} <= found.visited


@pytest.mark.parametrize(
    ("files", "options", "reason"),
    [
        (
            {"chart/Chart.yaml": "name: x\ndependencies: [{name: redis}]\n"},
            {},
            "the charts it depends on are not in chart/charts: redis",
        ),
        ({}, {"valueFiles": ["https://x.example/v.yaml"]}, "is not fetched"),
        ({}, {"valueFiles": ["$values/v.yaml"]}, "is in another repository"),
        ({}, {"valueFiles": ["../../v.yaml"]}, "lies outside of the repository"),
    ],
)
def test_a_chart_that_is_not_whole_is_not_judged(
    tmp_path: Path, files: dict[str, str], options: dict[str, Any], reason: str
) -> None:
    _write(tmp_path, {"chart/Chart.yaml": "name: shop\n", **files})
    request = Request(path="chart", kind=SourceKind.HELM, options={"helm": options})
    programs = Programs()

    [found] = _render(tmp_path, request, programs=programs, helm=Path("helm"))

    assert reason in found.unjudged
    assert programs.calls == []


def test_packed_dependencies_count(tmp_path: Path) -> None:
    files = {
        "chart/Chart.yaml": "name: x\ndependencies: [{name: redis}, {name: own}]\n",
        "chart/charts/redis-1.2.tgz": "",
        "chart/charts/own/Chart.yaml": "name: own\n",
    }
    _write(tmp_path, files)

    [found] = _render(tmp_path, Request(path="chart", kind=SourceKind.HELM), helm=Path("helm"))

    assert found.unjudged == ""


def test_kustomize_fills_in_charts_of_the_repository_where_helm_is_there(tmp_path: Path) -> None:
    files = {
        "kustomization.yaml": "helmCharts: [{name: own}]\n",
        "charts/own/Chart.yaml": "name: own\n",
    }
    _write(tmp_path, files)
    programs = Programs()

    [found] = _render(tmp_path, Request(path="."), programs=programs, helm=Path("/bin/helm"))

    assert programs.calls[0][3:] == ("--enable-helm", "--helm-command", "/bin/helm")
    assert "charts/own/Chart.yaml" in found.visited


# Odd input


@pytest.mark.parametrize(
    "kustomization",
    [
        "resources: {a: b}\ncomponents: 5\nhelmCharts: x\ngenerators: [null, {a: b}, [c]]\n",
        'resources: ["\\0", "", " "]\nhelmCharts: [{name: "\\0"}]\npatches: [1, {path: ["x"]}]\n',
        "resources: [.]\nconfigMapGenerator: [{files: 5, envs: [null]}]\nhelmGlobals: [x]\n",
        f"resources: ['{'a/' * 3000}']\n",
        "a: &a [*a]\n",
        "[",
        "- x\n",
        "\x00",
    ],
)
def test_no_kustomization_stops_the_rendering(tmp_path: Path, kustomization: str) -> None:
    _write(tmp_path, {"kustomization.yaml": kustomization})

    for engine in Engine:
        [found] = _render(
            tmp_path,
            Request(
                path=".", engine=engine, options={"namePrefix": "x", "kustomize": {"images": 5}}
            ),
        )
        assert found.objects or found.unjudged or found.failure


@pytest.mark.parametrize("path", ["a\0b", "x" * 5000, "file"])
def test_no_path_stops_the_rendering(tmp_path: Path, path: str) -> None:
    _write(tmp_path, {"file": ""})

    [found] = _render(tmp_path, Request(path=path))

    assert found.failure or found.unjudged


def test_output_that_is_no_yaml_is_a_failure(tmp_path: Path) -> None:
    _write(tmp_path, BASE)

    [found] = _render(tmp_path, DEV, programs=Programs(lambda *_: (0, "a: [\n", "")))

    assert found.failure.startswith("yaml: line 2")
