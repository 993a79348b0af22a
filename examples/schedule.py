"""Answer a goal again and again while the program lives, by replay only: it can spend nothing.

Run it:  python examples/schedule.py SECONDS TIMES
"""

import asyncio
import sys

from llmos.boot import LLMOS
from llmos.kernel.events import JobFailed, RunEnded

GOAL = "count the lines of data.csv"


async def main(seconds: float, times: int) -> int:
    async with (
        LLMOS() as os,
        os.bus.subscribe(RunEnded, JobFailed, name="schedule example") as events,
    ):
        os.schedule("lines", GOAL, interval_seconds=seconds)
        async for event in events:
            if isinstance(event, RunEnded):
                print(event.answer, flush=True)
                times -= 1
            if times == 0:
                break
    return 0


if __name__ == "__main__":
    seconds, times = sys.argv[1:3] if len(sys.argv) > 2 else ("60", "3")
    sys.exit(asyncio.run(main(float(seconds), int(times))))
