from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from harness.io.process import Completed
from harness.repo import file_text
from harness.repo.tree_reading import TreeReading, read_tree

LIST = (
    "apiVersion: v1\nkind: List\n"
    "items: [{apiVersion: v1, kind: Secret}, {apiVersion: v1, kind: Pod}]\n"
)
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


class Git:
    """Answers `git` from a table of its verbs; a verb that is not in it fails as without Git."""

    def __init__(self, **answers: str) -> None:
        self.answers = answers

    def run(
        self,
        argv: Sequence[str],
        *,
        deadline_seconds: float,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str | None = None,
    ) -> Completed:
        assert argv[0] == "git"
        assert "core.fsmonitor=false" in argv
        assert deadline_seconds > 0
        assert env is not None
        assert env["GIT_OPTIONAL_LOCKS"] == "0"
        assert cwd is None
        assert stdin is None
        verb = next(
            word for word in argv if word in {"ls-files", "rev-parse", "config"} or "sym" in word
        )
        said = self.answers.get(verb.replace("-", "_"))
        code = 128 if said is None else 0
        return Completed(argv=tuple(argv), returncode=code, stdout=said or "", stderr="")


def _write(root: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def _read(root: Path, files: Mapping[str, str | bytes] | None = None) -> TreeReading:
    _write(root, files or {})
    return read_tree(root, runner=Git())


def _faults(reading: TreeReading) -> list[tuple[str, int]]:
    return [(fault.file, fault.line) for fault in reading.faults]


def test_files_folders_kustomizations_and_manifests_are_read(tmp_path: Path) -> None:
    files = {
        "apps/web/kustomization.yml": "resources: [all.yaml]\n",
        "apps/web/all.yaml": f"{LIST}---\n{CONFIG_MAP}",
        "apps/web/values.yaml": CONFIG_MAP,
        "README.md": "# x\n",
    }

    tree = _read(tmp_path, files).tree

    assert tree.files == ("README.md", *sorted(f for f in files if f != "README.md"))
    assert tree.folders == ("apps", "apps/web")
    assert tree.kustomizations == {"apps/web": {"resources": ["all.yaml"]}}
    assert {f: [o["kind"] for o in found] for f, found in tree.documents.items()} == {
        "apps/web/all.yaml": ["Secret", "Pod", "ConfigMap"]
    }
    assert tree.texts["apps/web/values.yaml"] == CONFIG_MAP


def test_engine_objects_come_with_their_file_and_kustomizations_of_kustomize_do_not(
    tmp_path: Path,
) -> None:
    flux = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
    files = {
        "a.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\n",
        "b.yaml": f"{flux}---\n{CONFIG_MAP}",
        "c.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\n",
        "d/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1\nkind: Kustomization\n",
    }

    engine = _read(tmp_path, files).tree.engine

    assert [(obj["kind"], file) for obj, file in engine] == [
        ("ApplicationSet", "a.yaml"),
        ("Kustomization", "b.yaml"),
    ]


def test_in_a_checkout_git_says_what_belongs_to_the_tree(tmp_path: Path) -> None:
    _write(tmp_path, {"a.yaml": CONFIG_MAP, "build/b.yaml": CONFIG_MAP, "sub/c.yaml": CONFIG_MAP})
    git = Git(
        ls_files="a.yaml\0gone.yaml\0a.yaml\0sub\0inner/\0",
        rev_parse="\n",
        config="remote.origin.url https://me:token@git.example/x.git\nremote.b.url git@h:x\n",
        symbolic_ref="main\n",
    )

    reading = read_tree(tmp_path, runner=git)

    assert reading.tree.files == ("a.yaml", "sub/c.yaml")
    assert reading.tree.repo_urls == ("https://git.example/x.git", "git@h:x")
    assert reading.tree.branch == "main"
    assert [note.subject for note in reading.notes] == ["inner/"]


def test_the_remotes_of_a_larger_checkout_are_not_the_repositorys(tmp_path: Path) -> None:
    git = Git(ls_files="", rev_parse="examples/shop/\n", config="remote.origin.url git@h:x\n")

    assert read_tree(tmp_path, runner=git).tree.repo_urls == ()


@pytest.mark.parametrize("folder", [".github", ".hidden", "node_modules", "a/vendor"])
def test_hidden_folders_and_those_of_tools_are_left_out(tmp_path: Path, folder: str) -> None:
    reading = _read(tmp_path, {f"{folder}/a.yaml": "apiVersion: [\nkind: x\n"})

    git = Git(ls_files=f"{folder}/a.yaml\0")
    for found in (reading, read_tree(tmp_path, runner=git)):
        assert found.tree.documents == {}
        assert found.tree.texts == {}
        assert found.faults == ()


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("values.yaml", "a: [\n"),
        ("notes.yaml", "kind: [\n"),
        ("app.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .name }}\n"),
        ("jinja.yml", "{% for x in y %}\napiVersion: v1\nkind: Pod\n"),
        ("chart/templates/a.yaml", "apiVersion: v1\nkind: Pod\n  x: [\n"),
    ],
)
def test_what_is_no_manifest_or_a_template_is_no_fault(
    tmp_path: Path, file: str, text: str
) -> None:
    reading = _read(tmp_path, {file: text, "chart/Chart.yaml": "apiVersion: v2\nname: chart\n"})

    assert reading.faults == ()
    assert reading.tree.documents == {}


