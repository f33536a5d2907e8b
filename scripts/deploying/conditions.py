"""What of a template is made with given parameters: its conditions, evaluated as CloudFormation does."""

from __future__ import annotations

import re
from typing import Any


def resources(template: Any, values: dict[str, str]) -> dict[str, dict[str, Any]]:
    return {
        name: resource
        for name, resource in template["Resources"].items()
        if "Condition" not in resource or holds(template, resource["Condition"], values)
    }


def holds(template: Any, name: str, values: dict[str, str]) -> bool:
    return bool(value(template, template["Conditions"][name], values))


def value(template: Any, expression: Any, values: dict[str, str]) -> Any:
    """The value of an expression that a condition may have, or a resource of a permission."""
    if not isinstance(expression, dict):
        return expression
    [(function, argument)] = expression.items()

    def part(each: Any) -> Any:
        return value(template, each, values)

    if function == "Ref":
        return values[argument]
    if function == "Condition":
        return holds(template, argument, values)
    if function == "Fn::Equals":
        return str(part(argument[0])) == str(part(argument[1]))
    if function == "Fn::Not":
        return not part(argument[0])
    if function in ("Fn::And", "Fn::Or"):
        parts = [part(each) for each in argument]
        return all(parts) if function == "Fn::And" else any(parts)
    if function == "Fn::If":
        return part(argument[1] if holds(template, argument[0], values) else argument[2])
    if function == "Fn::Select":
        # The value of a list that is a parameter is one text.
        items = part(argument[1])
        return (items.split(",") if isinstance(items, str) else items)[int(argument[0])]
    if function == "Fn::Split":
        return part(argument[1]).split(argument[0])
    if function == "Fn::Join":
        return argument[0].join(part(each) for each in argument[1])
    if function == "Fn::Sub":
        return re.sub(r"\$\{(.+?)\}", lambda name: values[name[1]], argument)
    raise ValueError(f"{function} in a condition")
