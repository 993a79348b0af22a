"""The somatic layer: fast, deterministic, and knowing no model.

Needs the standard library, anyio and pydantic at most; imports nothing above it.
"""

if __name__ != "llmos.kernel":
    raise ImportError(f"imported as {__name__!r}: this room is `llmos.kernel`")
