"""How secrets look: by themselves, and by the names that stand before them."""

from __future__ import annotations

import re

NAME = (
    r"[\w.-]*(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|"
    r"client[_-]?key|client-certificate-data|certificate[_-]?key|credential|encryption[_-]?salt|"
    r"encrypted[_-]?key|ciphertext|kube[_-]?config|user[_-]?data)[\w.-]{0,64}"
)
"""Names of what is secret, in any spelling."""
NAMED = re.compile(NAME, re.IGNORECASE)
PLAIN = re.compile(
    r"true|false|null|none|required|optional|enabled|disabled|yes|no|\d{1,4}|\[removed: [\w ]+\]",
    re.IGNORECASE,
)
"""Values that give nothing away whatever their name: `HttpTokens` is `required`."""
_QUOTE = r"\\*[\"']"
_KEPT = r"(?!\[removed: )"
"""No mark of what is removed already: a node that is asked removes first."""
ASSIGNED = re.compile(
    rf"(?P<before>(?<![\w.-]){NAME}(?:{_QUOTE})?\s*(?:[:=]|=>)[ \t]*{_KEPT}(?:\[\s*)?)"
    rf"(?:(?P<quote>{_QUOTE})(?P<quoted>[^\n]*?)(?P=quote)"
    rf"|(?P<bare>{_QUOTE}[^\n]+|[^\s\"',;}}\]\\]+))",
    re.IGNORECASE,
)
"""`secret: x`, `TOKEN=x`, `"secretKey": "x"`, the same in a string of JSON, and cut off."""
TAGGED = re.compile(
    rf"(?P<before>(?:key|name)(?:{_QUOTE})?\s*[:=]\s*(?:{_QUOTE})?{NAME}(?:{_QUOTE})?\s*,\s*"
    rf"(?:{_QUOTE})?value(?:{_QUOTE})?\s*[:=]\s*(?:{_QUOTE})?)(?P<bare>[^\n\"'\\,}}]+)",
    re.IGNORECASE,
)
"""`Key=password,Value=x`, as tags are written."""
PHRASE = re.compile(
    r"(?P<before>(?<![\w.-])[\w.-]*(?:passw(?:or)?d|passphrase)[\w.-]{0,64}\s*:[ \t]+)"
    r"(?P<bare>[^\s\"'\\\[{][^\n\"]*)",
    re.IGNORECASE,
)
"""`passphrase: several words`."""
OPTION = re.compile(
    rf"(?P<before>(?<![\w.-])--?{NAME}\s+){_KEPT}(?P<bare>[^\s\"'-][^\s\"']*)",
    re.IGNORECASE,
)
"""`--token x`, as commands are logged."""
BLOCKS = (
    # Where its end was cut off, all that follows goes with it.
    ("private key", re.compile(
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----.*?"
        r"(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\Z)", re.DOTALL)),
    ("private key", re.compile(r"PuTTY-User-Key-File-\d.*?(?:Private-MAC: \S+|\Z)", re.DOTALL)),
    ("private key", re.compile(r"AGE-SECRET-KEY-1[A-Z0-9]+")),
    # Base64 of "-----BEGIN": keys and certificates in kubeconfigs and in Secrets.
    ("private key", re.compile(r"LS0tLS1CRUdJTi[A-Za-z0-9+/=_-]*")),
)  # fmt: skip
KEY_END = re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----")
"""Of a key whose beginning was cut off, once whole ones are gone."""
KEY_LINE = re.compile(r"(?:^|[\s:])[A-Za-z0-9+/]{16,}={0,2}\s*$")
KEY_LAST = re.compile(r"(?:^|[\s:])[A-Za-z0-9+/]+={0,2}\s*$")
"""A line of such a key with what a log writes before it, and its last line."""
LOOKS = (
    # IAM User Guide, "IAM identifiers", "Understanding unique ID prefixes".
    ("AWS access key", re.compile(r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{12,124}(?![A-Z0-9])")),
    ("AWS session token", re.compile(
        r"(?<![A-Za-z0-9+/=])(?:IQoJ|FwoG|FQoG|AQoE)[A-Za-z0-9+/=_%-]{40,}")),
    # kubeadm's reference, "Bootstrap tokens": [a-z0-9]{6}.[a-z0-9]{16}.
    ("join token", re.compile(r"(?<![A-Za-z0-9.])[a-z0-9]{6}\.[a-z0-9]{16}(?![A-Za-z0-9.])")),
    # RFC 7519: a header in base64 of {"…, two or more parts.
    ("token", re.compile(r"(?<![A-Za-z0-9_-])eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)*")),
    ("token", re.compile(r"(?i)(?<![A-Za-z])(?:bearer|basic|aws4-hmac-sha256)\s+[\w+/=.~-]{8,}")),
    ("token", re.compile(r"(?<![A-Za-z0-9_])(?:gh[opsu]_|github_pat_|glpat-|xox\w-)[\w-]{16,}")),
    # Pulumi: access tokens, and values that a passphrase or a service has encrypted.
    ("Pulumi token", re.compile(r"(?<![A-Za-z0-9])pul-[0-9a-f]{40}(?![0-9a-f])")),
    ("Pulumi secret", re.compile(
        r"(?<!\w)v\d:[A-Za-z0-9+/=]{8,}(?::(?:v\d:)?[A-Za-z0-9+/=]{8,})+")),
    ("password", re.compile(r"(?<=://)[^\s/:@\"']*:[^\s/@\"']+(?=@)")),
)  # fmt: skip
KEY_OF_40 = re.compile(r"(?<![A-Za-z0-9+/=_.-])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=_.-])")
"""What has the form of an AWS secret access key; also of a digest in hexadecimal, which is none."""
PULUMI_SECRET = "4dabf18193072939515e22adb298388d"  # noqa: S105  # the name of the mark itself
"""The mark of an object that holds a secret, in what Pulumi's CLI writes (pulumi/pulumi,
sdk/go/common/resource/sig)."""


def is_key(text: str) -> bool:
    """Whether 40 characters are no word and no hexadecimal number, and so may be a key."""
    return all(
        (any(map(str.isupper, text)), any(map(str.islower, text)), any(map(str.isdigit, text)))
    )
