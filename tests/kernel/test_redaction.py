"""What is secret is not written: by the forms of keys, by where it stands, by how random it is."""

from __future__ import annotations

import base64
import importlib
import random
import re
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmos.kernel.redaction import Redactor
from llmos.kernel.secret_forms import FORMS, Form

ROOT = Path(__file__).resolve().parents[2]
MANY = 200
WORDS = string.ascii_letters + string.digits
URL = WORDS + "-_"
HEX = "0123456789abcdef"


def text_of(random_: random.Random, letters: str, length: int) -> str:
    return "".join(random_.choice(letters) for _ in range(length))


def mixed(random_: random.Random, length: int) -> str:
    """Return text in which letters of both cases and digits surely stand."""
    return text_of(random_, WORDS, length - 6) + "a7B9xQ"


Maker = Callable[[random.Random], str]


def of(letters: str, length: int, before: str = "") -> Maker:
    """Return what makes a text of so many letters behind a beginning."""
    return lambda r: before + text_of(r, letters, length)


KINDS: dict[str, tuple[str, Maker]] = {
    "anthropic": ("{}", of(URL, 90, "sk-ant-api03-")),
    "openai": ("{}", of(URL, 48, "sk-proj-")),
    "openai old": ("{}", of(WORDS, 48, "sk-")),
    "aws id": ("{}", of(string.ascii_uppercase + string.digits, 16, "AKIA")),
    "aws secret": ("aws_secret_access_key = {}", lambda r: mixed(r, 40)),
    "github": ("{}", of(WORDS, 36, "ghp_")),
    "github fine": ("{}", of(WORDS + "_", 82, "github_pat_")),
    "gitlab": ("{}", of(URL, 20, "glpat-")),
    "slack": ("{}", of(WORDS, 24, "xoxb-123456789012-")),
    "slack hook": ("https://hooks.slack.com/services/{}", of(WORDS, 24, "T00000/B00000/")),
    "google": ("{}", of(URL, 35, "AIza")),
    "google oauth": ("{}", of(URL, 60, "ya29.")),
    "stripe": ("{}", of(WORDS, 24, "sk_live_")),
    "npm": ("{}", of(WORDS, 36, "npm_")),
    "pypi": ("{}", of(URL, 60, "pypi-AgEIcHlwaS5vcmc")),
    "huggingface": ("{}", of(WORDS, 34, "hf_")),
    "sendgrid": ("SG.{}", of(URL, 43, "abcdefghijklmnopqrstuv.")),
    "twilio": ("{}", of(HEX, 32, "SK")),
    "digitalocean": ("{}", of(HEX, 64, "dop_v1_")),
    "jwt": ("eyJhbGciOiJIUzI1NiJ9.{}", of(URL, 43, "eyJzdWIiOiIxMjM0In0.")),
    "bearer": ("Authorization: Bearer {}", of(WORDS, 32)),
    "basic": ("Authorization: Basic {}", of(WORDS, 24)),
    "cookie": ("Cookie: session={}", of(WORDS, 32)),
    "url": ("postgres://app:{}@db.example/x", of(WORDS, 12)),
    "pem": (
        "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----",
        of(WORDS, 64),
    ),
    "netrc": ("machine example.com login me password {}", of(WORDS, 10)),
    "mysql": ("mysql -u root -p{} db", of(WORDS, 10)),
    "curl": ("curl -s -u me:{} https://example.com", of(WORDS, 10)),
    "option": ("tool --password {} --more", of(WORDS, 10)),
    "env file": ("DB_PASSWORD={}", of(string.ascii_lowercase, 9)),
    "json": ('{{"api_key": "{}"}}', lambda r: mixed(r, 24)),
    "hex": ("secret: {}", of(HEX, 26, "a1b2c3")),
    "random": ("{}", lambda r: mixed(r, 40)),
}
BY_CHANCE = {"aws secret", "hex", "json", "random"}


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.kind} {form.hints[0]}")
def test_no_form_repeats_a_group_in_the_way_in_which_older_pythons_lose_their_place(
    form: Form,
) -> None:
    assert not re.search(r"\)(?:[*+?]|\{\d*,?\d*\})\+", form.source)


