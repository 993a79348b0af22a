"""``python -m llmos`` is the same as ``llmos``."""

from .boot import main

if __name__ == "__main__":
    raise SystemExit(main())
