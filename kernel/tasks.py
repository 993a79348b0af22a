"""A task group that does not hide the error of its body."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskGroup


@asynccontextmanager
async def open_task_group() -> AsyncGenerator[TaskGroup]:
    """Open a task group; an error that only its body raised comes out as it is.

    anyio wraps every error in an ExceptionGroup, which callers that expect one kind of error from
    the body would not catch. Errors of the tasks still come as a group.
    """
    raised: BaseException | None = None
    try:
        async with anyio.create_task_group() as group:
            try:
                yield group
            except BaseException as error:
                raised = error
                raise
    except BaseExceptionGroup as errors:
        if raised is None or errors.subgroup(lambda error: _other(error, raised)) is not None:
            raise
        # `errors` says nothing that the error itself does not say.
        raise raised from raised.__cause__


def _other(error: BaseException, raised: BaseException) -> bool:
    return error is not raised and not isinstance(error, BaseExceptionGroup)
