"""The variables of docs/CONFIGURATION.md, and the one text that holds them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from servers.common import REPO, Failure

ROW = re.compile(r"^\| `([A-Z][A-Z0-9_]*)` \| (.*?) \| (.*?) \| (.*) \|$", re.MULTILINE)
SPAN = "a number and a unit"
REQUIRED = "required"
# What the template sets by itself, and what is refused in a text that everybody may read.
ELSEWHERE = {
    "MYSQL_USER": "MysqlUser",
    "MYSQL_AUTH": "DatabaseResourceId or MysqlPasswordSecret",
    "MYSQL_PASSWORD": "MysqlPasswordSecret",
    "MYSQL_PASSWORD_SECRET": "MysqlPasswordSecret",
    "MYSQL_RESOURCE": "WakeDatabase",
    "WAKE_DATABASE": "WakeDatabase",
    "SETTINGS": "a line for each variable",
    "CONTINUATION_QUEUE_URL": "nothing: the template makes the queue",
    "DEAD_LETTER_QUEUE_URLS": "nothing: the template makes the queues",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "MemorySize",
}
# The group of those that say what is scored, and where predictions go.
TABLE = "The table"
# Secrets that the template has no place for, and what names one that holds them.
SECRET = {"LINEAGE_TOKEN": "LINEAGE_TOKEN_SECRET"}


@dataclass(frozen=True)
class Variable:
    name: str
    unset: str
    accepts: str
    text: str
    group: str

    @property
    def default(self) -> str:
        match = re.fullmatch(r"`([^`]*)`", self.unset)
        return match[1] if match else ""

    def problem(self, value: str) -> str | None:
        if self.name in ELSEWHERE:
            return f"{self.name} is set by the template; give {ELSEWHERE[self.name]}"
        if self.name in SECRET:
            return (
                f"{self.name} would stand where everybody who may look at the function reads it; leave it out, and give the secret "
                f"that holds it in {SECRET[self.name]}"
            )
        words = re.findall(r"`([^`]+)`", self.accepts)
        whole = re.match(r"a whole number from (\d+) to (\d+)", self.accepts)
        fits = bool(value) or self.unset != REQUIRED
        if words and re.sub(r"`[^`]+`", "", self.accepts).replace(",", "").split() in ([], ["or"]):
            fits = value in words
        elif whole:
            fits = bool(re.fullmatch(r"\d+", value)) and int(whole[1]) <= int(value) <= int(whole[2])
        elif self.accepts.startswith(SPAN):
            fits = bool(re.fullmatch(r"\d+[smhd]", value))
        return None if fits else f"{self.name} is `{value}`; accepted: {self.accepts.replace('`', '')}"


@cache
def variables() -> dict[str, Variable]:
    document = (REPO / "docs/CONFIGURATION.md").read_text()
    _, *parts = re.split(r"^## (.+)$", document, flags=re.MULTILINE)
    groups = zip(parts[::2], parts[1::2], strict=True)
    rows = [(group, row) for group, text in groups for row in ROW.finditer(text)]
    return {row[1]: Variable(row[1], row[2], row[3], row[4], group) for group, row in rows}


def parse(text: str) -> dict[str, str]:
    """As src/config/settings.rs reads it."""
    entry = re.compile(r'[\s,]*([^\s,=]+)=(?:"((?:[^"]|"")*)"(?=[\s,]|$)|([^\s,"]*))')
    found: dict[str, str] = {}
    place = 0
    while text[place:].strip(" ,\n\t"):
        match = entry.match(text, place)
        if not match:
            raise Failure(
                f"Settings has `{text[place:].strip()}`; accepted: NAME=VALUE, with double quotes around spaces and commas"
            )
        found[match[1]] = match[3] if match[2] is None else match[2].replace('""', '"')
        place = match.end()
    return found


def written(settings: dict[str, str]) -> str:
    return " ".join(f"{name}={quoted(value)}" for name, value in settings.items() if value != "")


def quoted(value: str) -> str:
    return '"' + value.replace('"', '""') + '"' if re.search(r'[\s,"]', value) else value
