"""Building and deploying with the SAM CLI, and what was built."""

from __future__ import annotations

import json
import os
import re
import shutil
import struct
import subprocess
from pathlib import Path

from servers.common import REPO, Failure, say

from .template import build_folder, functions

# The machine of a program, as its ELF header has it.
MACHINES = {0x3E: "x86_64", 0xB7: "arm64"}

# What is deployed is compiled as one unit, as `as_deployed` of scripts/lib.sh has it.
ENVIRONMENT = {"SAM_CLI_TELEMETRY": "0", "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "1"}


def call(*arguments: str, **environment: str) -> None:
    if not shutil.which("sam"):
        raise Failure("the SAM CLI is missing: call scripts/deploy or make deploy, which install it below .dev/")
    done = subprocess.run(["sam", *arguments], cwd=REPO, env=os.environ | ENVIRONMENT | environment)
    if done.returncode != 0:
        again = "scripts/deploy remove" if arguments[0] == "delete" else "make deploy"
        raise Failure(f"sam {arguments[0]} failed; what it said stands above. The answers are kept: call {again} again")


def build(architecture: str, model: str) -> None:
    """Builds for the processor that is deployed, and looks whether it did. What Cargo warns of, SAM does not show."""
    say(f"\nbuilding for {architecture}, with {model or 'the sample'} as the model that is built in ...")
    call("build", "--parameter-overrides", f"Architecture={architecture}", MODEL_FILE=model)
    for name in functions():
        program = build_folder() / name / "bootstrap"
        if (found := machine(program)) != architecture:
            raise Failure(
                f"{program.relative_to(REPO)} is for {found}, and the function is {architecture}. Nothing was uploaded. Call "
                f"rm -r .aws-sam && make deploy, or make deploy ARCHITECTURE={found if found in MACHINES.values() else architecture}"
            )


def machine(program: Path) -> str:
    """The processor that a program is for."""
    if not program.is_file():
        return "nothing: it is not there"
    header = program.open("rb").read(20)
    if len(header) < 20 or header[:4] != b"\x7fELF":
        return "no machine: it is no ELF file"
    (number,) = struct.unpack("<H", header[18:20])
    return MACHINES.get(number, f"machine {number:#x}")


def deploy(stack: str, region: str, values: dict[str, str], *options: str) -> None:
    """The values go by a file, so that no quote is lost on the way. SAM takes YAML, of which JSON is a part."""
    file = REPO / ".aws-sam" / f"{stack}.parameters.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(values, indent=2) + "\n")
    fixed = [
        "--no-confirm-changeset",
        "--no-fail-on-empty-changeset",
        "--capabilities",
        "CAPABILITY_IAM",
        "--resolve-s3",
    ]
    call(
        *["deploy", "--stack-name", stack, "--region", region, "--s3-prefix", stack, *fixed, *options],
        *["--parameter-overrides", f"file://{file}", "--tags", "project=rowscore", f"version={version()}"],
    )


def version() -> str:
    """What is deployed, as git names it; without characters that a tag may not have."""
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=REPO, capture_output=True, text=True)
    return re.sub(r"[^\w.:/=+@-]", "-", done.stdout.strip()) or "unknown"
