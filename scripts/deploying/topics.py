"""Whether alarms get through to a topic of the user's own."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from servers.common import Failure, say

from .account import DENIED, Account, code

CLOUDWATCH = "cloudwatch.amazonaws.com"
# https://repost.aws/knowledge-center/cloudwatch-configure-alarm-sns
NEEDED = ("kms:Decrypt", "kms:GenerateDataKey")
EXAMPLE = "infra/alarm-topic.yaml has a topic and a key with the policy that it takes"


def check(account: Account, topic: str) -> None:
    """Says if CloudWatch cannot publish there: an alarm that nobody hears is noticed by nobody."""
    try:
        key = account.sns.get_topic_attributes(TopicArn=topic)["Attributes"].get("KmsMasterKeyId", "")
    except ClientError as error:
        if code(error) in ("NotFound", "NotFoundException"):
            raise Failure(
                f"AlarmTopicArn is `{topic}`, and there is no such topic. Those there are: aws sns list-topics"
            ) from None
        if code(error) in DENIED:
            return say(f"whether alarms get through to {topic} was not seen: AWS does not let you look at it")
        raise
    if not key:
        return None
    if key.endswith("alias/aws/sns"):
        return say(
            f"{topic} is encrypted with the key that AWS has for SNS, which CloudWatch may not use: no alarm would come. Give the "
            f"topic a key of your own; {EXAMPLE}"
        )
    try:
        policy = json.loads(account.kms.get_key_policy(KeyId=id_of(account, key), PolicyName="default")["Policy"])
    except ClientError as error:
        return say(f"whether CloudWatch may use the key of {topic} was not seen: {code(error)}")
    if not all(any(allows(each, action) for each in listed(policy["Statement"])) for action in NEEDED):
        say(
            f"{topic} is encrypted with {key}, whose policy does not let {CLOUDWATCH} use it ({' and '.join(NEEDED)}): no alarm "
            f"would come. Add that to the policy; {EXAMPLE}"
        )
    return None


def id_of(account: Account, key: str) -> str:
    """KMS tells the policy of a key, and not that of its alias."""
    return str(account.kms.describe_key(KeyId=key)["KeyMetadata"]["KeyId"]) if "alias/" in key else key


def allows(statement: dict[str, Any], action: str) -> bool:
    """Whether a statement lets CloudWatch do that. Its conditions are not looked at."""
    principal = statement.get("Principal", {})
    who = listed(principal.get("Service", [])) if isinstance(principal, dict) else [CLOUDWATCH]
    what = listed(statement.get("Action", []))
    named = any(action == each or (each.endswith("*") and action.startswith(each[:-1])) for each in what)
    return statement["Effect"] == "Allow" and CLOUDWATCH in who and named


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
