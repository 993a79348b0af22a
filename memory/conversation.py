"""The conversation of a session: what a goal that goes on from it may refer to.

A goal is answered on its own unless the session was continued. Then it may mean anything that was
said before, so no trace answers it, and it leaves none.
"""

from __future__ import annotations

from ..kernel.redaction import Redactor
from .session_files import Sessions, Turn
from .sessions import new_session_id
from .transcript import Transcript, TranscriptKeeper, read_transcript, save_transcript

_LONGEST = 40_000
"""Characters of earlier turns that are told in words; the last turn is, whatever its length."""
_OF_AN_OUTPUT = 1000


class Conversation:
    """The session that is open.

    Args:
        sessions: Where sessions are kept.
        redactor: Removes secrets.
        kept: Whether anything of it is kept.
    """

    def __init__(self, sessions: Sessions, redactor: Redactor, *, kept: bool = True) -> None:
        self._sessions = sessions
        self._redactor = redactor
        self._turns: tuple[Turn, ...] = ()
        self._transcript: Transcript | None = None
        self.session_id = new_session_id()
        self.goes_on = False
        """Whether the next goal goes on from what was said."""
        self.kept = kept

    def open(self, session_id: str) -> None:
        """Go on from a session. Blocks.

        Raises:
            UsageError: If it cannot be read.
        """
        self._turns = self._sessions.turns(session_id)
        self._transcript = read_transcript(self._sessions.transcript_of(session_id))
        self.session_id = session_id
        self.goes_on = bool(self._turns)

    def begin(self) -> None:
        """Begin a new session, in which each goal stands alone."""
        self._turns, self._transcript, self.goes_on = (), None, False
        self.session_id = new_session_id()

    def refresh(self) -> None:
        """Read again what was said, before a goal goes on from it. Blocks."""
        if self.goes_on:
            self.open(self.session_id)

    def told(self) -> str:
        """Return in words what the transcript does not hold: replays, and what other runs did."""
        covered = self._transcript.covers if self._transcript else ()
        told = [_told(turn) for turn in self._turns if turn.run_id not in covered]
        if not told:
            return ""
        kept = len(told)
        while kept > 1 and sum(map(len, told[-kept:])) > _LONGEST:
            kept -= 1
        if kept < len(told):
            told = [f"({len(told) - kept} earlier goals are left out here)", *told[-kept:]]
        return "Earlier in this conversation:\n" + "\n".join(told)

    def keeper(self) -> TranscriptKeeper | None:
        """Return what takes the next run's transcript, and gives the one it goes on from."""
        if not self.kept:
            return None
        return TranscriptKeeper(self._transcript if self.goes_on else None)

    def keep(self, keeper: TranscriptKeeper, cli_session: str, run_id: str) -> None:
        """Keep what a run left. Blocks.

        Raises:
            OSError: If it cannot be written.
        """
        earlier = [turn.run_id for turn in self._turns] if self.goes_on else []
        transcript = keeper.transcript(cli_session, [*earlier, run_id])
        if transcript is not None:
            path = self._sessions.transcript_of(self.session_id)
            save_transcript(path, transcript, self._redactor)


def _told(turn: Turn) -> str:
    lines = [f"The user asked: {turn.goal}"]
    for one in turn.doings:
        given = ", ".join(f"{name}={value}" for name, value in one.input.items())
        state = "" if one.ok else " (failed)"
        lines.append(f"You did: {one.tool} {given[:_OF_AN_OUTPUT]}{state}")
        lines.append(f"You saw: {one.output[:_OF_AN_OUTPUT]}")
    lines.append(f"You answered: {turn.answer}" if turn.ok else f"It ended so: {turn.answer}")
    return "\n".join(lines)
