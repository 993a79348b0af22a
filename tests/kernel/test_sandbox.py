"""A confined command changes nothing outside, reaches nobody, and reads no secret."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmos.kernel.drivers.shell import BashDriver
from llmos.kernel.errors import SandboxError
from llmos.kernel.sandbox import Bubblewrap
from llmos.kernel.tools import ToolResult, ToolSession
from support import can_confine

SECRET = "S3CRET-OF-THE-USER"


needs_bubblewrap = pytest.mark.skipif(
    not can_confine(),
    reason="NOTHING OF THE SANDBOX IS TESTED HERE: bubblewrap is missing or refused",
)


def _only_inside(kind: str, command: str) -> str:
    """Return a command that gives up where it would harm the machine: there it has escaped."""
    here = f'"$(readlink /proc/self/ns/{kind})" = "$OUTSIDE_{kind.upper()}"'
    return f"if [ {here} ]; then echo ESCAPED; else {command}; fi"


ATTEMPTS: dict[str, str] = {
    "write": "echo x > $OUT/marker",
    "append": "echo x >> $OUT/file",
    "truncate": ": > $OUT/file",
    "remove": "rm -rf $OUT/file $OUT/sub",
    "rename": "mv $OUT/file $OUT/moved",
    "make a folder": "mkdir $OUT/folder",
    "through a link": "ln -s $OUT link; echo x > link/marker",
    "through a link to a file": "ln -s $OUT/file link; echo x > link",
    "through a hard link": "ln $OUT/file hard && echo x > hard",
    "change the mode": "chmod 777 $OUT/file",
    "change the owner": "chown 1:1 $OUT/file",
    "change the time": "touch -d 2001-01-01 $OUT/file",
    "an extended attribute": "setfattr -n user.x -v y $OUT/file",
    "by another program": "python3 -c \"open('$OUT/marker', 'w')\"",
    "by dd": "echo x | dd of=$OUT/marker",
    "by cp and install": "echo x > a; cp a $OUT/marker; install a $OUT/marker",
    "by tar": "mkdir -p t$OUT; echo x > t$OUT/marker; tar c -C t . | tar x -C /",
    "by the root of this process": "echo x > /proc/self/root$OUT/marker",
    "by the root of the first process": "echo x > /proc/1/root$OUT/marker",
    "by the root of the parent": "for p in /proc/[0-9]*; do echo x > $p/root$OUT/marker; done",
    "remount": "mount -o remount,rw /; echo x > $OUT/marker",
    "remount the folder": "mount -o remount,rw,bind $OUT; mount --bind . $OUT; echo > $OUT/marker",
    "unmount": _only_inside("mnt", "umount -l /; umount -l $OUT; echo x > $OUT/marker"),
    "new namespaces": "unshare -Urm sh -c 'mount -o remount,rw /; mount -o remount,rw,bind $OUT;"
    " echo x > $OUT/marker'",
    "another root": "unshare -Ur chroot / sh -c 'echo x > $OUT/marker'",
    "enter the first namespaces": "nsenter -t 1 -a sh -c 'echo x > $OUT/marker'",
    "a device": "mknod disk b 8 0 && head -c 1 disk && echo ESCAPED",
    "raw memory": "head -c 1 /dev/mem >/dev/null 2>&1 && echo ESCAPED",
    "a kernel setting": "f=/proc/sys/kernel/core_pattern; v=$(cat $f);"
    ' (echo "$v" > $f) 2>/dev/null && echo ESCAPED',
    "a trigger of the kernel": "(echo h > /proc/sysrq-trigger) 2>/dev/null && echo ESCAPED",
    "another kernel setting": "cd /proc/sys; v=$(cat kernel/panic);"
    ' (echo "$v" > kernel/panic) 2>/dev/null && echo ESCAPED',
    "a control group": "(mkdir /sys/fs/cgroup/x) 2>/dev/null && echo ESCAPED",
    "a host of the machine": "exec 3<>/dev/tcp/127.0.0.1/$PORT && echo ESCAPED",
    "by a datagram": "echo x > /dev/udp/127.0.0.1/$PORT",
    "by another program to a host": "python3 -c \"import socket;"
    " socket.create_connection(('127.0.0.1', $PORT), 1); print('ESCAPED')\"",
    "a socket in the file system": "python3 -c \"import socket;"
    " socket.socket(socket.AF_UNIX).connect('$OUT/socket'); print('ESCAPED')\"",
    "a socket without a name in the file system": "python3 -c \"import socket;"
    " socket.socket(socket.AF_UNIX).connect('\\0llmos-test-$PORT'); print('ESCAPED')\"",
    "a socket by another call": "python3 -c \"import ctypes; c = ctypes.CDLL(None);"
    " b = ctypes.create_string_buffer(120);"
    " print('ESCAPED' if c.syscall(425, 1, b) >= 0 else 'refused')\"",
    "kill": "kill -9 $VICTIM",
    "kill everything": _only_inside("pid", "kill -9 -1"),
    "trace another process": "python3 -c \"import ctypes;"
    " print('ESCAPED' if ctypes.CDLL(None).ptrace(16, $VICTIM, 0, 0) == 0 else 'refused')\"",
    "the environment of another process": "cat /proc/[0-9]*/environ | tr '\\0' '\\n'",
    "a secret of the home folder": "cat ~/.ssh/key $HOME/.ssh/*",
    "a secret by its root": "cat /proc/self/root$HOME/.ssh/key /proc/self/cwd/../home/.ssh/key",
    "uncover a secret": "umount $HOME/.ssh; unshare -Urm umount $HOME/.ssh; cat $HOME/.ssh/key",
    "a start file of the shell": "echo x >> $HOME/.bashrc",
    "a hook": "echo x > .git/hooks/pre-commit; rm -rf .git/hooks",
    "a hook in a folder of that name": "mv .git other; cp -r other .git; echo x > .git/hooks/new",
    "a hook through its folder": "mv .git/hooks .git/h; mkdir .git/hooks; echo > .git/hooks/new",
    "llmos's memory": "echo x > memory/trace; rm -rf memory",
    "capabilities": "grep -q 'CapEff:.*[1-9a-f]' /proc/self/status && echo ESCAPED",
    "new privileges": "grep -q 'NoNewPrivs:.*0' /proc/self/status && echo ESCAPED",
    "keys into the terminal": "python3 -c \"import fcntl, termios;"
    " fcntl.ioctl(0, termios.TIOCSTI, b'x'); print('ESCAPED')\"",
    "open descriptors": "for n in 3 4 5 6 7 8 9 10 11 12; do (echo ESCAPED-$n >&$n) 2>/dev/null;"
    " done; test -e /proc/self/fd/9 && echo ESCAPED",
    "a process that stays": "(setsid nohup sh -c 'sleep 0.2; echo x > hidden-late; sleep 60'"
    " > /dev/null 2>&1 &); true",
    "a timed command": "echo 'echo x > $OUT/marker' | at now; echo '* * * * * x' | crontab -",
}  # fmt: skip


class Prison:
    """A directory to be confined to, and a world outside that must not notice anything."""

    def __init__(self, folder: Path, outside: Path) -> None:
        self.cwd, self.home, self.out = folder / "cwd", outside / "home", outside / "out"
        for one in (self.cwd / ".git/hooks", self.cwd / "memory", self.home / ".ssh", self.out):
            one.mkdir(parents=True)
        (self.cwd / "memory/trace").write_text("kept\n")
        (self.cwd / ".git/hooks/pre-commit").write_text("kept\n")
        (self.home / ".ssh/key").write_text(SECRET)
        (self.home / ".bashrc").write_text("kept\n")
        (self.out / "file").write_text("kept\n")
        (self.out / "sub").mkdir()
        self.tcp, self.udp = socket.socket(), socket.socket(type=socket.SOCK_DGRAM)
        self.tcp.bind(("127.0.0.1", 0))
        self.tcp.listen()
        self.tcp.setblocking(False)
        self.udp.bind(self.tcp.getsockname())
        self.udp.setblocking(False)
        self.unix, self.unnamed = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
        # Others may test on this machine as well.
        nameless = f"\0llmos-test-{self.tcp.getsockname()[1]}"
        for one, name in ((self.unix, str(self.out / "socket")), (self.unnamed, nameless)):
            one.bind(name)
            one.listen()
        self.victim = subprocess.Popen(
            ["sleep", "300"], env={"KEY": SECRET, "PATH": "/usr/bin:/bin"}
        )
        self.scratch = folder / "scratch"
        self.scratch.mkdir()
        sandbox = Bubblewrap(
            hidden=[self.home / ".ssh"], kept=[self.cwd / ".git/hooks", self.cwd / "memory"]
        )
        sandbox.prepare(self.scratch)
        self.network = False
        self.session = ToolSession(
            start_dir=self.cwd,
            cwd=self.cwd,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.home),
                "OUT": str(self.out),
                "PORT": str(self.tcp.getsockname()[1]),
                "VICTIM": str(self.victim.pid),
                "OUTSIDE_MNT": str(Path("/proc/self/ns/mnt").readlink()),
                "OUTSIDE_PID": str(Path("/proc/self/ns/pid").readlink()),
            },
            confine=lambda argv: sandbox.wrap(
                argv, root=self.cwd, scratch=self.scratch, network=self.network
            ),
        )
        self.before = self.state()

    def run(self, command: str) -> ToolResult:
        return BashDriver().run({"command": command, "timeout": 20_000}, self.session)

    def state(self) -> dict[str, object]:
        """Return all that must stay as it is."""
        watched = (self.out, self.home, self.cwd / ".git", self.cwd / "memory")
        state: dict[str, object] = {}
        for folder in watched:
            for path in [folder, *sorted(folder.rglob("*"))]:
                found = path.lstat()
                content = path.read_text() if path.is_file() else ""
                state[str(path)] = (found.st_mode, found.st_uid, found.st_mtime_ns, content)
        return state

    def visitors(self) -> list[str]:
        """Return who came through the sockets."""
        came: list[str] = []
        with contextlib.suppress(BlockingIOError):
            self.tcp.accept()[0].close()
            came.append("tcp")
        with contextlib.suppress(BlockingIOError):
            self.udp.recv(10)
            came.append("udp")
        return came

    def close(self) -> None:
        self.victim.kill()
        self.victim.wait()
        for one in (self.tcp, self.udp, self.unix, self.unnamed):
            one.close()


@pytest.fixture
def prison(tmp_path: Path) -> Iterator[Prison]:
    # Not under /tmp, which a confined command does not see at all, if there is such a place.
    places = [Path("/opt"), Path("/srv"), Path(pwd.getpwuid(os.geteuid()).pw_dir), tmp_path]
    place = next(one for one in places if os.access(one, os.W_OK))
    outside = Path(tempfile.mkdtemp(prefix="llmos-test-", dir=place)).resolve()
    made = Prison(tmp_path.resolve(), outside)
    try:
        yield made
    finally:
        made.close()
        shutil.rmtree(outside)


def test_there_are_forty_attempts() -> None:
    assert len(ATTEMPTS) >= 40


@needs_bubblewrap
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_an_attempt_to_escape_fails(prison: Prison, attempt: str) -> None:
    said = prison.run(ATTEMPTS[attempt]).output
    assert SECRET not in said
    assert "ESCAPED" not in said.replace(ATTEMPTS[attempt], "")
    assert prison.state() == prison.before
    assert prison.visitors() == []
    assert prison.victim.poll() is None
    assert not (prison.cwd / "hidden-late").exists()


@needs_bubblewrap
def test_the_attempts_would_be_noticed(prison: Prison) -> None:
    prison.session.confine = None
    for name in ("write", "a host of the machine", "a secret of the home folder"):
        said = prison.run(ATTEMPTS[name]).output
        harm = (prison.state() != prison.before, bool(prison.visitors()), SECRET in said)
        assert any(harm), name


@needs_bubblewrap
@pytest.mark.parametrize(
    ("command", "output"),
    [
        ("echo hi > a; chmod +x a; mv a b; cat b", "hi"),
        ("echo x > /tmp/a; cat /tmp/a; echo $TMPDIR", "x\n/tmp"),
        ("python3 -c 'print(6 * 7)'", "42"),
        ("mkdir -p sub && cd sub && pwd", "{cwd}/sub"),
        ("printf 'b\\na\\n' | sort | head -1", "a"),
        ("false; echo $?", "1"),
        ("touch .git/HEAD && ls .git", "HEAD\nhooks"),
    ],
)
def test_what_is_inside_works_as_ever(prison: Prison, command: str, output: str) -> None:
    assert prison.run(command).output == output.format(cwd=prison.cwd)


@needs_bubblewrap
def test_the_private_tmp_lasts_as_long_as_the_run(prison: Prison) -> None:
    prison.run("echo kept > /tmp/note")
    assert prison.run("cat /tmp/note").output == "kept"
    assert not Path("/tmp/note").exists()


@needs_bubblewrap
def test_a_failure_keeps_its_exit_code(prison: Prison) -> None:
    assert prison.run("exit 3").exit_code == 3


@needs_bubblewrap
def test_the_network_is_there_where_it_is_allowed(prison: Prison) -> None:
    prison.network = True
    assert "ESCAPED" in prison.run(ATTEMPTS["a host of the machine"]).output


def test_without_bubblewrap_there_is_an_error_and_no_way_around(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError, match="not installed") as raised:
        Bubblewrap()
    assert "bubblewrap" in raised.value.hint


def test_a_bubblewrap_that_is_refused_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "bwrap"
    program.write_text("#!/bin/sh\necho 'bwrap: no permissions to create namespaces' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError, match="no permissions"):
        Bubblewrap()
