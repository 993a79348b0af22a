"""The timer of the system: a systemd user timer, or lines of a crontab, for one directory."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..kernel.atomic import atomic_save, make_private_dir
from ..kernel.errors import LlmosError, UsageError
from ..memory.schedules import Schedule
from .command_context import Said

SYSTEMD, CRON = "systemd", "cron"
_DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("", *"jan feb mar apr may jun jul aug sep oct nov dec".split())
_PASSED_ON = ("LLMOS_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "CLAUDE_CONFIG_DIR", "PATH")
"""What a run needs of the environment; keys are no part of it, they are written nowhere."""


def kind_of(*, systemd: bool, cron: bool) -> str:
    """Return which timer is meant; without a word, that of the machine.

    Raises:
        UsageError: If both are.
    """
    if systemd and cron:
        raise UsageError("--systemd and --cron exclude each other")
    if systemd or cron:
        return SYSTEMD if systemd else CRON
    return SYSTEMD if Path("/run/systemd/system").exists() else CRON


def installed(
    schedules: Sequence[Schedule],
    cwd: Path,
    workspace: Path,
    kind: str,
    environ: Mapping[str, str],
    *,
    only_print: bool,
    remove: bool,
) -> Said:
    """Install, print or remove the timer of a directory.

    Args:
        schedules: The schedules of the directory.
        cwd: The directory.
        workspace: The workspace.
        kind: `SYSTEMD` or `CRON`.
        environ: The environment.
        only_print: Change nothing.
        remove: Take the timer away.

    Returns:
        What was or would be written, and where.

    Raises:
        UsageError: If there is nothing to be installed.
        LlmosError: If the system does not take it.
    """
    if not schedules and not remove:
        raise UsageError("there is no schedule here", hint="see llmos schedule add --help")
    if kind == CRON:
        return _cron(schedules, cwd, workspace, environ, only_print=only_print, remove=remove)
    return _systemd(schedules, cwd, workspace, environ, only_print=only_print, remove=remove)


def cron_lines(
    schedules: Sequence[Schedule], cwd: Path, workspace: Path, environ: Mapping[str, str]
) -> list[str]:
    """Return the lines of a crontab, between two that mark them as those of this directory."""
    command = " ".join(
        [
            f"cd {shlex.quote(os.fspath(cwd))} &&",
            *(f"{name}={shlex.quote(environ[name])}" for name in _PASSED_ON if name in environ),
            *map(shlex.quote, _command(workspace)),
        ]
    ).replace("%", "\\%")
    times = [one.cron for one in schedules]
    if any(one.missed == "once" for one in schedules):
        times.append("@reboot")  # cron itself makes up for nothing
    begin, end = _marks(cwd)
    return [begin, *(f"{one} {command}" for one in dict.fromkeys(times)), end]


def systemd_units(
    schedules: Sequence[Schedule], cwd: Path, workspace: Path, environ: Mapping[str, str]
) -> dict[str, str]:
    """Return the unit files by name.

    Raises:
        UsageError: If an expression cannot be said in systemd's words.
    """
    name = _unit_name(cwd)
    times = [time for one in schedules for time in calendar_of(one.cron)]
    passed = [f"Environment={_unit_word(f'{n}={environ[n]}')}" for n in _PASSED_ON if n in environ]
    persistent = "true" if any(one.missed == "once" for one in schedules) else "false"
    service = [
        "[Unit]",
        f"Description=llmos schedules of {_plain(cwd)}",
        "[Service]",
        "Type=oneshot",
        f"WorkingDirectory={_unit_path(cwd)}",
        *passed,
        f"ExecStart={' '.join(_unit_word(one, command=True) for one in _command(workspace))}",
    ]
    timer = [
        "[Unit]",
        f"Description=llmos schedules of {_plain(cwd)}",
        "[Timer]",
        *(f"OnCalendar={one}" for one in dict.fromkeys(times)),
        f"Persistent={persistent}",
        "[Install]",
        "WantedBy=timers.target",
    ]
    return {
        f"{name}.service": "\n".join([*service, ""]),
        f"{name}.timer": "\n".join([*timer, ""]),
    }


def calendar_of(cron: str) -> list[str]:
    """Return a cron expression in systemd's words; two where it has days of both kinds.

    Raises:
        UsageError: If it has a form that systemd has no word for.
    """
    minute, hour, day, month, weekday = cron.split()
    clock = f"{_part(hour, cron)}:{_part(minute, cron)}:00"
    months = _part(month, cron, _MONTHS)
    by_day = f"*-{months}-{_part(day, cron)} {clock}"
    if weekday == "*":
        return [by_day]
    by_weekday = f"{_weekdays(weekday, cron)} *-{months}-* {clock}"
    return [by_weekday] if day == "*" else [by_day, by_weekday]


def _part(field: str, cron: str, names: Sequence[str] = ()) -> str:
    parts: list[str] = []
    for part in field.lower().split(","):
        found = re.fullmatch(r"(\*|\w+)(?:-(\w+))?(?:/(\d+))?", part)
        if found is None:
            raise _no_word(cron)
        first, last, step = found.groups()
        spelled = ["0" if first == "*" and step else _number(first, cron, names)]
        if first == "*" and step and names:
            spelled = ["1"]
        if last:
            spelled.append(_number(last, cron, names))
        parts.append("..".join(spelled) + (f"/{step}" if step else ""))
    return ",".join(parts)


def _number(text: str, cron: str, names: Sequence[str]) -> str:
    if text == "*" or text.isdecimal():
        return text
    if text in names:
        return str(names.index(text))
    raise _no_word(cron)


def _weekdays(field: str, cron: str) -> str:
    """Return days of the week one by one: systemd's week begins elsewhere than cron's."""
    lower = [one.lower() for one in _DAYS[:7]]
    days: set[int] = set()
    for part in field.lower().split(","):
        found = re.fullmatch(r"(\*|\w+)(?:-(\w+))?(?:/(\d+))?", part)
        if found is None:
            raise _no_word(cron)
        first, last, step = found.groups()
        begin = 0 if first == "*" else int(_number(first, cron, lower))
        end = 6 if first == "*" else int(_number(last, cron, lower)) if last else begin
        if step and not last and first != "*":
            end = 6
        days |= {one % 7 for one in range(begin, end + 1, int(step or 1))}
    return ",".join(_DAYS[one] for one in (1, 2, 3, 4, 5, 6, 0) if one in days)


def _no_word(cron: str) -> UsageError:
    return UsageError(
        f"systemd has no word for the cron expression {cron!r}", hint="install it with --cron"
    )


def _cron(
    schedules: Sequence[Schedule],
    cwd: Path,
    workspace: Path,
    environ: Mapping[str, str],
    *,
    only_print: bool,
    remove: bool,
) -> Said:
    lines = [] if remove else cron_lines(schedules, cwd, workspace, environ)
    if only_print:
        return Said("\n".join(lines), json={"kind": CRON, "lines": [*lines]})
    if shutil.which("crontab") is None:
        raise LlmosError(
            "there is no crontab on this machine",
            hint="say it with --print and put the lines where your timer reads them",
        )
    listed = subprocess.run(["crontab", "-l"], capture_output=True, text=True, check=False)
    known = listed.stdout.splitlines() if listed.returncode == 0 else []
    begin, end = _marks(cwd)
    if begin in known and end in known[known.index(begin) :]:
        start = known.index(begin)
        known[start : known.index(end, start) + 1] = []
    text = "".join(f"{line}\n" for line in [*known, *lines])
    _told_to("crontab", ["crontab", "-"], text)
    what = "removed from the crontab" if remove else "written to the crontab (crontab -l shows it)"
    return Said("\n".join([*lines, what]), json={"kind": CRON, "lines": [*lines]})


def _systemd(
    schedules: Sequence[Schedule],
    cwd: Path,
    workspace: Path,
    environ: Mapping[str, str],
    *,
    only_print: bool,
    remove: bool,
) -> Said:
    config = Path(environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME", "/")) / ".config")
    folder = config / "systemd/user"
    units = {} if remove else systemd_units(schedules, cwd, workspace, environ)
    shown = "\n".join(f"# {folder / name}\n{text}" for name, text in units.items())
    if only_print:
        return Said(shown, json={"kind": SYSTEMD, "files": {**units}})
    timer = f"{_unit_name(cwd)}.timer"
    if remove:
        _told_to("systemd", ["systemctl", "--user", "disable", "--now", timer])
        for kind in ("service", "timer"):
            (folder / f"{_unit_name(cwd)}.{kind}").unlink(missing_ok=True)
        return Said(f"removed {timer}", json={"kind": SYSTEMD, "files": {}})
    try:
        make_private_dir(folder)
        for name, text in units.items():
            atomic_save(folder / name, text.encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}") from None
    _told_to("systemd", ["systemctl", "--user", "daemon-reload"])
    _told_to("systemd", ["systemctl", "--user", "enable", "--now", timer])
    said = f"{shown}\nrunning (systemctl --user list-timers {timer} shows it)"
    return Said(said, json={"kind": SYSTEMD, "files": {**units}})


def _told_to(who: str, command: list[str], text: str | None = None) -> None:
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        why = done.stderr.strip().splitlines()[-1:] if done.returncode else []
        failed = done.returncode != 0
    except OSError as error:
        failed, why = True, [str(error.strerror)]
    if failed:
        reason = f": {why[0]}" if why else ""
        raise LlmosError(
            f"{who} does not take it{reason}",
            hint="look at it with --print; the other timer is --cron or --systemd",
        )


def _command(workspace: Path) -> list[str]:
    given = ["--workspace", os.fspath(workspace), "--quiet"]
    return [sys.executable, "-m", "llmos", "schedule", "run-due", *given]


def _marks(cwd: Path) -> tuple[str, str]:
    return f"# llmos schedules of {_plain(cwd)}", f"# end of llmos schedules of {_plain(cwd)}"


def _unit_name(cwd: Path) -> str:
    return f"llmos-{hashlib.sha256(os.fsencode(cwd)).hexdigest()[:12]}"


def _plain(cwd: Path) -> str:
    return os.fspath(cwd).encode("unicode_escape").decode("ascii").replace("%", "%%")


def _unit_path(cwd: Path) -> str:
    return os.fspath(cwd).replace("%", "%%")


def _unit_word(text: str, *, command: bool = False) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped.replace("$", "$$") if command else escaped}"'
