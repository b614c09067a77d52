"""The decisive part of Argo CD's messages, and which of them pass by themselves. Pure.

Argo CD wraps every cause several times (`Failed to load target state: failed to generate manifest
for source 1 of 1: rpc error: code = Unknown desc = ...`). What is left of the wrapping tells who
did not answer: the repo server (gRPC codes, its Service, Redis), or the Git host. Neither is a
fault of the repository (argo-cd#12570, #17546, #10023). Texts: argo-cd 3.5 `controller/state.go`,
`reposerver/repository/repository.go`, `util/exec/exec.go`.
"""

from __future__ import annotations

import re

from harness.diagnosis.rules.start.log_lines import masked
from harness.model.wording import cut

_WRAPPERS = re.compile(
    r"^(?:Failed to load target state: "
    r"|failed to generate manifest for source \d+ of \d+: "
    r"|rpc error: code = \w+ desc = "
    r"|Manifest generation error \(cached\): "
    r"|(?:ComparisonError|InvalidSpecError|SyncError): "
    r"|Unable to generate manifests in [^:]*: "
    r"|repository not accessible: (?=repositor)"
    r"|repositories not accessible: &?Repository\{.*?\}+: "
    r"|repo client error while testing repository: "
    r"|error testing repository connectivity: "
    r"|error when (?:creating|updating|applying patch:?|replacing) \"/dev/shm/[^\"]*\": "
    r"|`[^`]*kustomize build [^`]*` failed exit status \d+: "
    r"|Error: "
    r"|error generating params from git: "
    r"|error getting (?:directories|files) from repo: "
    r"|error retrieving Git (?:Directories|Files): )",
    re.IGNORECASE,
)
_ENGINE_DOWN = re.compile(
    r"code = (?:Unavailable|DeadlineExceeded|Canceled|Aborted|ResourceExhausted)"
    r"|error reading from server: (?:unexpected )?EOF"
    r"|lookup argocd-(?:repo-server|redis)"
    r"|argocd-(?:repo-server|redis)[^ ]*.*(?:refused|timeout|EOF|reset|no such host)"
    r"|:(?:8081|6379)\b.*(?:refused|timeout|EOF|reset)"
    r"|transport is closing|transport: Error while dialing|failed to connect to repo server"
    r"|redis: |(?:fatal )?timeout after \d|resource temporarily unavailable",
    re.IGNORECASE,
)
_HOST_DOWN = re.compile(
    r"connection refused|no such host|i/o timeout|TLS handshake timeout|connection reset by peer"
    r"|context deadline exceeded|Client\.Timeout exceeded|unexpected EOF|: EOF\b|server misbehaving"
    r"|Temporary failure in name resolution|Could not resolve host|Connection timed out"
    r"|no route to host|network is unreachable|status code: 5\d\d|\b50[0234] \w",
    re.IGNORECASE,
)


_DUMP = re.compile(r"(?<=Invalid value: )[\w.&*\[\]]+\{.*\}")
"""A whole object in Go's notation, which may hold the values of environment variables."""


def decisive(message: str, limit: int = 200) -> str:
    """Returns the innermost part of a message on one line, without credentials."""
    text = _DUMP.sub("...", " ".join(message.split()))
    while True:
        bare = _WRAPPERS.sub("", text, count=1)
        if bare == text:
            return cut(masked(bare), limit)
        text = bare


def is_engine_down(message: str) -> bool:
    """Tells whether the repo server or Redis did not answer, which passes when they are up."""
    return bool(_ENGINE_DOWN.search(message))


def is_host_down(message: str) -> bool:
    """Tells whether a host did not answer: nothing is said about what it would have answered."""
    return bool(_HOST_DOWN.search(message))


def is_passing(message: str) -> bool:
    """Tells whether a message may vanish without any edit."""
    return is_engine_down(message) or is_host_down(message) or bool(_CONFLICT.search(message))


_CONFLICT = re.compile(
    r"the object has been modified|please apply your changes to the latest version"
    r"|another operation is already in progress|because it is being terminated"
    r"|object is being deleted|etcdserver: |the server is currently unable to handle the request"
    r"|Operation terminated",
    re.IGNORECASE,
)
