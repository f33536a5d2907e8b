"""Who deploys, and where; what AWS's refusals mean."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
    TokenRetrievalError,
)

from servers.common import Failure

EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
UNKNOWN = {"InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure", "SignatureDoesNotMatch"}
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}


class Account:
    """The account and region that are deployed into, with a client for each service."""

    def __init__(self, region: str | None):
        # As every other tool of AWS reads it; boto3 itself knows the second name alone.
        self.session = boto3.session.Session(region_name=region or os.environ.get("AWS_REGION"))
        self.region = self.session.region_name or ""
        if not self.region:
            raise NoRegionError
        self.id = str(self.client("sts").get_caller_identity()["Account"])
        self.clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        return self.session.client(service)

    def __getattr__(self, service: str) -> Any:
        if service not in self.clients:
            self.clients[service] = self.client(service)
        return self.clients[service]


@contextmanager
def explained() -> Iterator[None]:
    """What AWS or the way to it refuses, as a failure that says what to do."""
    try:
        yield
    except NoRegionError:
        raise Failure("no region is set. Give one, for example: export AWS_REGION=eu-central-1") from None
    except ProfileNotFound as error:
        raise Failure(
            f"{error}. Those there are: aws configure list-profiles; choose by: export AWS_PROFILE=..."
        ) from None
    except (NoCredentialsError, CredentialRetrievalError, TokenRetrievalError) as error:
        text = "there are no AWS credentials" if isinstance(error, NoCredentialsError) else str(error)
        raise Failure(
            f"{text}. Log in (aws sso login, aws configure), or export AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        ) from None
    except ClientError as error:
        raise Failure(refusal(error)) from None
    except (ConnectionError, HTTPClientError) as error:
        raise Failure(f"AWS could not be reached: {error}. Is the region right, and the network up?") from None
    except BotoCoreError as error:
        raise Failure(str(error)) from None


def code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def refusal(error: ClientError) -> str:
    said = error.response.get("Error", {}).get("Message") or str(error)
    if code(error) in EXPIRED:
        return "the AWS credentials have expired. Log in again, for example: aws sso login"
    if code(error) in UNKNOWN:
        return f"AWS does not know these credentials ({said}). Look which they are: env | grep AWS_; aws sts get-caller-identity"
    if code(error) in DENIED:
        return (
            f"AWS does not allow {error.operation_name}: {said}. Ask for that right, or deploy with other credentials "
            "(AWS_PROFILE)"
        )
    return f"AWS refused {error.operation_name}: {said} ({code(error)})"
