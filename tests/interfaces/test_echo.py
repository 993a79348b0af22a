"""A key is shown before the prompt is drawn with it; nothing of it is left where it is not so."""

from __future__ import annotations

import anyio
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from prompt_toolkit.application import Application
from prompt_toolkit.key_binding.key_processor import KeyProcessor

from llmos.interfaces.shell.echo import Echo
from shown_prompt import PROMPT, prompt

BACKSPACE, LEFT, HOME, KILL = "\x7f", "\x1b[D", "\x01", "\x15"


@pytest.mark.anyio
async def test_a_key_at_the_end_of_the_line_is_the_first_thing_that_is_written() -> None:
    with prompt() as (screen, shown, session, typed):
        Echo(session.app, session.default_buffer, session.layout.current_window, screen.output)
        async with anyio.create_task_group() as group:
            group.start_soon(session.prompt_async)
            await shown.until(PROMPT)
            await anyio.wait_all_tasks_blocked()
            shown.writes.clear()
            typed.send_text("a")
            await shown.until(f"{PROMPT} a")
            assert shown.writes == ["a\b"]
            group.cancel_scope.cancel()


@given(
    st.lists(
        st.lists(
            st.sampled_from(["a", "b", "\u00e4", " ", BACKSPACE, LEFT, HOME, KILL]),
            min_size=1,
            max_size=4,
        ),
        min_size=1,
        max_size=8,
    )
)
@example([["a"], ["b", BACKSPACE]])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_typed_the_screen_shows_the_line(batches: list[list[str]]) -> None:
    async def scenario() -> None:
        with prompt() as (screen, shown, session, typed):
            app = session.app
            Echo(app, session.default_buffer, session.layout.current_window, screen.output)
            taken, drawn = 0, anyio.Event()

            def took(_keys: KeyProcessor) -> None:
                nonlocal taken
                taken += 1

            def drew(_app: Application[str]) -> None:
                drawn.set()

            app.key_processor.after_key_press += took
            app.after_render += drew
            async with anyio.create_task_group() as group:
                group.start_soon(session.prompt_async)
                await shown.until(PROMPT)
                sent = 0
                for batch in batches:
                    sent += len(batch)
                    typed.send_text("".join(batch))
                    with anyio.fail_after(30):
                        while taken < sent or app.invalidated:
                            drawn = anyio.Event()
                            await drawn.wait()
                    assert shown.typed == session.default_buffer.text.rstrip()
                group.cancel_scope.cancel()

    anyio.run(scenario)
