"""Which parts of a TOML text are headers, keys, values and comments: for colours, line by line.

A light tokenizer: every text gives tokens, also one that is no TOML (yet). What is open at the end of a line, brackets
or a string in three quotes, goes on in the next.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["comment", "header", "key", "string", "number", "boolean", "date"]
QUOTES = {"basic": '"""', "literal": "'''"}


@dataclass(frozen=True)
class Token:
    start: int
    end: int
    kind: Kind


_TIME = r"\d\d:\d\d:\d\d(?:\.\d+)?"
_DATE = rf"\d{{4}}-\d\d-\d\d(?:[Tt\ ]{_TIME}(?:[Zz]|[+-]\d\d:\d\d)?)?(?![\w.-])"
_NUMBER = r"[+-]?(?:0x[\da-fA-F_]+|0o[0-7_]+|0b[01_]+|\d[\d_]*(?:\.[\d_]+)?(?:[eE][+-]?[\d_]+)?|inf|nan)(?![\w.-])"
_TOKEN = re.compile(
    rf"""
      (?P<comment>\#.*)
    | (?P<basic>\"\"\")
    | (?P<literal>{"'" * 3})
    | (?P<string>"(?:[^"\\]|\\.)*"? | '[^']*'?)
    | (?P<date>{_DATE} | {_TIME})
    | (?P<number>{_NUMBER})
    | (?P<boolean>(?:true|false)(?![\w-]))
    | (?P<open>[\[{{])
    | (?P<close>[\]}}])
    | (?P<other>[A-Za-z0-9_-]+ | .)
    """,
    re.VERBOSE,
)
_NAME = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_NAMES = rf"{_NAME}(?:[ \t]*\.[ \t]*{_NAME})*"
_HEADER = re.compile(rf"[ \t]*(\[\[?[ \t]*{_NAMES}[ \t]*\]\]?)[ \t]*(?=#|$)")
_KEY = re.compile(rf"[ \t]*({_NAMES})[ \t]*=")


def line_tokens(line: str, state: str = "") -> tuple[list[Token], str]:
    """The tokens of one line that begins in `state`, and the state in which it ends: a ``[`` for each bracket that is
    open, then the kind of the string that is ("" at the top)."""
    depth, quotes = state.count("["), state.lstrip("[")
    found: list[Token] = []
    at = 0
    if quotes:
        at = _closing(line, 0, quotes)
        if at < 0:
            return ([Token(0, len(line), "string")] if line else []), state
        found.append(Token(0, at, "string"))
    elif not depth and (header := _HEADER.match(line)):
        found.append(Token(*header.span(1), "header"))
        at = header.end()
    before = "" if at or depth else ","  # what stands before a key
    while at < len(line):
        key = _KEY.match(line, at) if before in ("{", ",") and before else None
        if key:
            found.append(Token(*key.span(1), "key"))
            at, before = key.end(), "="
            continue
        match = _TOKEN.match(line, at)
        assert match is not None  # `other` takes anything
        kind, text = str(match.lastgroup), match.group()
        at = match.end()
        if kind in ("basic", "literal"):
            end = _closing(line, at, kind)
            found.append(Token(match.start(), len(line) if end < 0 else end, "string"))
            if end < 0:
                return found, "[" * depth + kind
            at = end
        elif kind in ("open", "close"):
            depth = max(0, depth + (1 if kind == "open" else -1))
        elif kind != "other":
            found.append(Token(*match.span(), kind))  # type: ignore[arg-type]
        before = before if text.isspace() else text
    return found, "[" * depth


def _closing(line: str, at: int, state: str) -> int:
    """Behind the quotes that end the string, or -1."""
    while True:
        at = line.find(QUOTES[state], at)
        if at < 0:
            return -1
        slashes = len(line[:at]) - len(line[:at].rstrip("\\"))
        if state == "literal" or slashes % 2 == 0:
            at += 3
            while at < len(line) and line[at] == QUOTES[state][0]:  # up to two quotes more belong to it
                at += 1
            return at
        at += 1


def states(lines: Sequence[str]) -> list[str]:
    """The state in which each line begins."""
    found, state = [], ""
    for line in lines:
        found.append(state)
        if state or any(mark in line for mark in ("[", "{", '"""', QUOTES["literal"])):
            state = line_tokens(line, state)[1]
    return found
