"""llmos inside an application that has its own event loop and its own signal handlers.

The library installs no handler and starts no loop. Here SIGTERM ends the application, and whatever
llmos is doing ends well first: it is stopped, its cost is settled, what it replayed is put back.

Run it:  python examples/host_application.py
"""

import asyncio
import signal
import sys

from llmos.boot import LLMOS
from llmos.interfaces.result import Result

GOALS = ["count the lines of data.csv", "list the files"]


async def answer(os: LLMOS, requests: "asyncio.Queue[str]", answers: list[Result]) -> None:
    """Answer requests one after the other, by replay only: no request can spend money."""
    while True:
        goal = await requests.get()
        answers.append(await os.execute(goal, replay_only=True))
        requests.task_done()


async def main() -> int:
    requests: asyncio.Queue[str] = asyncio.Queue()
    answers: list[Result] = []
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    async with LLMOS() as os:
        worker = asyncio.create_task(answer(os, requests, answers))
        for goal in GOALS:
            requests.put_nowait(goal)
        done = asyncio.create_task(requests.join())
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({done, stopped}, return_when=asyncio.FIRST_COMPLETED)
        for task in (worker, done, stopped):
            task.cancel()
        await asyncio.gather(worker, done, stopped, return_exceptions=True)
    for goal, result in zip(GOALS, answers, strict=False):
        print(f"{goal}: {result.answer if result.success else result.subtype}")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
