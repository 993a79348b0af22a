"""What secrets look like: well-known forms, places where one stands, and text that is random.

Each form has fixed texts of which one is in every such secret. They are looked for first; the
pattern behind them is compiled when one is found. From there on a pattern has only one way to
match, so that a text is scanned once, however hostile.

What is repeated possessively is never a group: where one fails half way, Python before 3.11.5 goes
on behind what it had read (https://github.com/python/cpython/issues/106052).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import cache

from .record import Record

_WORDS = (
    "password passwd passphrase secret token api_key apikey api-key access_key access-key "
    "accesskey private_key private-key privatekey credential accountkey"
)
_NAMES = (
    r"(?i:passw(?:or)?d|passphrase|secret|token|api[_-]?key|access[_-]?key(?:[_-]id)?"
    r"|private[_-]?key|credentials?|accountkey)"
)
_VALUE = r"[^\s\"'`<>{}()\[\],;$&|\\]"
_PEM = r"[A-Za-z0-9+/=\s\\:,]{0,20000}+"
_PROSE = "and|can|for|flags?|has|is|may|must|options?|or|should|that|was|when|which|will|with"
_OPTIONS = "password passwd token secret api-key apikey auth access-key client-secret".split()


class Form(Record):
    """One form of a secret.

    Attributes:
        kind: What it is called where it is replaced.
        hints: Texts of which one is in every secret of this form, in lower case.
        source: The pattern; its group ``value``, if it has one, is the secret.
        random: Whether only a value that looks random is one.
    """

    kind: str
    hints: tuple[str, ...]
    source: str
    random: bool = False

    def replace(self, text: str) -> str:
        """Return a text without secrets of this form."""
        return _compiled(self.source).sub(self._replaced, text)

    def _replaced(self, found: re.Match[str]) -> str:
        mark = f"[redacted:{self.kind}]"
        if "value" not in found.re.groupindex:
            return mark
        value = found["value"]
        if value.startswith("[redacted:") or (self.random and not looks_random(value)):
            return found.group()
        start, end = (place - found.start() for place in found.span("value"))
        return found.group()[:start] + mark + found.group()[end:]


def _form(kind: str, hints: str, source: str, *, random: bool = False) -> Form:
    return Form(kind, tuple(hints.split()), source, random)


FORMS: tuple[Form, ...] = (
    _form("anthropic", "sk-ant-", r"sk-ant-[\w-]{16,}+"),
    _form(
        "openai",
        "sk-",
        r"(?<![A-Za-z0-9])sk-(?:(?:proj|svcacct|admin|or-v1)-[\w-]{20,}+|[A-Za-z0-9]{20,}+)",
    ),
    _form("aws", "akia asia", r"(?<![A-Za-z0-9])A(?:KIA|SIA)[0-9A-Z]{16}(?![A-Za-z0-9])"),
    _form("github", "ghp_ gho_ ghs_ ghu_ ghr_", r"\bgh[opsur]_[A-Za-z0-9]{30,}+"),
    _form("github", "github_pat_", r"\bgithub_pat_\w{20,}+"),
    _form("gitlab", "glpat- gldt- glrt-", r"\bgl(?:pat|dt|rt)-[\w-]{20,}+"),
    _form("slack", "xox", r"\bxox[abeoprs]-[\w-]{10,}+"),
    _form(
        "slack",
        "hooks.slack.com/",
        r"hooks\.slack\.com/(?:services|workflows)/(?P<value>[A-Za-z0-9/_-]{20,}+)",
    ),
    _form("discord", "/api/webhooks/", r"/api/webhooks/\d{10,25}/(?P<value>[\w-]{40,}+)"),
    _form("google", "aiza", r"(?<![\w-])AIza[\w-]{35}"),
    _form("google", "ya29. gocspx-", r"\b(?:ya29\.[\w-]{20,}+|GOCSPX-[\w-]{20,}+)"),
    _form("stripe", "k_live_ k_test_", r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}+"),
    _form("npm", "npm_", r"\bnpm_[A-Za-z0-9]{36}"),
    _form("pypi", "pypi-", r"\bpypi-[\w-]{40,}+"),
    _form("huggingface", "hf_", r"\bhf_[A-Za-z0-9]{30,}+"),
    _form("sendgrid", "sg.", r"\bSG\.[\w-]{16,}+\.[\w-]{16,}+"),
    _form("twilio", "sk ac", r"\b(?:SK|AC)[0-9a-f]{32}\b"),
    _form("digitalocean", "_v1_", r"\bdo[opr]_v1_[0-9a-f]{32,}+"),
    _form("shopify", "shpat_ shpca_ shppa_ shpss_", r"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    _form("docker", "dckr_pat_", r"\bdckr_pat_[\w-]{20,}+"),
    _form("vault", "hvs. hvb.", r"\bhv[sb]\.[\w-]{20,}+"),
    _form("databricks", "dapi", r"\bdapi[0-9a-f]{32}"),
    _form("groq", "gsk_ xai-", r"\b(?:gsk_|xai-)[A-Za-z0-9]{30,}+"),
    _form("linear", "lin_api_", r"\blin_api_[A-Za-z0-9]{30,}+"),
    _form("telegram", ":aa", r"\b\d{8,10}:AA[\w-]{33}"),
    _form("age", "age-secret-key-1", r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    _form("jwt", "eyj", r"(?<![\w-])eyJ[\w-]{8,}+\.eyJ[\w-]{8,}+\.[\w-]{8,}+"),
    _form("bearer", "bearer", r"(?i:\bbearer) {1,4}+[\w.~+/=-]{16,}+"),
    _form("basic", "basic", r"(?i:\bauthorization: {0,4}+basic) {1,4}+[A-Za-z0-9+/=]{8,}+"),
    _form(
        "cookie",
        "cookie:",
        r"(?i:\b(?:set-)?cookie:) {0,4}+(?P<value>[^\s=;]{1,200}+=[^\r\n]{4,4000}+)",
    ),
    _form(
        "url-password",
        "://",
        r"://[^\s/:@\"'<>]{0,100}+:(?![$<{*%\[])(?P<value>[^\s/@\"'<>]{3,200}+)@",
    ),
    _form(
        "pem",
        "key-----",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----"
        rf"{_PEM}(?:-(?!----){_PEM}){{0,200}}"
        r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----)?",
    ),
    # Where a secret stands, whatever it looks like.
    _form(
        "option",
        " ".join(f"--{one}" for one in _OPTIONS),
        rf"(?<![\w-])--(?:[a-z]{{1,20}}-)?(?:{'|'.join(_OPTIONS)})(?:=|\s{{1,4}}+)[\"']?"
        rf"(?P<value>(?![-$]|(?:{_PROSE})\b){_VALUE}{{4,500}}+)",
    ),
    _form(
        "option",
        "mysql mariadb",
        rf"\b(?:mysql|mariadb)[a-z]{{0,10}}+(?:[ \t]++(?!-p)[^\s|;&]{{1,200}}+){{0,20}}[ \t]++"
        rf"-p(?P<value>{_VALUE}{{3,200}}+)",
    ),
    _form(
        "option",
        "sshpass redis-cli",
        r"\b(?:sshpass[ \t]++-p|redis-cli(?:[ \t]++(?!-a)[^\s|;&]{1,200}+){0,20}[ \t]++-a)"
        rf"[ \t]*+[\"']?(?P<value>{_VALUE}{{3,200}}+)",
    ),
    _form(
        "option",
        "curl wget",
        r"\b(?:curl|wget)\b(?:[ \t]++(?!-u|--user)[^\s|;&]{1,500}+){0,30}[ \t]++"
        rf"(?:-u|--user)[= \t]*+[\"']?[^\s:\"']{{1,100}}+:(?P<value>(?!\$){_VALUE}{{3,200}}+)",
    ),
    _form(
        "assigned",
        "passwd= password=",
        rf"\b[A-Z][A-Z0-9_]{{0,40}}?PASSW(?:OR)?D=[\"']?(?P<value>{_VALUE}{{4,500}}+)",
    ),
    _form(
        "assigned",
        _WORDS,
        rf"{_NAMES}(?:[\"']\s{{0,4}}+[:=]|\s{{0,4}}+(?:=>?|:=?))\s{{0,4}}+[bru]?[\"']?"
        rf"(?P<value>{_VALUE}{{8,500}}+)(?!\()",
        random=True,
    ),
    _form(
        "assigned",
        "x-api-key: x-auth-token:",
        r"(?i:\bx-(?:api-key|auth-token):)\s{0,4}+(?P<value>[\w.~+/=-]{8,500}+)",
    ),
    _form(
        "netrc",
        "machine",
        r"\bmachine\s++\S{1,200}+\s++login\s++\S{1,200}+\s++password\s++(?P<value>\S{3,200}+)",
    ),
)

_TOKEN = r"(?<![\w+/.=-])[A-Za-z0-9_+/-]{32,128}+={0,2}+(?![\w+/.-])"
_LONGEST_RUN = 24
"""Letters in a row without a digit: words, not chance."""


def redact_random(text: str) -> str:
    """Return a text without the words in it that only chance could have written."""
    return re.sub(_TOKEN, _if_random, text)


def looks_random(value: str) -> bool:
    """Return whether a value looks like chance rather than like a word, a number or a name."""
    digits = sum(char.isdigit() for char in value)
    letters = sum(char.isalpha() for char in value)
    if not digits or not letters or "." in value.strip("."):
        return False
    return _bits(value) >= min(2.8, 0.9 * math.log2(len(value)))


@cache
def _compiled(source: str) -> re.Pattern[str]:
    return re.compile(source)


def _if_random(found: re.Match[str]) -> str:
    value = found.group()
    if value[:3].lower() == "sha":  # an integrity sum: sha512-...
        return value
    kinds = (str.islower, str.isupper, str.isdigit)
    counts = [sum(map(kind, value)) for kind in kinds]
    if min(counts) < 3 or value.count("/") > 2 or value.count("_") + value.count("-") > 4:
        return value
    longest = max(map(len, re.findall(r"[a-z]+", value)), default=0)
    if longest > _LONGEST_RUN // 3 or _bits(value) < 4.2:
        return value
    return "[redacted:random]"


def _bits(text: str) -> float:
    """Return the entropy of a text's characters, in bits a character."""
    counts = Counter(text).values()
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts)
