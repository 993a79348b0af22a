"""What the index keeps of a trace, worked out when its file is first seen."""

from __future__ import annotations

from collections.abc import Callable

from .attached import has_text
from .frames import frame_of
from .index_tables import TraceRow
from .members import member_of
from .templates import fixed_values, template_keys
from .traces import Trace


def row_of(trace_id: str, trace: Trace, key: Callable[[str], str]) -> TraceRow:
    """Return the index's row of a trace.

    Args:
        trace_id: Its id, which is that of its file.
        trace: The trace.
        key: Gives the key under which a goal is found.
    """
    return TraceRow(
        trace_id,
        key(trace.goal),
        trace.goal,
        trace.provenance.learned_at,
        () if has_text(trace.goal) else tuple(template_keys(trace.goal, trace.parameters)),
        member_of(trace_id, trace).to_json(),
        frame_of(trace),
        fixed_values(trace.goal, trace.parameters),
    )
