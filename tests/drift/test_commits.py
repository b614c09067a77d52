"""Which commit an Application should be at, asked of real Git repositories."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.cluster.runs import RunFolder
from harness.comparison.commits import of_checkout, of_run
from harness.drift.terms import Wanted
from harness.gitops.source import publish_tree
from harness.io.process import ProcessRunner
from harness.model.repository import ExpectedApplication


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=n", "-c", "user.email=e@x", "-c", "commit.gpgSign=false")
    done = subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments],
        check=True,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": str(folder)},
    )
    return done.stdout.strip()


def commit(folder: Path, text: str) -> str:
    (folder / "web.yaml").write_text(text)
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", text)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch", "main")
    return folder


def app(target: str = "HEAD") -> ExpectedApplication:
    return ExpectedApplication(
        name="web-dev",
        path="deploy",
        namespace="shop",
        repo_url="https://git.example/x.git",
        revision=target,
        origin="apps.yaml",
    )


def asked(folder: Path, synced: str, target: str = "HEAD") -> Wanted:
    return of_checkout(folder, ProcessRunner())[0](app(target), synced)


def test_the_commit_of_the_checkout_is_wanted(checkout: Path) -> None:
    head = commit(checkout, "one")

    assert asked(checkout, head) == Wanted(revision=head)
    assert asked(checkout, head, "main") == Wanted(revision=head)
    assert asked(checkout, "") == Wanted(revision=head)


def test_an_older_commit_is_told_with_the_distance(checkout: Path) -> None:
    one, two, three = (commit(checkout, text) for text in ("one", "two", "three"))

    assert asked(checkout, two) == Wanted(revision=three, behind="1 commit older")
    assert asked(checkout, one).behind == "2 commits older"


def test_a_newer_or_unknown_commit_proves_nothing(checkout: Path) -> None:
    one, two = commit(checkout, "one"), commit(checkout, "two")
    git(checkout, "checkout", "--quiet", "--detach", one)

    newer, unknown = asked(checkout, two), asked(checkout, "f" * 40)

    assert (newer.behind, unknown.behind) == ("", "")
    assert "newer than this checkout" in newer.note
    assert "git fetch" in unknown.note


def test_a_commit_of_another_line_is_told(checkout: Path) -> None:
    commit(checkout, "one")
    git(checkout, "checkout", "--quiet", "-b", "side")
    side = commit(checkout, "side")
    git(checkout, "checkout", "--quiet", "main")
    commit(checkout, "two")

    assert asked(checkout, side).behind == "of another line of history"


def test_a_tag_is_wanted_where_the_application_follows_one(checkout: Path) -> None:
    one = commit(checkout, "one")
    git(checkout, "tag", "v1")
    two = commit(checkout, "two")

    found = asked(checkout, one, "v1")

    assert (found.revision, found.behind) == (one, "")
    assert two[:8] in found.note
    assert asked(checkout, one, "v9").note == "targetRevision v9 is not known in this checkout"


def test_changes_that_no_commit_holds_and_no_checkout_at_all_are_noted(
    checkout: Path, tmp_path: Path
) -> None:
    commit(checkout, "one")
    (checkout / "web.yaml").write_text("changed")
    plain = tmp_path / "plain"
    plain.mkdir()

    assert "no commit holds" in of_checkout(checkout, ProcessRunner())[1][0]
    wanted, notes = of_checkout(plain, ProcessRunner())
    assert wanted(app(), "a" * 40) == Wanted()
    assert "no Git checkout" in notes[0]


class TestKeptRun:
    @pytest.fixture
    def run(self, checkout: Path, tmp_path: Path) -> RunFolder:
        (checkout / "web.yaml").write_text("one")
        run = RunFolder(tmp_path / "run")
        self.publish(checkout, run)
        return run

    def bare(self, run: RunFolder) -> Path:
        return run.path / "git" / "git.example" / "x.git"

    def publish(self, checkout: Path, run: RunFolder) -> str:
        bare, runner = self.bare(run), ProcessRunner()
        return publish_tree(tree=checkout, bare=bare, runner=runner, deadline_seconds=20).revision

    def test_an_unchanged_tree_wants_the_published_commit(
        self, checkout: Path, run: RunFolder
    ) -> None:
        published = self.publish(checkout, run)
        wanted = of_run(checkout, run, ProcessRunner())

        assert wanted(app(), published) == Wanted(revision=published)
        assert wanted(app(), "").behind == ""
        assert wanted(app(), "a" * 40).behind == "the published commit is not synced"
        assert wanted(app(), "a" * 40).fix == ""

    def test_a_changed_tree_wants_another_one_and_publishes_nothing(
        self, checkout: Path, run: RunFolder
    ) -> None:
        published = git(self.bare(run), "rev-parse", "HEAD")
        before = sorted(str(p) for p in self.bare(run).rglob("*"))
        (checkout / "web.yaml").write_text("two")

        found = of_run(checkout, run, ProcessRunner())(app(), published)

        assert (found.behind, found.fix) == ("the tree has changed since", "harness up")
        assert found.revision not in {"", published}
        assert git(self.bare(run), "rev-parse", "HEAD") == published
        assert sorted(str(p) for p in self.bare(run).rglob("*")) == before
        assert self.publish(checkout, run) == found.revision

    def test_a_run_without_a_repository_wants_nothing(self, checkout: Path, tmp_path: Path) -> None:
        empty = RunFolder(tmp_path / "empty")

        assert of_run(checkout, empty, ProcessRunner())(app(), "a" * 40) == Wanted()
