"""Checks infra/kubernetes without a cluster and without a container engine: what kubectl makes of it, with every component
and with none, against Kubernetes' schemas; the Containerfile; and what would be sent to be built.

Argument: the folder of the programs of scripts/requirements/containers.txt.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import tomllib
import yaml
from docker.utils.build import exclude_paths

REPO = Path(__file__).resolve().parents[1]
FOLDER = REPO / "infra/kubernetes"
COMPONENTS = ["monitor", "model", "authority"]
# What each component wants to be put there.
WANTED = {"model/model.json": "{}", "authority/ca.pem": "a certificate"}
# What people have in their working copies, and nobody may find in an image or at a builder.
SECRETS = ["deploy.env", "deploy.prod.env", ".env", "infra/kubernetes/secret.yaml", ".git/config", "src/.env", "id_rsa"]
SECRETS += ["model/.env", "mine/customers.csv", "target/release/rowscore", ".dev/venv/key", ".aws-sam/build.toml"]
SECRETS += ["infra/kubernetes/authority/ca.key", "src/.git/config", ".cargo/credentials.toml", "model/customers.csv"]
DEBIANS = {"trixie": "13"}


def need(right: bool, problem: str) -> None:
    if not right:
        sys.exit(f"infra/kubernetes: {problem}")


def built(programs: Path, components: list[str]) -> list[dict]:
    """What `kubectl apply -k` would apply."""
    with tempfile.TemporaryDirectory(prefix="rowscore-kubernetes.") as folder:
        copy = Path(folder) / "kubernetes"
        shutil.copytree(FOLDER, copy, ignore=shutil.ignore_patterns("secret.yaml"))
        shutil.copy(copy / "secret.example.yaml", copy / "secret.yaml")
        for name, text in WANTED.items():
            (copy / name).write_text(text)
        kustomization = yaml.safe_load((copy / "kustomization.yaml").read_text()) | {"components": components}
        (copy / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
        done = subprocess.run([programs / "kubectl", "kustomize", copy], capture_output=True, text=True, check=False)
        need(done.returncode == 0, f"kubectl does not build it: {done.stderr}")
        (Path(folder) / "built.yaml").write_text(done.stdout)
        validate = [programs / "kubernetes-validate", "--strict", "--quiet", Path(folder) / "built.yaml"]
        seen = subprocess.run(validate, capture_output=True, text=True, check=False)
        need(seen.returncode == 0, f"Kubernetes refuses it: {seen.stdout}{seen.stderr}")
        return list(yaml.safe_load_all(done.stdout))


def pods(made: list[dict]) -> dict[str, dict]:
    """The pods' specifications, by the name of what makes them."""
    found = {}
    for each in made:
        spec = each["spec"]["jobTemplate"]["spec"] if each["kind"] == "CronJob" else each.get("spec", {})
        if "template" in spec:
            found[each["metadata"]["name"]] = spec["template"]["spec"]
    return found


def check_pods(made: list[dict], components: list[str]) -> None:
    seen = pods(made)
    names = {"rowscore", "rowscore-sweep", "rowscore-canary"} | (
        {"rowscore-monitor"} & {f"rowscore-{c}" for c in components}
    )
    need(set(seen) == names, f"it makes {sorted(seen)}, and not {sorted(names)}")
    for name, pod in seen.items():
        [container] = pod["containers"]
        rights = container["securityContext"]
        need(
            pod["securityContext"]["runAsNonRoot"] and rights["readOnlyRootFilesystem"], f"{name} may write, or is root"
        )
        need(
            not rights["allowPrivilegeEscalation"] and rights["capabilities"] == {"drop": ["ALL"]},
            f"{name} may too much",
        )
        need({"requests", "limits"} <= set(container["resources"]), f"{name} has no bounds")
        need(
            container["image"].startswith("registry.example.com/rowscore:"),
            f"{name} has the image {container['image']}",
        )
        mounts = {mount["name"] for mount in container.get("volumeMounts", [])}
        need(mounts == {volume["name"] for volume in pod.get("volumes", [])}, f"{name} mounts {mounts}")
        need(mounts == {"model", "authority"} & set(components), f"{name} mounts {mounts} with {components}")
        trusts = {each["name"] for each in container.get("env", [])} == {"MYSQL_CA_FILE"}
        need(trusts == ("authority" in components), f"{name} has the variables {container.get('env')}")
        given = [word for word in container["args"] if word.startswith("--model=/etc/rowscore/model/")]
        need(len(given) == ("model" in components), f"{name} is called with {container['args']}")
    for each in (each for each in made if each["kind"] == "CronJob"):
        spec = each["spec"]
        need(
            spec["concurrencyPolicy"] == "Forbid" and spec["timeZone"] and spec["startingDeadlineSeconds"],
            each["metadata"]["name"],
        )