def test_crds_beside_a_charts_templates_are_plain_yaml(tmp_path: Path) -> None:
    files = {"chart/Chart.yaml": "name: chart\n", "chart/crds/a.yaml": CONFIG_MAP}

    assert list(_read(tmp_path, files).tree.documents) == ["chart/crds/a.yaml"]


def test_a_chart_of_applications_is_noted(tmp_path: Path) -> None:
    text = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: {{ .x }}}\n"
    files = {"apps/Chart.yaml": "name: apps\n", "apps/templates/a.yaml": text}

    [note] = _read(tmp_path, files).notes

    assert note.subject == "chart apps"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (CONFIG_MAP + "data:\n\ta: b\n", 5),
        (CONFIG_MAP + "kind: Secret\n", 4),
        (CONFIG_MAP.encode() + b"# \xff\n", 4),
        (CONFIG_MAP.encode() + b"#\n# \0\n", 5),
        (CONFIG_MAP + "a: &a [*a]\n", 4),
    ],
    ids=["tab", "key twice", "not UTF-8", "NUL", "alias of itself"],
)
def test_a_broken_manifest_is_a_fault_with_its_line(
    tmp_path: Path, content: str | bytes, line: int
) -> None:
    assert _faults(_read(tmp_path, {"a.yaml": content})) == [("a.yaml", line)]


def test_what_a_kustomization_names_is_meant_for_the_cluster(tmp_path: Path) -> None:
    files = {
        "kustomization.yaml": "resources: [a.yaml]\n",
        "a.yaml": "kind: [\n",
        "b.yaml": "k: [\n",
    }

    assert _faults(_read(tmp_path, files)) == [("a.yaml", 2)]


@pytest.mark.parametrize("text", ["resources: [\n", "- a\n"])
def test_a_kustomization_that_is_no_mapping_is_a_fault_and_not_kept(
    tmp_path: Path, text: str
) -> None:
    reading = _read(tmp_path, {"x/kustomization.yaml": text})

    assert [fault.file for fault in reading.faults] == ["x/kustomization.yaml"]
    assert reading.tree.kustomizations == {}


def test_an_empty_kustomization_is_there_and_empty(tmp_path: Path) -> None:
    assert _read(tmp_path, {"Kustomization": "# nothing\n"}).tree.kustomizations == {".": {}}


@pytest.mark.parametrize(
    "content",
    [b"\xef\xbb\xbf" + CONFIG_MAP.encode(), CONFIG_MAP.replace("\n", "\r\n").encode()],
    ids=["byte order mark", "CRLF"],
)
def test_what_windows_writes_is_read(tmp_path: Path, content: bytes) -> None:
    reading = _read(tmp_path, {"a.yaml": content})

    assert reading.tree.documents["a.yaml"][0]["metadata"] == {"name": "a"}
    assert reading.faults == ()


