"""All functions a template of Argo CD may call: those that have a result here, and those without.

Argo CD gives templates all of sprig except `env`, `expandenv` and `getHostByName`; whatever is in
neither list is no function at all, which Argo CD refuses. Source: Argo CD v3.5
`applicationset/utils/utils.go`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from harness.repo.gotemplate.functions import (
    argocd,
    comparison,
    data,
    lists,
    maps,
    numbers,
    patterns,
    places,
    strings,
)
from harness.repo.gotemplate.signatures import Function

_ROOMS = (comparison, strings, numbers, lists, maps, data, places, patterns, argocd)
FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {name: function for room in _ROOMS for name, function in room.FUNCTIONS.items()}
)
"""The functions with a result here, by name."""
WITHOUT_RESULT = frozenset({
    "abbrevboth", "ago", "bcrypt", "buildCustomCert", "call", "date", "dateInZone", "dateModify",
    "date_in_zone", "date_modify", "decryptAES", "derivePassword", "divf", "duration",
    "durationRound", "encryptAES", "genCA", "genCAWithKey", "genPrivateKey", "genSelfSignedCert",
    "genSelfSignedCertWithKey", "genSignedCert", "genSignedCertWithKey", "htmlDate",
    "htmlDateInZone", "htpasswd", "initials", "mustDateModify", "mustToDate", "must_date_modify",
    "now", "randAlpha", "randAlphaNum", "randAscii", "randBytes", "randInt", "randNumeric",
    "semver", "semverCompare", "shuffle", "toDate", "unixEpoch", "uuidv4", "wrap", "wrapWith",
})  # fmt: skip
"""Functions that Argo CD has, and whose result is chance, time or another library's fine rules."""
NAMES = frozenset(FUNCTIONS) | WITHOUT_RESULT
