"""What the templates ask for, in their own words."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from servers.common import REPO

from .conditions import value


@dataclass(frozen=True)
class Parameter:
    name: str
    kind: str
    text: str
    default: str | None
    pattern: str
    allowed: tuple[str, ...]
    bounds: tuple[float, float] | None
    constraint: str

    @property
    def accepted(self) -> str:
        return " or ".join(self.allowed) if self.allowed else self.constraint.removeprefix("must be ").rstrip(".")

    def problem(self, value: str) -> str | None:
        """What CloudFormation would refuse."""
        refused = f"{self.name} is `{value}`; accepted: {self.accepted}"
        if self.allowed:
            return None if value in self.allowed else refused
        if self.bounds:
            least, most = self.bounds
            return None if re.fullmatch(r"\d+", value) and least <= int(value) <= most else refused
        if self.kind == "CommaDelimitedList":
            hops, _, requests = value.partition(",")
            fits = (
                re.fullmatch(r"\d{1,4},\d{1,4}", value) and int(hops) in (0, *range(2, 1001)) and int(requests) <= 1000
            )
            return None if fits else refused
        return None if not self.pattern or re.fullmatch(self.pattern, value) else refused


@cache
def parsed(name: str = "template.yaml") -> Any:
    return yaml_parse((REPO / name).read_text())


@cache
def parameters(template: str = "template.yaml") -> dict[str, Parameter]:
    return {name: read(name, entry) for name, entry in parsed(template)["Parameters"].items()}


def broken_rules(values: dict[str, str]) -> list[str]:
    """What CloudFormation would refuse of values that each are accepted, but not together."""
    found = []
    for rule in parsed()["Rules"].values():
        if "RuleCondition" not in rule or value(parsed(), rule["RuleCondition"], values):
            broken = [each for each in rule["Assertions"] if not value(parsed(), each["Assert"], values)]
            found += [f"{each['AssertDescription'].rstrip('.')} (given: {given(rule, values)})" for each in broken]
    return found


def given(rule: Any, values: dict[str, str]) -> str:
    """The values of the parameters that a rule looks at."""
    names = dict.fromkeys(re.findall(r'"Ref": "(\w+)"', json.dumps(rule)))
    return ", ".join(f"{name}={values[name]}" for name in names)


def read(name: str, entry: dict[str, Any]) -> Parameter:
    bounds = (entry["MinValue"], entry["MaxValue"]) if "MinValue" in entry else None
    return Parameter(
        name=name,
        kind=entry["Type"],
        text=" ".join(entry["Description"].split()),
        default=str(entry["Default"]) if "Default" in entry else None,
        pattern=entry.get("AllowedPattern", ""),
        allowed=tuple(str(value) for value in entry.get("AllowedValues", ())),
        bounds=bounds,
        constraint=" ".join(entry.get("ConstraintDescription", "must be text").split()),
    )


def functions() -> list[str]:
    """The functions that are built."""
    resources = parsed()["Resources"]
    return [name for name, resource in resources.items() if resource["Type"] == "AWS::Serverless::Function"]


def build_folder() -> Path:
    return REPO / ".aws-sam/build"