def test_links_are_followed_only_inside_the_repository(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    _write(root, {"a.yaml": CONFIG_MAP, "real/b.yaml": CONFIG_MAP})
    (tmp_path / "outside.yaml").write_text(CONFIG_MAP, encoding="utf-8")
    links = {
        "inside.yaml": "a.yaml",
        "folder": "real",
        "out.yaml": "../outside.yaml",
        "etc": "/etc",
        "loop.yaml": "loop.yaml",
        "up": "..",
        "nowhere.yaml": "gone.yaml",
    }
    for name, target in links.items():
        (root / name).symlink_to(target)

    reading = _read(root)

    assert sorted(reading.tree.documents) == ["a.yaml", "inside.yaml", "real/b.yaml"]
    assert "folder" in reading.tree.folders
    assert {note.subject: note.reason for note in reading.notes} == {
        "etc": "the link leads out of the repository and was not followed",
        "out.yaml": "the link leads out of the repository and was not followed",
        "up": "the link leads out of the repository and was not followed",
        "loop.yaml": "the link leads back to itself",
        "nowhere.yaml": "the link leads nowhere",
    }


def test_a_folder_that_links_to_its_parent_ends(tmp_path: Path) -> None:
    _write(tmp_path, {"a/b/c.yaml": CONFIG_MAP})
    (tmp_path / "a/b/up").symlink_to("..")

    assert list(_read(tmp_path).tree.documents) == ["a/b/c.yaml"]


def test_a_pipe_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")

    [note] = _read(tmp_path).notes

    assert (note.subject, note.reason) == ("pipe.yaml", "neither a file nor a folder")


def test_a_huge_file_is_noted_and_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_text, "MAX_BYTES", 100)

    reading = _read(tmp_path, {"a.yaml": CONFIG_MAP + "#" * 100})

    assert [note.subject for note in reading.notes] == ["a.yaml"]
    assert reading.tree.texts == {}


def test_binary_and_encrypted_files_are_no_faults(tmp_path: Path) -> None:
    reading = _read(tmp_path, {"a.yaml": b"\x7fELF\0\0", "b.yaml": b"\0GITCRYPT\0abc"})

    assert reading.faults == ()
    assert [(n.subject, n.reason) for n in reading.notes] == [
        ("b.yaml", "it is encrypted by git-crypt")
    ]


def test_a_bomb_of_aliases_is_a_fault_and_the_rest_is_read(tmp_path: Path) -> None:
    levels = "".join(f"a{n}: &a{n} [{f'*a{n - 1},' * 9}]\n" for n in range(1, 12))

    reading = _read(
        tmp_path, {"a.yaml": f"{CONFIG_MAP}a0: &a0 [x]\n{levels}", "b.yaml": CONFIG_MAP}
    )

    assert [fault.file for fault in reading.faults] == ["a.yaml"]
    assert list(reading.tree.documents) == ["b.yaml"]


def test_what_nests_too_deeply_is_noted(tmp_path: Path) -> None:
    reading = _read(tmp_path, {"a.yaml": f"{CONFIG_MAP}data: {'[' * 5000}\n"})

    assert [note.subject for note in reading.notes] == ["a.yaml"]
    assert reading.tree.texts == {}
    assert reading.faults == ()


def test_ten_thousand_documents_are_read(tmp_path: Path) -> None:
    reading = _read(tmp_path, {"a.yaml": f"---\n{CONFIG_MAP}" * 10_000})

    assert len(reading.tree.documents["a.yaml"]) == 10_000


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: [v1]\nkind: {a: b}\n",
        "apiVersion:\nkind:\n",
        "apiVersion: v1\nkind: List\nitems: [null, 1, [x], {kind: [y], apiVersion: 3}]\n",
        "apiVersion: argoproj.io/v1alpha1\nkind: [Application]\n",
        "- apiVersion: v1\n  kind: x\n",
    ],
)
def test_odd_types_do_not_stop_the_reading(tmp_path: Path, text: str) -> None:
    kustomization = "resources: {a: b}\npatches: 5\ncomponents: [1, null, [x]]\n"

    reading = _read(tmp_path, {"a.yaml": text, "kustomization.yaml": kustomization})

    assert "." in reading.tree.kustomizations
    assert reading.faults == ()