@pytest.mark.parametrize("kind", KINDS)
def test_no_secret_of_a_kind_is_left(kind: str) -> None:
    random_ = random.Random(kind)
    redactor = Redactor({})
    template, make = KINDS[kind]
    left: list[str] = []
    for _ in range(MANY):
        secret = make(random_)
        clean = redactor.redact(f"it said:\n{template.format(secret)}\nand went on")
        if secret[-8:] in clean or "[redacted:" not in clean:
            left.append(secret)
    # What chance wrote is sometimes like what people write.
    assert len(left) <= (MANY * 3 // 100 if kind in BY_CHANCE else 0), left[:3]


@pytest.mark.parametrize(
    "text",
    [
        "password = get_password()",
        "def login(token: str, password: str) -> None:",
        "max_tokens: 128000",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "commit 55d4c21f0e9b8a7d6c5b4a39281706f5e4d3c2b1",
        "sha512-z8d3mHnxx5iCz0pEPSrTYGzFRGvRHqMIUxnGpVaqFTDPy3vIQ2hFWwEHF9z1RdQ6hxnbhgqPvkLNDLKbFqDs==",
        "123e4567-e89b-12d3-a456-426614174000",
        "/usr/lib/python3.11/site-packages/AbstractSingletonProxyFactoryBean2.py",
        "the token count of the document was not asked for",
        "https://example.com:8080/path?page=2",
        "export PATH=$HOME/bin:$PATH",
        "curl -u $USER:$PASS https://example.com",
        "DB_PASSWORD=$SECRET",
        "the options --password and --token are read from the keyring",
    ],
)  # fmt: skip
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redactor({}).redact(text) == text


def test_the_house_s_own_code_holds_nothing_that_looks_secret() -> None:
    redactor = Redactor({})
    found = [
        f"{path.name}: {line.strip()}"
        for room in ("kernel", "memory", "interfaces", "plugins")
        for path in (ROOT / room).rglob("*.py")
        if path.name != "secret_forms.py"
        for line in path.read_text().splitlines()
        if redactor.contains_secret(line)
    ]
    assert found == []


def in_base64(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


@pytest.mark.parametrize("spelling", [str, quote, in_base64])
def test_a_value_of_the_environment_is_never_left(spelling: Callable[[str], str]) -> None:
    value = 'correct horse/"staple"'
    redactor = Redactor({"MY_PASSWORD": value})
    clean = redactor.redact(f"before {spelling(value)} after")
    assert value not in clean
    assert "[redacted:environment]" in clean


def test_a_value_that_looks_like_a_key_is_secret_whatever_its_variable_is_called() -> None:
    redactor = Redactor({"PLAIN": "aB3dE5gH7jK9mN1p", "HOME": "/home/somebody", "LANG": "C.UTF-8"})
    assert redactor.redact("aB3dE5gH7jK9mN1p") == "[redacted:environment]"
    assert redactor.redact("/home/somebody C.UTF-8") == "/home/somebody C.UTF-8"


def test_children_of_a_replay_see_no_secret_by_name_or_by_value() -> None:
    given_ = {
        "ANTHROPIC_API_KEY": "x",
        "GITHUB_TOKEN": "y",
        "MY_THING": "sk-ant-api03-" + "a1B2" * 10,
        "DATABASE_URL": "postgres://app:pass-word@db/x",
        "PATH": "/usr/bin",
        "SSH_AUTH_SOCK": "/run/agent",
    }
    assert Redactor.without_secrets(given_) == {"PATH": "/usr/bin", "SSH_AUTH_SOCK": "/run/agent"}


@given(st.text(max_size=300))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    redactor = Redactor({"TOKEN": "hunter2hunter2"})
    once = redactor.redact(text)
    assert redactor.redact(once) == once


def test_no_form_is_so_short_that_it_would_be_passed_over() -> None:
    parser: Any = importlib.import_module("re._parser")
    for form in FORMS:
        assert parser.parse(form.source).getwidth()[0] >= 8, form.kind
