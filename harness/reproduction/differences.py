"""What differs between the circumstances of a run then and now: versions, host, images, tree. Pure.

A difference is one line for a person. Those before the start warn; those after it explain a verdict
that is another one. Images built from the tree get a new digest with every build, so their contexts
are compared instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.model.run import ImageDelivery
from harness.reproduction.manifest import Host, Image, Tool, Versions

GIB = 2**30
BUILT = "built here"


def version_differences(then: Versions, now: Versions) -> tuple[str, ...]:
    """Returns how the versions differ; what is not known on one side does not."""
    return tuple(_versions(then, now))


def _versions(then: Versions, now: Versions) -> Iterator[str]:
    yield from _changed("harness", then.harness, now.harness)
    yield from _changed("bundle", _bundle(then), _bundle(now))
    yield from _changed("Kubernetes", then.kubernetes, now.kubernetes)
    yield from _changed("Argo CD", then.argocd, now.argocd)
    for name in sorted(then.tools.keys() & now.tools.keys()):
        yield from _tool(name, then.tools[name], now.tools[name])
    for role in sorted(then.images.keys() & now.images.keys()):
        yield from _image(role, then.images[role], now.images[role])


def _bundle(versions: Versions) -> str:
    return f"{versions.bundle_origin} {versions.bundle[:12]}".strip()


def _changed(what: str, then: str, now: str) -> Iterator[str]:
    if then and now and then != now:
        yield f"{what}: then {then}, now {now}"


def _tool(name: str, then: Tool, now: Tool) -> Iterator[str]:
    if then.version != now.version:
        yield f"{name}: then {then.version}, now {now.version}"
    elif then.sha256 != now.sha256:
        yield f"{name}: the same version {now.version}, another build"


def _image(role: str, then: Image, now: Image) -> Iterator[str]:
    if then.image_id != now.image_id:
        built = "" if then.built_from == now.built_from else f" ({then.built_from})"
        yield f"{role} image: then {_short(then.image_id)}{built}, now {_short(now.image_id)}"


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]


def host_differences(then: Host, now: Host) -> tuple[str, ...]:
    """Returns how the machines differ in what decides about a cluster."""
    said = [
        *_changed("system", then.system, now.system),
        *_changed("cgroups", f"v{then.cgroups}" * bool(then.cgroups), f"v{now.cgroups}"),
    ]
    if then.processors and now.processors < then.processors:
        said.append(f"processors: then {then.processors}, now {now.processors}")
    if now.memory_bytes < then.memory_bytes * 0.9:
        sizes = f"then {then.memory_bytes / GIB:.0f} GiB, now {now.memory_bytes / GIB:.0f} GiB"
        said.append(f"memory: {sizes}")
    return tuple(said)


def image_differences(
    then: Sequence[ImageDelivery], now: Sequence[ImageDelivery]
) -> tuple[str, ...]:
    """Returns which delivered images differ; those that one of the runs never delivered do not."""
    said: list[str] = []
    before = {image.declared: image for image in then}
    for image in now:
        other = before.get(image.declared)
        if other is None:
            continue
        if other.origin != image.origin:
            said.append(f"{image.declared}: then {other.origin}, now {image.origin}")
        elif image.origin != BUILT and other.digest and image.digest not in {"", other.digest}:
            digests = f"then {_short(other.digest)}, now {_short(image.digest)}"
            said.append(f"{image.declared}: {digests}")
    declared = {image.declared for image in now}
    gone = sorted(before.keys() - declared) if now else []
    new = sorted(declared - before.keys()) if then else []
    said += [f"{name} was delivered then and is not declared now" for name in gone]
    said += [f"{name} is declared now and was not then" for name in new]
    return tuple(said)


def context_differences(then: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """Returns which images are built from another content of their context."""
    return tuple(
        f"{image} is built from other files than then"
        for image in sorted(then.keys() & now.keys())
        if then[image] != now[image]
    )


def tree_differences(
    then: Mapping[str, str], now: Mapping[str, str], shown: int = 10
) -> tuple[str, ...]:
    """Returns which files differ, by name; values are the SHA-256 of each file."""
    changed = [f"{n} differs" for n in sorted(then.keys() & now.keys()) if then[n] != now[n]]
    changed += [f"{n} is not there now" for n in sorted(then.keys() - now.keys())]
    changed += [f"{n} is new" for n in sorted(now.keys() - then.keys())]
    more = len(changed) - shown
    return (*changed[:shown], f"and {more} files more") if more > 0 else tuple(changed)
