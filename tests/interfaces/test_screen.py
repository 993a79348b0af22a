"""What is printed while the prompt is open: nothing is lost, and the prompt is always there."""

from __future__ import annotations

import threading

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prompt_toolkit.key_binding.key_processor import KeyProcessor

from shown_prompt import PROMPT, prompt

READ_AT_ONCE = 4095
"""Bytes that Linux gives to whoever reads what is written to a terminal."""


def numbered(first: int, count: int) -> str:
    return "".join(f"line {number}\n" for number in range(first, first + count))


@given(
    sizes=st.lists(st.integers(1, 40) | st.integers(500, 2500), min_size=1, max_size=6),
    keys=st.lists(st.booleans(), min_size=6, max_size=6),
)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_printed_is_whole_and_in_order_and_the_prompt_stays_below_it(
    sizes: list[int], keys: list[bool]
) -> None:
    async def scenario() -> None:
        said = 0
        with prompt() as (screen, shown, session, typed):
            screen.app = session.app
            processor = session.app.key_processor

            def pressed(_keys: KeyProcessor) -> None:
                screen.pressed()

            processor.before_key_press += pressed
            async with anyio.create_task_group() as group:
                group.start_soon(session.prompt_async)
                await shown.until(PROMPT)
                shown.without_prompt.clear()
                for size, key in zip(sizes, keys, strict=False):
                    if key:
                        typed.send_text("a")
                        screen.print(numbered(said, size))
                    else:
                        text = numbered(said, size)
                        await anyio.to_thread.run_sync(screen.print, text)
                    said += size
                    await anyio.sleep(0.01)
                await shown.until(f"line {said - 1}")
                group.cancel_scope.cancel()
            assert [line for line in shown.lines if line] == numbered(0, said).split("\n")[:-1]
            assert not shown.without_prompt

    anyio.run(scenario)


@pytest.mark.anyio
async def test_while_somebody_types_an_echo_waits_for_one_reading_of_the_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("llmos.interfaces.shell.screen._TYPED_S", 60.0)
    with prompt() as (screen, shown, session, typed):
        screen.app = session.app
        async with anyio.create_task_group() as group:
            group.start_soon(session.prompt_async)
            await shown.until(PROMPT)
            screen.print(numbered(0, 1500))
            screen.pressed()
            typed.send_text("a")
            await shown.until(f"{PROMPT} a")
            await shown.until("line 500")
            group.cancel_scope.cancel()
        assert max(map(len, shown.writes)) <= READ_AT_ONCE


@pytest.mark.anyio
async def test_what_is_printed_from_several_threads_keeps_its_lines_whole() -> None:
    with prompt() as (screen, shown, _session, _typed):
        threads = [
            threading.Thread(target=screen.print, args=(numbered(1000 * one, 900),))
            for one in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for one in range(4):
            await shown.until(f"line {1000 * one + 899}")
        said = [int(line.split()[1]) for line in shown.lines]
        assert sorted(said) == [1000 * one + at for one in range(4) for at in range(900)]
