"""Answer a goal: learned the first time, replayed for $0 ever after.

Run it twice:  python examples/quickstart.py "count the lines of data.csv"
"""

import asyncio
import sys

from llmos.boot import LLMOS


async def main(goal: str) -> int:
    async with LLMOS(budget_usd=10.0, max_budget_usd=1.0) as os:
        decision = await os.decide(goal)  # costs nothing
        print(decision.describe(), file=sys.stderr)
        result = await os.execute(goal)
    if result.error is not None:
        print(f"{result.error.message}. {result.error.hint}", file=sys.stderr)
        return result.exit_code
    print(f"{result.answer} ({result.mode}, ${result.cost_usd:.4f}, saved ${result.saved_usd:.4f})")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(" ".join(sys.argv[1:]) or "count the lines of data.csv")))
