"""What is sent to be built as an image. Whether Cargo finds there what it needs, scripts/check-infra asks it."""

import unittest

import tomllib

from servers.common import REPO

FOLDERS = {"bin": "src/bin", "example": "examples", "test": "tests", "bench": "benches"}


class Image(unittest.TestCase):
    def test_every_program_that_the_manifest_names_is_sent(self):
        manifest = tomllib.loads((REPO / "Cargo.toml").read_text())
        sent = [line[1:] for line in (REPO / ".dockerignore").read_text().splitlines() if line.startswith("!")]
        for kind, folder in FOLDERS.items():
            for target in manifest.get(kind, []):
                path = target.get("path", f"{folder}/{target['name']}.rs")
                self.assertTrue((REPO / path).is_file(), path)
                self.assertTrue(any(path == each or path.startswith(f"{each}/") for each in sent), path)


if __name__ == "__main__":
    unittest.main()
