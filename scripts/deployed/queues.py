"""Where messages and events end that cannot be handled."""

import json

import boto3

from tools import need, say, wait


def depth(url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = boto3.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(attributes[name]) for name in names)


def poison(outputs: dict) -> None:
    sqs = boto3.client("sqs")
    queue = outputs["ContinuationQueueUrl"]
    # Else three deliveries would take three times the visibility timeout.
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "1"})
    sqs.send_message(QueueUrl=queue, MessageBody="poison", MessageGroupId="poison", MessageDeduplicationId="poison")
    wait(120, "the poison is in the dead-letter queue", lambda: depth(outputs["DeadLetterQueueUrl"]) == 1)
    [message] = sqs.receive_message(QueueUrl=outputs["DeadLetterQueueUrl"], VisibilityTimeout=0)["Messages"]
    need(message["Body"] == "poison", f"in the dead-letter queue is {message['Body']}")
    say("a poison message ended in the dead-letter queue, after three deliveries")


def fail_asynchronously(outputs: dict) -> None:
    boto3.client("lambda").invoke(
        FunctionName=outputs["Function"], InvocationType="Event", Payload=json.dumps({"run": "dance"})
    )
    wait(120, "the failed event is in its queue", lambda: depth(outputs["FailedEventQueueUrl"]) == 1)
    say("an event that cannot be handled ended in the queue of failed events, after one more try")
