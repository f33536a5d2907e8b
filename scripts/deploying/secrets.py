"""Users and passwords that Secrets Manager keeps. They are read with the rights of who deploys, and kept nowhere."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field

from botocore.exceptions import ClientError

from servers.common import Failure

from .account import DENIED, Account, code

# For whoever has the administrator's password, and no secret with it.
PASSWORD = "ADMIN_PASSWORD"


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


def by_reference(account: Account, user: str, reference: str) -> Login:
    """A login as the template has it: ARN:SecretString:KEY, and at the end ::VERSION for one version; empty for IAM."""
    if not reference:
        return Login(user, "")
    secret, _, rest = reference.partition(":SecretString:")
    key, _, version = rest.partition("::")
    [password] = part_of(account, secret, key, version=version)
    return Login(user, password)
