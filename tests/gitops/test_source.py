from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from harness.gitops.source import PublishedTree, publish_tree
from harness.gitops.tree_listing import file_name
from harness.io.process import Completed, ProcessRunner
from harness.model.errors import RepositoryError

GIT_ENV = {
    **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ("git", "-C", str(folder), *arguments), env=GIT_ENV, check=True, capture_output=True
    )
    return os.fsdecode(done.stdout).rstrip("\n")


def commit(folder: Path, message: str = "x") -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "the repo"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=work")
    (folder / ".gitignore").write_text("*.log\nbuild/\n")
    (folder / "a.yaml").write_text("a: 1\n")
    (folder / "gone.yaml").write_text("gone: 1\n")
    (folder / "kept.log").write_text("tracked although ignored\n")
    git(folder, "add", "--all")
    git(folder, "add", "--force", "kept.log")
    git(folder, "commit", "--quiet", "--message", "first")
    return folder


def publish(tree: Path, bare: Path, *names: str) -> PublishedTree:
    return publish_tree(
        tree=tree, bare=bare, branch_names=names, runner=ProcessRunner(), deadline_seconds=20
    )


def published(bare: Path, revision: str) -> dict[str, str]:
    """Path -> mode of what a clone would hold."""
    listed = git(bare, "ls-tree", "-r", "-z", revision)
    rows = (row.partition("\t") for row in listed.split("\0") if row)
    return {path: facts.split(" ")[0] for facts, _, path in rows}


def snapshot(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mode,
            path.lstat().st_mtime_ns,
            path.read_bytes() if path.is_file() and not path.is_symlink() else b"",
        )
        for path in sorted(folder.rglob("*"))
    }


def test_the_tree_on_disk_is_published_and_not_the_last_commit(
    checkout: Path, tmp_path: Path
) -> None:
    (checkout / "a.yaml").write_text("a: 2\n")
    (checkout / "gone.yaml").unlink()
    (checkout / "staged.yaml").write_text("s")
    git(checkout, "add", "staged.yaml")
    (checkout / "new").mkdir()
    (checkout / "new" / "run.sh").write_text("#!/bin/sh\n")
    (checkout / "new" / "run.sh").chmod(0o755)
    (checkout / "link").symlink_to("new/run.sh")
    (checkout / "broken").symlink_to("/nowhere")
    (checkout / "out.log").write_text("ignored")
    (checkout / "build").mkdir()
    (checkout / "build" / "x").write_text("ignored")
    done = publish(checkout, tmp_path / "bare.git")
    assert published(tmp_path / "bare.git", done.revision) == {
        ".gitignore": "100644",
        "a.yaml": "100644",
        "broken": "120000",
        "kept.log": "100644",
        "link": "120000",
        "new/run.sh": "100755",
        "staged.yaml": "100644",
    }
    assert git(tmp_path / "bare.git", "show", f"{done.revision}:a.yaml") == "a: 2"
    assert git(tmp_path / "bare.git", "show", f"{done.revision}:broken") == "/nowhere"
    assert done.files == 7
    assert done.notes == ()


def test_nothing_is_written_in_the_users_repository(checkout: Path, tmp_path: Path) -> None:
    os.utime(checkout / "a.yaml", (1, 1))  # Git would refresh its index if it were allowed to
    before = snapshot(checkout)
    publish(checkout, tmp_path / "bare.git")
    publish(checkout, tmp_path / "bare.git")
    assert snapshot(checkout) == before


