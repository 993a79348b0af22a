"""Text files as the CLI's file tools see them: encodings, byte-order marks, line ends."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

BINARY = "binary"


@dataclass(frozen=True, slots=True)
class TextFile:
    """A decoded text file.

    Attributes:
        text: Its text, with LF line ends.
        bom: Its byte-order mark, or nothing.
        encoding: Its encoding.
        crlf: Whether CRLF is its dominant line end.
        exact: Whether its bytes were valid in that encoding.
    """

    text: str
    bom: bytes = b""
    encoding: str = "utf-8"
    crlf: bool = False
    exact: bool = True

    def encode(self, text: str, *, keep_line_ends: bool) -> bytes:
        """Return the bytes of a new text for this file.

        Args:
            text: The new text.
            keep_line_ends: Whether LF becomes CRLF where the file had it.
        """
        if keep_line_ends and self.crlf:
            text = text.replace("\r\n", "\n").replace("\n", "\r\n")
        return self.bom + text.encode(self.encoding)


def decode(data: bytes) -> TextFile:
    """Decode a text file; invalid bytes become U+FFFD."""
    bom, encoding = b"", "utf-8"
    if data.startswith(codecs.BOM_UTF8):
        bom = codecs.BOM_UTF8
    elif data.startswith(codecs.BOM_UTF16_LE):
        bom, encoding = codecs.BOM_UTF16_LE, "utf-16-le"
    raw = data[len(bom) :]
    text = raw.decode(encoding, "replace")
    exact = "\ufffd" not in text or text.encode(encoding) == raw
    crlf = text.count("\r\n")
    lf = text.count("\n") - crlf
    return TextFile(text.replace("\r\n", "\n"), bom, encoding, crlf > lf, exact)


def as_written(path: str, text: str) -> str:
    """Return what Write and Edit put into a file for a text that they are given.

    White space that ends a line is not written, and CRLF stays CRLF. Markdown means something by
    such white space and is left alone.

    Args:
        path: The file's name or path.
        text: The text as given.
    """
    if path.endswith(".md"):
        return text
    lines = text.split("\n")
    return "\n".join(
        line[:-1].rstrip(" \t") + "\r" if line.endswith("\r") else line.rstrip(" \t")
        for line in lines
    )


_CURLY = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'})


def find_old(text: str, old: str) -> str | None:
    """Return the text of the file that an edit's old string stands for, or None.

    Straight quotes in the old string also stand for curly ones in the file.
    """
    if old in text:
        return old
    at = text.translate(_CURLY).find(old.translate(_CURLY))
    return None if at < 0 else text[at : at + len(old)]


def recurl(found: str, old: str, new: str) -> str:
    """Return the new string with the quotes of the file, where the old string matched those."""
    if found == old:
        return new
    if any(mark in found for mark in "\u201c\u201d"):
        new = _curled(new, '"', "\u201c", "\u201d")
    if any(mark in found for mark in "\u2018\u2019"):
        new = _curled(new, "'", "\u2018", "\u2019")
    return new


def _curled(text: str, straight: str, opening: str, closing: str) -> str:
    out: list[str] = []
    for position, character in enumerate(text):
        if character != straight:
            out.append(character)
            continue
        before = text[position - 1] if position else " "
        out.append(opening if before.isspace() or before in "([{\u2014\u2013" else closing)
    return "".join(out)
