"""The keys of the line editor; what readline's users know is prompt-toolkit's own."""

from __future__ import annotations

from prompt_toolkit.application import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import (
    Condition,
    emacs_mode,
    has_completions,
    has_focus,
    is_searching,
    vi_insert_mode,
    vi_navigation_mode,
)
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.search import stop_search

from .history import ShellHistory
from .hooks import Hooks
from .line_editor import REWIND
from .options import ShellOptions
from .pasted import PastedTexts
from .screen import Screen
from .tab import press_tab

_typing = has_focus(DEFAULT_BUFFER)
# In vi's insert mode Esc belongs to vi.
_free_escape = (emacs_mode | vi_navigation_mode) & ~is_searching


def shell_keys(
    hooks: Hooks,
    options: ShellOptions,
    history: ShellHistory,
    pasted: PastedTexts,
    screen: Screen,
) -> KeyBindings:
    """Return the keys of the prompt.

    Args:
        hooks: What they reach beyond the line.
        options: How the shell behaves.
        history: What was typed.
        pasted: The long texts that were pasted.
        screen: Where things are printed.
    """
    keys = KeyBindings()
    _add_sending(keys, options, pasted)
    _add_stopping(keys, hooks, history)
    _add_searching(keys, history)
    _add_editing(keys, pasted, screen)
    _add_showing(keys, hooks)
    return keys


def _add_sending(keys: KeyBindings, options: ShellOptions, pasted: PastedTexts) -> None:
    @keys.add("enter", filter=_typing)
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.document.text_before_cursor.endswith("\\"):
            buffer.delete_before_cursor()
            buffer.newline(copy_margin=False)
        else:
            buffer.validate_and_handle()

    def begin_line(event: KeyPressEvent) -> None:
        event.current_buffer.newline(copy_margin=False)

    keys.add("tab", filter=_typing & ~is_searching)(press_tab)
    keys.add("escape", "enter", filter=_typing)(begin_line)
    if not options.ctrl_j_sends:
        keys.add("c-j", filter=_typing)(begin_line)

    @keys.add(Keys.BracketedPaste, filter=_typing)
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text(pasted.take(event.data))


def _add_stopping(keys: KeyBindings, hooks: Hooks, history: ShellHistory) -> None:
    def clear(buffer: Buffer) -> None:
        history.append_string(buffer.text)
        buffer.reset()

    @keys.add("c-c", filter=_typing)
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if hooks.interrupt():
            return
        if buffer.text:
            history.append_string(buffer.text)
            event.app.exit(exception=KeyboardInterrupt)
        else:
            hooks.pressed_interrupt()

    @keys.add("c-d", filter=_typing)
    def _(event: KeyPressEvent) -> None:
        if event.current_buffer.text:
            event.current_buffer.delete()
        else:
            event.app.exit(exception=EOFError)

    @keys.add("escape", filter=_typing & _free_escape)
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.complete_state is not None:
            buffer.cancel_completion()
        else:
            hooks.interrupt()

    @keys.add("escape", "escape", filter=_typing & _free_escape)
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.text:
            clear(buffer)
        elif not hooks.interrupt():
            event.app.exit(result=REWIND)


def _add_searching(keys: KeyBindings, history: ShellHistory) -> None:
    @keys.add("c-s", filter=is_searching)
    def _(event: KeyPressEvent) -> None:
        history.cycle()
        target = event.app.layout.search_target_buffer_control
        if target is not None:
            target.buffer.reset(document=target.buffer.document)
            target.buffer.load_history_if_not_yet_loaded()

    # In the search, Enter puts what was found in the line; it does not send it.
    @keys.add("escape", filter=is_searching, eager=True)
    def _(event: KeyPressEvent) -> None:
        stop_search()


def _add_editing(keys: KeyBindings, pasted: PastedTexts, screen: Screen) -> None:
    def edit(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        # In the editor a shortened paste could not be edited.
        buffer.text = pasted.whole(buffer.text)
        event.app.create_background_task(_edited(buffer, screen))

    for sequence in (("c-x", "c-e"), ("c-g",), ("f2",)):
        keys.add(*sequence, filter=_typing & ~is_searching)(edit)

    @keys.add("c-z")
    def _(event: KeyPressEvent) -> None:
        event.app.suspend_to_background()

    @Condition
    def suggested() -> bool:
        buffer = get_app().current_buffer
        return bool(buffer.suggestion) and buffer.document.is_cursor_at_the_end

    @keys.add("end", filter=_typing & suggested)
    def _(event: KeyPressEvent) -> None:
        suggestion = event.current_buffer.suggestion
        if suggestion:
            event.current_buffer.insert_text(suggestion.text)


async def _edited(buffer: Buffer, screen: Screen) -> None:
    with screen.held():
        await buffer.open_in_editor(validate_and_handle=False)


def _add_showing(keys: KeyBindings, hooks: Hooks) -> None:
    empty = Condition(lambda: not get_app().current_buffer.text)

    @keys.add("?", filter=_typing & empty & (emacs_mode | vi_insert_mode))
    @keys.add("f1")
    def _(event: KeyPressEvent) -> None:
        hooks.help()

    @keys.add("s-tab", filter=_typing & ~has_completions)
    def _(event: KeyPressEvent) -> None:
        hooks.next_mode()
        event.app.invalidate()

    @keys.add("c-o", filter=_typing)
    def _(event: KeyPressEvent) -> None:
        hooks.details()