def test_the_environment_of_a_git_hook_does_not_reach_our_repository(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_INDEX_FILE", str(checkout / ".git" / "index"))
    monkeypatch.setenv("GIT_DIR", str(checkout / ".git"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(checkout / ".git" / "objects"))
    (checkout / "new.yaml").write_text("new")
    before = snapshot(checkout)
    publish(checkout, tmp_path / "bare.git")
    assert snapshot(checkout) == before


def test_an_unchanged_tree_keeps_its_commit_also_in_another_repository(
    checkout: Path, tmp_path: Path
) -> None:
    first = publish(checkout, tmp_path / "one.git")
    os.utime(checkout / "a.yaml", (1, 1))
    assert publish(checkout, tmp_path / "one.git") == first
    assert publish(checkout, tmp_path / "two.git") == first


def test_a_changed_tree_is_a_new_commit_on_top_even_when_it_changes_back(
    checkout: Path, tmp_path: Path
) -> None:
    bare = tmp_path / "one.git"
    first = publish(checkout, bare)
    (checkout / "a.yaml").write_text("a: 3\n")
    second = publish(checkout, bare)
    (checkout / "a.yaml").write_text("a: 1\n")
    third = publish(checkout, bare)
    assert first.tree == third.tree != second.tree
    assert git(bare, "log", "--format=%H").splitlines() == [
        third.revision,
        second.revision,
        first.revision,
    ]


def test_publishing_again_follows_every_kind_of_change(checkout: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    (checkout / "turns").write_text("file")
    publish(checkout, bare)
    (checkout / "turns").unlink()
    (checkout / "turns").mkdir()
    (checkout / "turns" / "into-a-folder").write_text("x")
    (checkout / "a.yaml").unlink()
    (checkout / "gone.yaml").chmod(0o755)
    done = publish(checkout, bare)
    assert published(bare, done.revision) == {
        ".gitignore": "100644",
        "gone.yaml": "100755",
        "kept.log": "100644",
        "turns/into-a-folder": "100644",
    }
    (checkout / "turns" / "into-a-folder").unlink()
    (checkout / "turns").rmdir()
    (checkout / "turns").write_text("file again")
    assert published(bare, publish(checkout, bare).revision)["turns"] == "100644"


def test_head_and_every_asked_branch_point_at_the_commit(checkout: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    publish(checkout, bare, "an/old-name")
    done = publish(checkout, bare, "release/1.2", "work")
    assert done.branches == ("work", "release/1.2", "main", "master")
    assert git(bare, "symbolic-ref", "HEAD") == "refs/heads/work"
    assert git(bare, "for-each-ref", "--format=%(refname) %(objectname)").splitlines() == [
        f"refs/heads/{name} {done.revision}" for name in ("main", "master", "release/1.2", "work")
    ]
    head = git(checkout, "rev-parse", "HEAD")
    assert git(bare, "log", "-1", "--format=%an|%s|%P", done.revision) == (
        f"gitops-harness|Working tree of {head}|"
    )


def test_a_branch_may_take_the_place_of_one_it_lies_below(checkout: Path, tmp_path: Path) -> None:
    publish(checkout, tmp_path / "bare.git", "release")
    done = publish(checkout, tmp_path / "bare.git", "release/1")
    assert git(tmp_path / "bare.git", "rev-parse", "release/1") == done.revision


def test_a_branch_below_main_keeps_main_from_being_offered(checkout: Path, tmp_path: Path) -> None:
    git(checkout, "checkout", "--quiet", "-b", "main/next")
    done = publish(checkout, tmp_path / "bare.git")
    assert done.branches == ("main/next", "master")
    assert "Branch main is not offered" in done.notes[0]


def test_a_subfolder_becomes_the_root_under_the_outer_ignore_rules(
    checkout: Path, tmp_path: Path
) -> None:
    inner = checkout / "deploys"
    inner.mkdir()
    (inner / "x.yaml").write_text("x")
    (inner / "y.log").write_text("ignored by the outer rules")
    done = publish(inner, tmp_path / "bare.git")
    assert published(tmp_path / "bare.git", done.revision) == {"x.yaml": "100644"}


def test_a_folder_without_git_is_published_under_its_own_ignore_rules(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    (folder / "sub").mkdir(parents=True)
    (folder / ".gitignore").write_text("*.tmp\n")
    (folder / "sub" / ".gitignore").write_text("/local\n")
    for name in ("a.yaml", "b.tmp", "sub/local", "sub/c.yaml"):
        (folder / name).write_text(name)
    before = snapshot(folder)
    done = publish(folder, tmp_path / "bare.git")
    assert sorted(published(tmp_path / "bare.git", done.revision)) == [
        ".gitignore",
        "a.yaml",
        "sub/.gitignore",
        "sub/c.yaml",
    ]
    assert done.branches == ("main", "master")
    assert snapshot(folder) == before
    (folder / ".gitignore").write_text("*.tmp\na.yaml\n")
    again = publish(folder, tmp_path / "bare.git")
    assert sorted(published(tmp_path / "bare.git", again.revision)) == [
        ".gitignore",
        "sub/.gitignore",
        "sub/c.yaml",
    ]


def test_a_linked_worktree_is_published_as_it_is(checkout: Path, tmp_path: Path) -> None:
    git(checkout, "worktree", "add", "--quiet", "-b", "side", str(tmp_path / "linked"))
    (tmp_path / "linked" / "a.yaml").write_text("linked")
    done = publish(tmp_path / "linked", tmp_path / "bare.git")
    assert git(tmp_path / "bare.git", "show", f"{done.revision}:a.yaml") == "linked"
    assert done.branches[0] == "side"


def test_names_of_any_bytes_survive(checkout: Path, tmp_path: Path) -> None:
    names = [b"with space", b"new\nline", b'quo"te\\', b"tab\t", b"\xe9t\xe9", b"-x"]
    names.append("été".encode())
    for name in names:
        with open(os.path.join(os.fsencode(checkout), name), "wb") as file:  # noqa: PTH118, PTH123
            file.write(name)
    done = publish(checkout, tmp_path / "bare.git")
    listed = {os.fsencode(path) for path in published(tmp_path / "bare.git", done.revision)}
    assert listed >= set(names)
    assert publish(checkout, tmp_path / "bare.git") == done


@pytest.mark.parametrize(
    ("quoted", "name"),
    [("a b", b"a b"), (r'"\303\251"', b"\xc3\xa9"), (r'"a\n\"\\\t\001"', b'a\n"\\\t\x01')],
)
def test_a_c_quoted_name_is_read_back_exactly(quoted: str, name: bytes) -> None:
    assert file_name(quoted) == name


def test_content_is_stored_as_on_disk_whatever_attributes_and_settings_say(
    checkout: Path, tmp_path: Path
) -> None:
    git(checkout, "config", "core.autocrlf", "true")
    git(checkout, "config", "filter.upper.clean", "tr a-z A-Z")
    (checkout / ".gitattributes").write_text(
        "*.txt text eol=crlf ident\n*.big filter=upper\n*.wide working-tree-encoding=UTF-16\n"
    )
    contents = {"a.txt": b"one\r\n$Id: x $\r\n", "b.big": b"lower", "c.wide": b"plain\n"}
    for name, content in contents.items():
        (checkout / name).write_bytes(content)
    done = publish(checkout, tmp_path / "bare.git")
    for name, content in contents.items():
        shown = subprocess.run(
            ("git", "cat-file", "blob", f"{done.revision}:{name}"),
            cwd=tmp_path / "bare.git",
            check=True,
            capture_output=True,
            env=GIT_ENV,
        )
        assert shown.stdout == content


def test_recorded_modes_count_where_the_checkout_keeps_no_exec_bits(
    checkout: Path, tmp_path: Path
) -> None:
    git(checkout, "update-index", "--chmod=+x", "a.yaml")
    git(checkout, "config", "core.fileMode", "false")
    (checkout / "gone.yaml").chmod(0o755)
    done = publish(checkout, tmp_path / "bare.git")
    modes = published(tmp_path / "bare.git", done.revision)
    assert (modes["a.yaml"], modes["gone.yaml"]) == ("100755", "100644")


def test_submodules_and_nested_repositories_are_named_and_left_out(
    checkout: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "--quiet")
    (other / "f").write_text("f")
    commit(other)
    allow = ("-c", "protocol.file.allow=always")
    git(checkout, *allow, "submodule", "--quiet", "add", str(other), "sub")
    git(checkout, "clone", "--quiet", str(other), "nested one")
    done = publish(checkout, tmp_path / "bare.git")
    assert done.notes == (
        "Submodule sub: its content is not published.",
        "Nested repository nested one/: its content is not published.",
    )
    modes = published(tmp_path / "bare.git", done.revision)
    assert ".gitmodules" in modes
    assert not [path for path in modes if path.startswith(("sub", "nested"))]


def test_a_merge_conflict_is_published_and_named(checkout: Path, tmp_path: Path) -> None:
    git(checkout, "checkout", "--quiet", "-b", "other")
    (checkout / "a.yaml").write_text("a: other\n")
    commit(checkout)
    git(checkout, "checkout", "--quiet", "work")
    (checkout / "a.yaml").write_text("a: work\n")
    commit(checkout)
    with pytest.raises(subprocess.CalledProcessError):
        git(checkout, "merge", "other")
    done = publish(checkout, tmp_path / "bare.git")
    assert done.notes == ("a.yaml: published with its merge conflict.",)
    assert "<<<<<<<" in git(tmp_path / "bare.git", "show", f"{done.revision}:a.yaml")


def test_files_behind_a_folder_that_became_a_symlink_count_as_deleted(
    checkout: Path, tmp_path: Path
) -> None:
    (checkout / "d").mkdir()
    (checkout / "d" / "f").write_text("f")
    commit(checkout)
    (checkout / "d").rename(tmp_path / "moved")
    (checkout / "d").symlink_to(tmp_path / "moved")
    modes = published(tmp_path / "bare.git", publish(checkout, tmp_path / "bare.git").revision)
    assert modes["d"] == "120000"
    assert "d/f" not in modes


def test_a_fifo_in_place_of_a_tracked_file_is_named(checkout: Path, tmp_path: Path) -> None:
    (checkout / "a.yaml").unlink()
    os.mkfifo(checkout / "a.yaml")
    done = publish(checkout, tmp_path / "bare.git")
    assert done.notes == ("a.yaml: not published, Git stores only files and symlinks.",)


def test_a_checkout_without_a_commit_is_published(tmp_path: Path) -> None:
    folder = tmp_path / "fresh"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=trunk")
    (folder / "a").write_text("a")
    done = publish(folder, tmp_path / "bare.git")
    assert done.branches == ("trunk", "main", "master")
    subject = git(tmp_path / "bare.git", "log", "-1", "--format=%s", done.revision)
    assert subject == "Working tree without a commit"


def test_an_empty_tree_is_refused_in_one_paragraph(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(RepositoryError, match="no file is left to publish") as caught:
        publish(tmp_path / "empty", tmp_path / "bare.git")
    assert "\n" not in str(caught.value)


def test_a_wholly_ignored_subfolder_is_refused_naming_whose_rules(
    checkout: Path, tmp_path: Path
) -> None:
    (checkout / "build").mkdir()
    (checkout / "build" / "x.yaml").write_text("x")
    with pytest.raises(RepositoryError, match=f"ignore rules of {checkout}"):
        publish(checkout / "build", tmp_path / "bare.git")


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="it is not a folder"):
        publish(tmp_path / "absent", tmp_path / "bare.git")


def test_a_branch_name_git_refuses_is_refused(checkout: Path, tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="invalid ref format"):
        publish(checkout, tmp_path / "bare.git", "no..good")


def test_a_broken_checkout_is_not_mistaken_for_a_plain_folder(tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / ".git").write_text("gitdir: /nowhere/at/all\n")
    (folder / "a").write_text("a")
    with pytest.raises(RepositoryError, match="git rev-parse: exit code 128"):
        publish(folder, tmp_path / "bare.git")


class ScriptedGit:
    """Answers Git commands by their verb; an unlisted one is a failure of the test."""

    def __init__(self, answers: Mapping[str, Completed]) -> None:
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
        assert deadline_seconds == 7
        assert cwd is None
        assert (stdin is not None) == ("--stdin" in argv)
        assert env is not None
        assert env["GIT_OPTIONAL_LOCKS"] == "0"
        verb = next(word for word in self.answers if word in argv)
        return self.answers[verb]


def answer(code: int = 0, out: str = "", err: str = "", *, missing: bool = False) -> Completed:
    argv = ("git", "-C", "/x", "-c", "a=b", "ls-files")
    return Completed(argv=argv, returncode=code, stdout=out, stderr=err, missing=missing)


NO_REPOSITORY = answer(
    128, err="fatal: not a git repository (or any of the parent directories): .git"
)


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"init": answer(-1, missing=True)}, "install Git"),
        (
            {
                "init": answer(),
                "rev-parse": answer(
                    128, err="fatal: detected dubious ownership in repository at '/the/top'\nTo add"
                ),
            },
            "git config --global --add safe.directory '/the/top'",
        ),
        (
            {
                "init": answer(),
                "rev-parse": NO_REPOSITORY,
                "ls-files": answer(err="warning: could not open directory 'x/': Permission denied"),
            },
            "every folder that is not ignored can be read",
        ),
        (
            {
                "init": answer(),
                "rev-parse": NO_REPOSITORY,
                "--others": answer(out="a.yaml\n"),
                "ls-files": answer(),
                "update-index": answer(128, err='error: open("a.yaml"): Permission denied'),
            },
            "every file that is not ignored can be read",
        ),
    ],
)
def test_what_stands_in_the_way_is_said_in_one_paragraph(
    answers: Mapping[str, Completed], said: str, tmp_path: Path
) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a.yaml").write_text("a")
    with pytest.raises(RepositoryError) as caught:
        publish_tree(
            tree=tmp_path / "tree",
            bare=tmp_path / "bare.git",
            runner=ScriptedGit(answers),
            deadline_seconds=7,
        )
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
