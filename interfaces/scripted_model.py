"""A scripted Messages API on loopback: the one thing that is simulated in tests and in the demo.

The real SDK starts the real CLI, which asks this server what to do next, carries out real tools
and reports real costs. Use it to test plugins and traces without a key:

    with ScriptedModel([Conversation("say hello", [
        Turn(ToolUse("Bash", {"command": "echo hello"})),
        Turn(Text("done")),
    ])]) as model:
        subprocess.run(["llmos", "say hello"], env=model.environment(home))

Which turn answers a request is found from the request alone (the number of answers that its
conversation already has), so retries and several conversations at once stay exact.
"""

from __future__ import annotations

import json
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from .scripted_wire import Block, Text, Thinking, ToolUse, Usage, events, message

__all__ = [
    "Block",
    "Conversation",
    "Request",
    "ScriptedModel",
    "Text",
    "Thinking",
    "ToolUse",
    "Turn",
    "Usage",
]

_REMINDER = re.compile(r"<system-reminder>.*?</system-reminder>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Request:
    """One request that the server got.

    Attributes:
        path: Path without its query.
        body: The parsed JSON body.
        headers: Headers, names in lower case.
        at: Monotonic seconds at arrival.
    """

    path: str
    body: dict[str, Any]
    headers: dict[str, str]
    at: float

    @property
    def model(self) -> str:
        """The model asked for."""
        return str(self.body.get("model", ""))

    @property
    def tools(self) -> list[str]:
        """Names of the tools offered."""
        tools = cast("list[dict[str, Any]]", self.body.get("tools") or [])
        return [str(tool.get("name", "")) for tool in tools]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The conversation so far."""
        return self.body.get("messages") or []

    @property
    def answers(self) -> int:
        """How many answers of the model the conversation already has."""
        return sum(1 for one in self.messages if one.get("role") == "assistant")

    @property
    def user_texts(self) -> list[str]:
        """All user texts in order, without the CLI's own reminders."""
        return [
            text
            for one in self.messages
            if one.get("role") == "user"
            for block in _blocks(one)
            if block.get("type") == "text" and (text := _plain(str(block.get("text", ""))))
        ]

    @property
    def goal_text(self) -> str:
        """The first user text: the goal."""
        return self.user_texts[0] if self.user_texts else ""

    @property
    def last_user_text(self) -> str:
        """The last user text."""
        return self.user_texts[-1] if self.user_texts else ""

    def tool_results(self) -> list[tuple[str, str, bool]]:
        """Return the tool results so far: call id, text, whether it failed."""
        found: list[tuple[str, str, bool]] = []
        for one in self.messages:
            for block in _blocks(one):
                if block.get("type") == "tool_result":
                    texts = _texts(block.get("content"))
                    found.append(
                        (str(block["tool_use_id"]), "\n".join(texts), bool(block.get("is_error")))
                    )
        return found


@dataclass(frozen=True, slots=True, init=False)
class Turn:
    """One answer of the model.

    Args:
        blocks: What it says and calls.
        stop_reason: Why it stops; found from the blocks if None.
        usage: Token counts.
        delay_s: Seconds before the answer begins.
        delta_delay_s: Seconds before each event after the first.
        deltas: Into how many pieces each block is cut.
        status: Answer with this HTTP error instead.
        error_type: The API's word for the error.
        headers: More headers of an error.
        hang: Never answer (until the server stops).
        cut_after: Close the connection after so many events.
        raw: Answer with these bytes as they are.
    """

    blocks: tuple[Block, ...]
    stop_reason: str | None
    usage: Usage
    delay_s: float
    delta_delay_s: float
    deltas: int
    status: int | None
    error_type: str
    headers: Mapping[str, str]
    hang: bool
    cut_after: int | None
    raw: bytes | None

    def __init__(
        self,
        *blocks: Block,
        stop_reason: str | None = None,
        usage: Usage | None = None,
        delay_s: float = 0.0,
        delta_delay_s: float = 0.0,
        deltas: int = 1,
        status: int | None = None,
        error_type: str = "api_error",
        headers: Mapping[str, str] | None = None,
        hang: bool = False,
        cut_after: int | None = None,
        raw: bytes | None = None,
    ) -> None:
        given: dict[str, object] = {
            "blocks": blocks,
            "stop_reason": stop_reason,
            "usage": usage or Usage(),
            "delay_s": delay_s,
            "delta_delay_s": delta_delay_s,
            "deltas": deltas,
            "status": status,
            "error_type": error_type,
            "headers": dict(headers or {}),
            "hang": hang,
            "cut_after": cut_after,
            "raw": raw,
        }
        for name, value in given.items():
            object.__setattr__(self, name, value)

    @property
    def reason(self) -> str:
        """Why the model stops."""
        calls = any(isinstance(block, ToolUse) for block in self.blocks)
        return self.stop_reason or ("tool_use" if calls else "end_turn")


TurnSource = Turn | Callable[[Request], Turn]


@dataclass(frozen=True, slots=True)
class Conversation:
    """The answers to one goal.

    Attributes:
        goal: Text that the goal contains; None matches every goal.
        turns: The answers in order; a callable is given the request.
    """

    goal: str | None
    turns: Sequence[TurnSource]


@dataclass
class ScriptedModel:
    """The server; a context manager.

    Args:
        script: Conversations, or the turns of the only one.
    """

    script: Sequence[Conversation] | Sequence[TurnSource]
    requests: list[Request] = field(default_factory=list[Request])
    unmatched: list[Request] = field(default_factory=list[Request])

    def __post_init__(self) -> None:
        whole = [one for one in self.script if isinstance(one, Conversation)]
        turns = [one for one in self.script if not isinstance(one, Conversation)]
        self._conversations = whole + ([Conversation(None, turns)] if turns else [])
        self._over = threading.Event()
        self._server: _Server | None = None

    @property
    def url(self) -> str:
        """Base URL of the server."""
        if self._server is None:
            raise RuntimeError("the scripted model is not running")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def add(self, conversation: Conversation) -> None:
        """Add a conversation; it is looked at before the earlier ones."""
        self._conversations.insert(0, conversation)

    def environment(self, home: Path, **extra: str) -> dict[str, str]:
        """Return the complete environment of a child that starts the CLI, built from nothing.

        Args:
            home: A folder of its own, for HOME, configuration, state and temporary files.
            extra: More variables.
        """
        temporary = home / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        nowhere = "http://127.0.0.1:9"
        return {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": str(home),
            "CLAUDE_CONFIG_DIR": str(home / "claude"),
            "LLMOS_HOME": str(home / "llmos"),
            "TMPDIR": str(temporary),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "ANTHROPIC_BASE_URL": self.url,
            "ANTHROPIC_API_KEY": "scripted-no-key",
            "CLAUDE_CODE_MAX_RETRIES": "0",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            "IS_SANDBOX": "1",
            "HTTP_PROXY": nowhere,
            "HTTPS_PROXY": nowhere,
            "NO_PROXY": "127.0.0.1,localhost",
            **extra,
        }

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.script = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._server = None

    def answer(self, request: Request) -> Turn:
        """Return the turn that answers a request."""
        self.requests.append(request)
        for conversation in self._conversations:
            if conversation.goal is None or conversation.goal in request.goal_text:
                if request.answers < len(conversation.turns):
                    turn = conversation.turns[request.answers]
                    return turn if isinstance(turn, Turn) else turn(request)
                return Turn(Text("(the script is over)"))
        self.unmatched.append(request)
        return Turn(Text("(nothing was scripted for this goal)"))

    def wait(self, seconds: float | None) -> bool:
        """Wait, but no longer than the server lives; return whether it ended meanwhile."""
        return self._over.wait(seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    request_queue_size = 64
    script: ScriptedModel

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle of an answer is no error here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 5  # a client that connects and says nothing must not keep the server from ending
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self._send(200, b"")

    def do_GET(self) -> None:
        self._send(200, b"{}")

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        body = cast("dict[str, Any]", json.loads(self.rfile.read(length) or b"{}"))
        headers = {name.lower(): value for name, value in self.headers.items()}
        path = self.path.split("?", 1)[0]
        request = Request(path, body, headers, time.monotonic())
        if path.endswith("/count_tokens"):
            self._send(200, b'{"input_tokens": 1000}')
        elif path.endswith("/v1/messages"):
            self._answer(request, self.server.script.answer(request))
        else:
            self._send(200, b"{}")

    def _answer(self, request: Request, turn: Turn) -> None:
        script = self.server.script
        if turn.hang or turn.delay_s:
            ended = script.wait(None if turn.hang else turn.delay_s)
            if ended or turn.hang:
                self.close_connection = True
                return
        if turn.raw is not None:
            self._send(200, turn.raw, "text/event-stream")
        elif turn.status is not None:
            error = {"type": turn.error_type, "message": f"scripted {turn.status}"}
            data = json.dumps({"type": "error", "error": error}).encode()
            self._send(turn.status, data, extra=turn.headers)
        elif request.body.get("stream"):
            self._stream(request, turn)
        else:
            whole = message(turn.blocks, request.model, turn.reason, turn.usage)
            self._send(200, json.dumps(whole).encode())

    def _stream(self, request: Request, turn: Turn) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        stream = events(turn.blocks, request.model, turn.reason, turn.usage, turn.deltas)
        for number, event in enumerate(stream):
            if turn.cut_after is not None and number >= turn.cut_after:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            if number and turn.delta_delay_s and self.server.script.wait(turn.delta_delay_s):
                return
            self.wfile.write(event)
            self.wfile.flush()

    def _send(
        self,
        status: int,
        data: bytes,
        kind: str = "application/json",
        extra: Mapping[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.send_header("connection", "close")
        for name, value in (extra or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


def _blocks(one: dict[str, Any]) -> list[dict[str, Any]]:
    content = one.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return cast("list[dict[str, Any]]", content or [])


def _texts(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content]
    return [
        str(block.get("text", ""))
        for block in cast("list[dict[str, Any]]", content or [])
        if block.get("type") == "text"
    ]


def _plain(text: str) -> str:
    return _REMINDER.sub("", text).strip()
