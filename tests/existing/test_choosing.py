"""A context is written out and confirmed by name; the files of the user stay as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.commands.existing_options import Provider, Wish, existing_cluster
from harness.model.errors import UsageError
from harness.stages.existing.confirmation import confirm
from harness.stages.existing.kubeconfig import choose_context, kubeconfig_files

SERVER = "https://10.0.0.1:6443"


def document(name: str = "staging", **user: Any) -> dict[str, Any]:
    return {
        "current-context": name,
        "clusters": [
            {"name": "c", "cluster": {"server": SERVER, "certificate-authority": "ca.crt"}}
        ],
        "users": [{"name": "u", "user": user or {"token": "geheim"}}],
        "contexts": [{"name": name, "context": {"cluster": "c", "user": "u", "namespace": "x"}}],
    }


def written(path: Path, content: dict[str, Any]) -> Path:
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def test_the_chosen_context_stands_alone_and_its_paths_are_absolute(tmp_path: Path) -> None:
    content = document()
    content["contexts"].append({"name": "prod", "context": {"cluster": "c", "user": "u"}})
    file = written(tmp_path / "config", content)
    before = file.read_bytes()
    chosen = choose_context((file,), "staging")
    made = yaml.safe_load(chosen.text)
    assert [c["name"] for c in made["contexts"]] == ["staging"]
    assert made["clusters"][0]["cluster"]["certificate-authority"] == str(tmp_path / "ca.crt")
    assert chosen.server == SERVER
    assert file.read_bytes() == before


def test_credentials_are_not_in_the_representation(tmp_path: Path) -> None:
    chosen = choose_context((written(tmp_path / "config", document()),), "staging")
    assert "geheim" in chosen.text
    assert "geheim" not in repr(chosen)
    wish = Wish(
        provider=Provider.EXISTING,
        context="staging",
        kubeconfig=tmp_path / "config",
        confirm="staging",
    )
    assert "geheim" not in repr(existing_cluster(wish))


def test_a_program_beside_the_kubeconfig_is_found_and_one_on_the_path_stays(
    tmp_path: Path,
) -> None:
    for command, expected in (("./login", str(tmp_path / "login")), ("aws", "aws")):
        file = written(tmp_path / "config", document(exec={"command": command}))
        made = yaml.safe_load(choose_context((file,), "staging").text)
        assert Path(made["users"][0]["user"]["exec"]["command"]) == Path(expected)


def test_the_current_context_is_never_taken_silently(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        choose_context((written(tmp_path / "config", document()),), "")
    assert "there are: staging" in caught.value.seen
    assert caught.value.next_step == "--context staging"


def test_an_unknown_context_is_told_with_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        choose_context((written(tmp_path / "config", document()),), "stagin")
    assert caught.value.next_step == "--context staging"


def test_the_first_of_several_files_counts_and_entries_join_across_files(tmp_path: Path) -> None:
    one, two = document(), document()
    one["clusters"] = []
    two["contexts"][0]["context"]["user"] = "nobody"
    files = (written(tmp_path / "a", one), written(tmp_path / "b", two))
    assert choose_context((*files, tmp_path / "absent"), "staging").server == SERVER


@pytest.mark.parametrize(
    ("text", "seen"),
    [("{", "it is not YAML"), ("- a", "it is no mapping"), (b"\xff\xfe\x00", "UnicodeDecodeError")],
)
def test_a_file_that_is_no_kubeconfig_is_one_paragraph(
    tmp_path: Path, text: str | bytes, seen: str
) -> None:
    file = tmp_path / "config"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(UsageError) as caught:
        choose_context((file,), "staging")
    assert caught.value.seen == seen


@pytest.mark.parametrize("plural", ["clusters", "users"])
def test_a_context_that_names_nothing_is_broken(tmp_path: Path, plural: str) -> None:
    content = {**document(), plural: []}
    with pytest.raises(UsageError, match="and there is none"):
        choose_context((written(tmp_path / "config", content),), "staging")


def test_files_come_from_the_option_then_the_environment() -> None:
    environment = {"KUBECONFIG": "/a:/b:"}
    assert kubeconfig_files(Path("/c"), environment) == (Path("/c"),)
    assert kubeconfig_files(None, environment) == (Path("/a"), Path("/b"))


def test_a_context_without_confirmation_and_terminal_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        confirm("staging", SERVER, "only reads", given="", ask=None)
    assert caught.value.next_step == "--confirm staging"


def test_another_name_does_not_confirm() -> None:
    with pytest.raises(UsageError, match="--confirm says prod"):
        confirm("staging", SERVER, "only reads", given="prod", ask=lambda _: "staging")


def test_a_person_who_types_the_name_confirms_and_knows_what_for() -> None:
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return " staging\n"

    confirm("staging", SERVER, "only reads", given="", ask=ask)
    assert SERVER in asked[0]
    assert "only reads" in asked[0]


@pytest.mark.parametrize("typed", ["", "y", "stagin"])
def test_a_person_who_types_anything_else_does_not(typed: str) -> None:
    with pytest.raises(UsageError):
        confirm("staging", SERVER, "only reads", given="", ask=lambda _: typed)


def test_options_of_an_existing_cluster_need_its_provider() -> None:
    with pytest.raises(UsageError, match="--context, --apply"):
        existing_cluster(Wish(context="staging", apply=True))


def test_options_of_kind_are_refused_for_an_existing_cluster() -> None:
    wish = Wish(provider=Provider.EXISTING, context="staging", only_kind={"--withhold": True})
    with pytest.raises(UsageError, match="--withhold"):
        existing_cluster(wish)


def test_a_run_on_kind_has_no_existing_cluster() -> None:
    assert existing_cluster(Wish()) is None
