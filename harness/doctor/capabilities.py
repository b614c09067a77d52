"""Which Linux capabilities this machine withholds from everything that runs on it.

`--privileged` asks for all of them. Names and numbers are those of the kernel's
`include/uapi/linux/capability.h`; the order of the list is the number.
"""

from __future__ import annotations

import re

NAMES = (
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID",
    "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW",
    "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT",
    "SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD",
    "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG",
    "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE",
)  # fmt: skip


def missing_capabilities(process_status: str, last_capability: int) -> tuple[str, ...]:
    """Returns the capabilities the kernel knows and the bounding set lacks.

    Args:
        process_status: Text of `/proc/self/status`.
        last_capability: The number in `/proc/sys/kernel/cap_last_cap`.
    """
    line = re.search(r"^CapBnd:\s*([0-9a-fA-F]+)$", process_status, re.MULTILINE)
    if line is None:
        return ()
    bounding = int(line[1], 16)
    known = NAMES[: last_capability + 1]
    return tuple(f"CAP_{name}" for number, name in enumerate(known) if not bounding >> number & 1)
