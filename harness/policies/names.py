"""Asks a DNS server for an address, as bytes, and reads what it answers. Pure.

Only what a probe needs of RFC 1035: one question for an A record, the response code, and the
addresses of the answer. A probe over UDP has to ask something, since silence says nothing there.
"""

from __future__ import annotations

import struct

from harness.model.policies import Reply
from harness.policies.probes import Answer

QUERY_ID = 0x6168
HEADER = struct.Struct(">HHHHHH")
RECORD = struct.Struct(">HHIH")
TYPE_A, CLASS_IN = 1, 1
NAME_DOES_NOT_EXIST = 3


def query(name: str) -> bytes:
    """Returns a question for the IPv4 addresses of a name."""
    labels = b"".join(bytes([len(part)]) + part.encode("ascii") for part in name.split("."))
    flags = 0x0100  # recursion desired
    return HEADER.pack(QUERY_ID, flags, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, 1, 1)


def printf_text(data: bytes) -> str:
    r"""Returns bytes as `printf` takes them: each one `\xNN`."""
    return "".join(f"\\x{byte:02x}" for byte in data)


def read_reply(data: bytes) -> Answer:
    """Returns what a DNS server said; a reply of whatever content is an answer."""
    try:
        _, flags, questions, answers, _, _ = HEADER.unpack_from(data)
        code = flags & 0xF
        addresses = tuple(_addresses(data, questions, answers))
    except (struct.error, IndexError):
        return Answer(reply=Reply.ANSWERED, text="a reply that is no DNS")
    if code == NAME_DOES_NOT_EXIST:
        return Answer(reply=Reply.ANSWERED, text="the name does not exist")
    text = "" if not code else f"response code {code}"
    return Answer(reply=Reply.ANSWERED, text=text, addresses=addresses)


def _addresses(data: bytes, questions: int, answers: int) -> list[str]:
    at = HEADER.size
    for _ in range(questions):
        at = _after_name(data, at) + 4
    found = []
    for _ in range(answers):
        at = _after_name(data, at)
        kind, _, _, length = RECORD.unpack_from(data, at)
        at += RECORD.size
        if kind == TYPE_A and length == 4:
            found.append(".".join(str(byte) for byte in data[at : at + 4]))
        at += length
    return found


def _after_name(data: bytes, at: int) -> int:
    while data[at]:
        if data[at] & 0xC0:  # a pointer ends a name
            return at + 2
        at += data[at] + 1
    return at + 1
