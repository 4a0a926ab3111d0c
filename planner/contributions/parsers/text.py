"""Bytes as text, whatever terminal or editor wrote them."""

from __future__ import annotations

import codecs

from planner.contributions.parsers.rows import MAX_BYTES, FileFault

# Marks at the beginning that name the encoding; PowerShell's ">" writes UTF-16 with one.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What terminals make of "±" when they read UTF-8 as another code page.
_MANGLED = {"Â±": "±", "┬▒": "±", "Ôö¼Ôûæ": "±"}
_PLAIN_CONTROL = frozenset("\t\n\r\f\v\x1b")


def decode(data: bytes) -> str:
    """The text of a file, with plain line ends. Raises ``FileFault`` for what is too large, empty or no text."""
    if len(data) > MAX_BYTES:
        raise FileFault(f"The file has {len(data):,} bytes; at most {MAX_BYTES:,} (2 MiB) are read.")
    return tidy(_decoded(data))


def tidy(text: str) -> str:
    """A text with plain line ends and without marks. Raises ``FileFault`` where it is empty or holds binary data."""
    if len(text) > MAX_BYTES:
        raise FileFault(f"The text has {len(text):,} characters; at most {MAX_BYTES:,} are read.")
    text = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    for mangled, meant in _MANGLED.items():
        text = text.replace(mangled, meant)
    strange = next((i for i, c in enumerate(text) if c < " " and c not in _PLAIN_CONTROL), None)
    if strange is not None:
        line = text.count("\n", 0, strange) + 1
        raise FileFault(
            f"Line {line} holds binary data (character {ord(text[strange])}): choose the text that the tool printed."
        )
    if not text.strip():
        raise FileFault("The file is empty: paste what the tool printed, or choose a file.")
    return text


def _decoded(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError as error:
                name = encoding.removesuffix("-sig").upper()
                raise FileFault(f"The file says that it is {name}, but byte {error.start} is not.") from None
    if len(data) >= 4 and data[1:40:2].count(0) >= 10 and 0 not in data[0:40:2]:
        try:
            return data.decode("utf-16-le")
        except UnicodeDecodeError:
            raise FileFault("The file is neither UTF-8 nor UTF-16 text: save it as UTF-8.") from None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        if 0 in data:
            raise FileFault(
                f"The file is not text (byte {error.start}): choose the text that the tool printed."
            ) from None
        # old Windows editors; the five bytes that the code page leaves open become a replacement character
        return data.decode("cp1252", errors="replace")
