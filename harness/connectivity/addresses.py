"""Addresses against `ipBlock`: yes, no, or perhaps when the address is not known exactly. Pure.

An address may be given as a network ("somewhere in 10.244.0.0/16") or not at all: before a pod
runs, only the range of pods is known. `ipBlock` is documented for addresses outside the cluster,
but the common policy engines compare it with the addresses of pods too.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Any

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_FOURTH_VERSION = re.compile(r"[\d./]+")


class Match(IntEnum):
    """Whether something matches; `max` is "or", `min` is "and"."""

    NO = 0
    PERHAPS = 1
    YES = 2


def network(text: str) -> Network | None:
    """Returns an address or a network in CIDR form, None for anything else."""
    stripped = text.strip()
    if ":" not in stripped and not _FOURTH_VERSION.fullmatch(stripped):
        return None
    try:
        return ipaddress.ip_network(stripped, strict=False)
    except ValueError:
        return None


def is_address(text: str) -> bool:
    """Whether the text is an IP address, with or without brackets."""
    return network(text.strip("[]")) is not None


def match_block(block: Mapping[str, Any], address: str) -> Match:
    """Says whether an address (or one somewhere in a network) lies in an `ipBlock`."""
    cidr = network(str(block.get("cidr") or ""))
    excepted = [e for e in map(network, map(str, block.get("except") or [])) if e is not None]
    if cidr is None:
        return Match.NO
    place = network(address)
    if place is None:
        return Match.YES if cidr.prefixlen == 0 and not excepted else Match.PERHAPS
    inside = _inside(place, cidr)
    outside = max((_inside(place, each) for each in excepted), default=Match.NO)
    return min(inside, Match(Match.YES - outside))


def _inside(place: Network, cidr: Network) -> Match:
    if place.version != cidr.version or not place.overlaps(cidr):
        return Match.NO
    return Match.YES if place.prefixlen >= cidr.prefixlen else Match.PERHAPS


def enclosing(texts: Iterable[str]) -> str:
    """Returns the smallest network that holds all addresses of the first one's family, or ""."""
    places = [n for n in map(network, texts) if n is not None]
    if not places:
        return ""
    around = places[0]
    same_family = [p for p in places if p.version == around.version]
    while any(_inside(p, around) is not Match.YES for p in same_family):
        around = around.supernet()
    return str(around.network_address) if around.num_addresses == 1 else str(around)
