"""llmos: an operating-system shell whose CPU is a large language model.

The repository root is this package. ``from llmos.boot import LLMOS`` is the library's way in.
"""

from ._version import __version__

__all__ = ["__version__"]
