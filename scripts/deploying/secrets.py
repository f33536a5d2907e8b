"""Users and passwords that Secrets Manager keeps. They are read with the rights of who deploys, and kept nowhere.

What the function itself reads is only looked at: whether it is there, and whose key it has.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field

from botocore.exceptions import ClientError

from servers.common import Failure, say

from .account import DENIED, Account, code

# For whoever has the administrator's password, and no secret with it.
PASSWORD = "ADMIN_PASSWORD"
# What stands between a secret's ARN and the name in it.
OF_IT = ":SecretString:"


@dataclass(frozen=True)
class Login:
    login: str
    password: str = field(repr=False)

    def as_json(self) -> dict[str, str]:
        """Without a password the login proves itself with IAM."""
        return {"login": self.login} | ({"password": self.password} if self.password else {})


def text_of(account: Account, secret: str, version: str = "") -> str:
    """The text of a secret, named by its ARN or its name."""
    which = {"SecretId": secret} | ({"VersionId": version} if version else {})
    try:
        return str(account.secretsmanager.get_secret_value(**which).get("SecretString", ""))
    except ClientError as error:
        if code(error) == "ResourceNotFoundException":
            raise Failure(
                f"Secrets Manager has no secret {secret} in {account.region}. Those it has: aws secretsmanager list-secrets"
            ) from None
        if code(error) in DENIED:
            raise Failure(
                f"AWS does not let you read the secret {secret}. Ask for secretsmanager:GetSecretValue (and kms:Decrypt, if it "
                "has a key of its own), or make the tables by hand: SET_UP=by-hand"
            ) from None
        raise


def part_of(account: Account, secret: str, *names: str, version: str = "") -> list[str]:
    """The values of these names in a secret that is a JSON object."""
    try:
        found = json.loads(text_of(account, secret, version))
        return [str(found[name]) for name in names]
    except (ValueError, KeyError, TypeError):
        wanted = " and ".join(f"`{name}`" for name in names)
        raise Failure(f"the secret {secret} is no JSON object with {wanted}, as RDS makes them") from None


def admin(account: Account, user: str, secret: str) -> Login | None:
    """The administrator's login; none, if nobody says it."""
    if password := os.environ.get(PASSWORD, ""):
        return Login(user, password)
    return Login(*part_of(account, secret, "username", "password")) if secret else None


def split(reference: str) -> tuple[str, str, str]:
    """A secret's ARN, the name in it and the version: ARN, ARN:SecretString:NAME or ARN:SecretString:NAME::VERSION."""
    secret, _, rest = reference.partition(OF_IT)
    name, _, version = rest.partition("::")
    return secret, name, version


def by_reference(account: Account, user: str, reference: str) -> Login:
    """A login as the function reads it (src/secrets/understood.rs); empty for IAM."""
    if not reference:
        return Login(user, "")
    secret, name, version = split(reference)
    text = text_of(account, secret, version)
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) and not name:
        found = {"password": text}
    if not isinstance(found, dict) or (name or "password") not in found:
        raise Failure(
            f"the secret {secret} is no JSON object with `{name or 'password'}`; accepted: a text that is the password, an object "
            f"with `password`, or ARN{OF_IT}NAME for another name"
        )
    user = user or str(found.get("username", ""))
    if not user:
        raise Failure(f"the secret {secret} names no user; give MysqlUser, or put `username` into it")
    return Login(user, str(found[name or "password"]))


def looked_at(account: Account, parameter: str, reference: str) -> str:
    """The reference with the whole ARN, by which the function is allowed to read it. Says what it needs besides."""
    secret, _, version = split(reference)
    try:
        found = account.secretsmanager.describe_secret(SecretId=secret)
    except ClientError as error:
        if code(error) == "ResourceNotFoundException":
            raise Failure(
                f"{parameter}: Secrets Manager has no secret {secret} in {account.region}. Those it has: aws secretsmanager "
                "list-secrets"
            ) from None
        if code(error) in DENIED:
            # The function has the right to read it; who deploys need not.
            return reference
        raise
    if found.get("DeletedDate"):
        raise Failure(
            f"{parameter}: the secret {secret} is being deleted. To keep it: aws secretsmanager restore-secret --secret-id {secret}"
        )
    if version:
        say(
            f"{parameter} names one version of the secret, so the function does not follow when the secret is changed: leave "
            f"::{version} out of it"
        )
    key = found.get("KmsKeyId", "")
    if key and not key.endswith("alias/aws/secretsmanager"):
        say(
            f"{parameter} is encrypted with {key}. The function may use that key for this secret; if the key's policy leaves it to "
            "IAM, as that of a new key does, nothing is to be done (docs/DEPLOY.md)"
        )
    return str(found["ARN"]) + reference.removeprefix(secret)
