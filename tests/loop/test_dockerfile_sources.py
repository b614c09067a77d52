from __future__ import annotations

import pytest

from harness.loop.dockerfile_sources import sources, used

CATALOG = """\
# Build context: services/
FROM python:3.13-slim
WORKDIR /app
COPY catalog/requirements.txt ./
RUN pip install -r requirements.txt
COPY chassis/chassis ./chassis
COPY catalog/catalog ./catalog
"""
FILES = (
    "catalog/Dockerfile", "catalog/requirements.txt", "catalog/catalog/routes.py",
    "chassis/chassis/web.py", "order/order/routes.py", "order/Dockerfile",
)  # fmt: skip


def test_only_what_the_dockerfile_copies_counts() -> None:
    found = used(FILES, sources(CATALOG), "catalog/Dockerfile")
    assert "catalog/catalog/routes.py" in found
    assert "chassis/chassis/web.py" in found
    assert not [name for name in found if name.startswith("order/")]


def test_the_dockerfile_itself_counts() -> None:
    assert "catalog/Dockerfile" in used(FILES, sources(CATALOG), "catalog/Dockerfile")


@pytest.mark.parametrize("text", ["COPY . .", "COPY ./ /app/", "ADD . /", 'COPY [".", "/app"]'])
def test_copying_the_context_uses_every_file(text: str) -> None:
    assert used(FILES, sources(text), "Dockerfile") == sorted(FILES)


@pytest.mark.parametrize(
    "text",
    [
        "ARG WHAT=x\nCOPY ${WHAT} /app",
        "RUN --mount=type=bind,target=/src make",
        "RUN --mount=target=/src make",
        'COPY ["a", /broken',
    ],
)
def test_what_cannot_be_known_is_every_file(text: str) -> None:
    assert sources(text) is None
    assert used(FILES, None, "Dockerfile") == sorted(FILES)


@pytest.mark.parametrize(
    "text",
    [
        "COPY --from=build /out /out",
        "ADD https://example.com/tool.tgz /opt/",
        "RUN --mount=type=cache,target=/root/.cache pip install x",
        "RUN --mount=type=bind,from=build,target=/x make",
        "# COPY secret /",
        "COPY <<EOF /etc/x",
    ],
)
def test_what_comes_from_elsewhere_is_no_source(text: str) -> None:
    assert sources(text) == ()


def test_flags_and_continued_lines_are_read_through() -> None:
    text = "COPY --chown=1:1 --chmod=644 \\\n    # why\n    order/order \\\n  catalog/*.txt /app/"
    assert sources(text) == ("order/order", "catalog/*.txt")
    assert used(FILES, sources(text), "D") == ["catalog/requirements.txt", "order/order/routes.py"]


def test_a_pattern_does_not_reach_into_folders_below() -> None:
    assert used(FILES, ("catalog/*.py",), "D") == []
