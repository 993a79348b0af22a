"""A plugin: drop it into workspace/plugins/. The model may call it, and replays call it directly.

Try it:  cp examples/plugins/word_count.py workspace/plugins/
         llmos "count the words of: the quick brown fox"
"""

from plugins import llm_tool


@llm_tool("word_count", "Count the words of a text", {"text": str})
async def word_count(text: str) -> dict[str, object]:
    return {"words": len(text.split())}