def stages() -> list[str]:
    """The images that the Containerfile builds on."""
    text = (FOLDER / "Containerfile").read_text()
    arguments = dict(re.findall(r"^ARG (\w+)=(\S+)$", text, re.MULTILINE))
    return [
        re.sub(r"\$\{(\w+)\}", lambda name: arguments[name[1]], image)
        for image in re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    ]


def check_images() -> None:
    builder, base = stages()
    version, debian = re.fullmatch(r"docker\.io/library/rust:(\d+\.\d+)-(\w+)", builder).groups()
    need(f"debian{DEBIANS[debian]}:nonroot" in base, f"it is built on {builder}, and runs on {base}")
    least = re.search(r'^rust-version = "(\d+\.\d+)', (REPO / "Cargo.toml").read_text(), re.MULTILINE)[1]
    numbers = [tuple(map(int, each.split("."))) for each in (least, version)]
    need(numbers[0] <= numbers[1], f"it is built with Rust {version}; Cargo.toml asks for {least}")


def context(root: Path) -> set[str]:
    """The files that a builder gets of this folder."""
    patterns = (REPO / ".dockerignore").read_text().splitlines()
    patterns = [line.strip() for line in patterns if line.strip() and not line.startswith("#")]
    return {name for name in exclude_paths(str(root), patterns) if (root / name).is_file()}


def check_context() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=REPO, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    with tempfile.TemporaryDirectory(prefix="rowscore-context.") as folder:
        whole, sent = Path(folder) / "whole", Path(folder) / "sent"
        for name in [name for name in listed if (REPO / name).is_file()]:
            (whole / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPO / name, whole / name)
        for name in SECRETS:
            (whole / name).parent.mkdir(parents=True, exist_ok=True)
            (whole / name).write_text("secret")
        names = context(whole)
        need(not names & set(SECRETS), f"a builder gets {sorted(names & set(SECRETS))}")
        need(names <= set(listed), f"a builder gets {sorted(names - set(listed))}")
        for name in names:
            (sent / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(whole / name, sent / name)
        metadata = ["cargo", "metadata", "--no-deps", "--offline", "--locked", "--format-version=1"]
        done = subprocess.run(metadata, cwd=sent, capture_output=True, text=True, check=False)
        need(done.returncode == 0, f"a builder cannot build of what it gets: {done.stderr}")
        # A program whose file is missing is listed all the same, or left out; Cargo tells only who builds.
        targets = [target for package in json.loads(done.stdout)["packages"] for target in package["targets"]]
        missing = [each["src_path"] for each in targets if not Path(each["src_path"]).is_file()]
        manifest = tomllib.loads((sent / "Cargo.toml").read_text())
        named = {each["name"] for kind in ("bin", "example", "test", "bench") for each in manifest.get(kind, [])}
        missing += sorted(named - {each["name"] for each in targets})
        need(not missing, f"Cargo.toml names what a builder does not get: {missing}")


def main() -> None:
    programs = Path(sys.argv[1])
    for components in ([], COMPONENTS, *([each] for each in COMPONENTS)):
        check_pods(built(programs, components), components)
    lint = [programs / "hadolint", "--no-color", FOLDER / "Containerfile"]
    need(subprocess.run(lint, check=False).returncode == 0, "hadolint finds fault with the Containerfile")
    check_images()
    check_context()


if __name__ == "__main__":
    main()
