"""Show each step of a goal as it happens. To leave the loop early stops the goal.

Run it:  python examples/stream.py "count the lines of data.csv"
"""

import asyncio
import sys
from contextlib import aclosing

from llmos.boot import LLMOS
from llmos.interfaces.result import Result
from llmos.kernel.events import Decided, ToolCalled, ToolReturned


async def main(goal: str) -> int:
    async with LLMOS() as os, aclosing(os.stream(goal)) as events:
        async for event in events:
            match event:
                case Decided():
                    print(f"{event.mode}: {'; '.join(event.reasons)}")
                case ToolCalled():
                    print(f"  {event.call.name} {dict(event.call.input)}")
                case ToolReturned():
                    print(f"  {'ok' if event.result.ok else 'failed'}: {event.result.output}")
                case Result():
                    print(event.answer or event.error)
                    return event.exit_code
                case _:
                    pass
    return 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(" ".join(sys.argv[1:]) or "count the lines of data.csv")))
