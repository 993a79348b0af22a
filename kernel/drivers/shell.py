"""Bash as the CLI's tool of this name does it (CLI 2.1).

Every command runs in a new non-login shell, by ``eval``, with no standard input; only the working
directory persists. The user's rc files are not sourced: what they define is missing in a replay,
which its guards then see.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
from pathlib import Path

from ..processes import ProcessOutcome, run_process
from ..reading import read_whole
from ..record import Record
from ..tools import Effect, JsonObject, ToolResult, ToolSession
from .inputs import COUNT_OR_NONE, TEXT, TEXT_OR_NONE, InputCheck, validated

_DEFAULT_MS = 120_000
_MOST_MS = 600_000
_INLINE = 30_000
"""Characters of output that the model is shown whole."""
_PREVIEW = 2000
_KEPT = 64 * 2**20
"""Bytes of output that are held in memory."""
_FAILURE = 10_000
"""Characters of a failed command's result that the model is shown."""
_ONE_IS_NO_FAILURE = frozenset({"grep", "egrep", "fgrep", "rg", "find", "diff", "test", "["})
_WORTH_CUTTING = 1024
_SAVED_TO = re.compile(r"(Full output saved to: ).*")
_CAT = re.compile(r"\s*cat\s+(?P<files>[\w./ -]+)\s*\Z")


class BashInput(Record, kw_only=True):
    """Input of Bash."""

    command: str
    timeout: int | None = None
    description: str | None = None


_BASH = InputCheck(
    BashInput, {"command": TEXT, "timeout": COUNT_OR_NONE, "description": TEXT_OR_NONE}
)


class BashDriver:
    """Runs a command."""

    name = "Bash"
    effect = Effect.RUN
    fingerprint = ""

    def run(self, input: JsonObject, session: ToolSession) -> ToolResult:
        """Carry out one call."""
        given = validated(self.name, _BASH, input)
        if isinstance(given, ToolResult):
            return given
        timeout_ms = min(given.timeout or _DEFAULT_MS, _MOST_MS)
        report = os.pipe2(os.O_CLOEXEC)
        argv = ["/bin/bash", "-c", _script(given.command, report[1])]
        try:
            outcome = run_process(
                argv if session.confine is None else session.confine(argv),
                cwd=session.cwd,
                env={**session.env, "CLAUDECODE": "1", "GIT_EDITOR": "true", "SHELL": "/bin/bash"},
                timeout_s=timeout_ms / 1000,
                max_output=_KEPT,
                check_cancelled=session.check_cancelled,
                report_fd=report,
            )
        except OSError as error:
            return ToolResult(f"the command could not be started: {error}", ok=False)
        finally:
            os.close(report[0])
            os.close(report[1])
        return _result(given.command, outcome, timeout_ms, session)


def comparable(text: str) -> str:
    """Return an observation without the name of the file that large output was saved to."""
    return _SAVED_TO.sub(r"\1(a file)", text)


def _script(command: str, report: int) -> str:
    # `set -e` in the command has no effect inside the && list, as in the CLI.
    return f"eval {shlex.quote(command)} < /dev/null {report}>&- && pwd -P >&{report}"


def _result(
    command: str, outcome: ProcessOutcome, timeout_ms: int, session: ToolSession
) -> ToolResult:
    text = _trimmed(outcome.output.decode("utf-8", "replace"))
    if outcome.timed_out:
        late = f"Exit code 143\nCommand timed out after {_seconds(timeout_ms)}"
        return ToolResult(f"{late}\n{text}".rstrip("\n"), ok=False, exit_code=143)
    code = outcome.exit_code if outcome.exit_code >= 0 else 128 - outcome.exit_code
    if code != 0 and not (code == 1 and last_program(command) in _ONE_IS_NO_FAILURE):
        failure = f"Exit code {code}\n{text[:_INLINE]}" if text else f"Exit code {code}"
        return ToolResult(_cut(failure), ok=False, exit_code=code)
    _note_cat(command, session)
    moved = _moved(outcome.report, session)
    if len(text) + outcome.left_out > _INLINE:
        return ToolResult(_saved(text, outcome.left_out), exit_code=code)
    shown = "\n".join(filter(None, [text, moved])) or "(Bash completed with no output)"
    return ToolResult(shown, exit_code=code)


def _moved(report: bytes, session: ToolSession) -> str:
    """Take over the shell's last directory; return what the CLI says if it may not."""
    if not report:
        return ""
    ended = Path(os.fsdecode(report.removesuffix(b"\n")))
    if ended.is_relative_to(session.start_dir.resolve()):
        session.cwd = ended
        return ""
    session.cwd = session.start_dir
    return f"Shell cwd was reset to {session.start_dir}"


def _note_cat(command: str, session: ToolSession) -> None:
    """Let a plain ``cat FILE`` count as having read it, as in the CLI."""
    found = _CAT.match(command)
    for word in found["files"].split() if found else ():
        path = session.cwd / word
        if path.is_file():
            session.seen_files[path.resolve()] = hashlib.sha256(read_whole(path)).hexdigest()


def last_program(command: str) -> str:
    """Return the program whose exit code a command line ends with, as far as words tell."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars="|&;\n")
    lexer.whitespace = " \t\r"
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:
        return ""
    last: list[str] = []
    for word in words:
        if word and set(word) <= set("|&;\n"):
            last = []
        else:
            last.append(word)
    programs = [word for word in last if not re.match(r"\w+=", word)]
    return programs[0] if programs else ""


def _trimmed(text: str) -> str:
    return re.sub(r"\A(?:[ \t\r\f\v]*\n)+", "", text).rstrip()


def _cut(text: str) -> str:
    half = _FAILURE // 2
    left_out = len(text) - _FAILURE
    cut = f"{text[:half]}\n\n... [{left_out} characters truncated] ...\n\n{text[-half:]}"
    return cut if left_out >= _WORTH_CUTTING else text


def _saved(text: str, left_out: int) -> str:
    size = f"{(len(text.encode()) + left_out) / 1024:.1f}".removesuffix(".0")
    preview = text[:_PREVIEW]
    if "\n" in preview[_PREVIEW // 2 :]:
        preview = preview[: preview.rindex("\n")]
    return (
        f"<persisted-output>\nOutput too large ({size}KB). Full output saved to: (a file)\n\n"
        f"Preview (first 2KB):\n{preview}\n...\n</persisted-output>"
    )


def _seconds(milliseconds: int) -> str:
    seconds = milliseconds / 1000
    minutes, rest = divmod(seconds, 60)
    return f"{minutes:g}m {rest:g}s" if minutes else f"{rest:g}s"
