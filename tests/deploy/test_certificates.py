"""The certificate authorities of RDS: renewed from AWS's bundles, and looked at before a deployment."""

import datetime
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from deploying import plan
from servers.common import REPO, Failure


def authority(name: str, days: int) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=9))
    return (
        made.not_valid_after(now + datetime.timedelta(days=days))
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
        .decode()
    )


class Certificates(unittest.TestCase):
    def test_new_regions_come_in_and_what_is_there_stays(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for name in ("infra/rds-ca.pem", "scripts/rds-certificates"):
                (root / name).parent.mkdir()
                shutil.copy(REPO / name, root / name)
            bundle, given = root / "infra/rds-ca.pem", root / "bundle.pem"
            before = bundle.read_text()
            new = [
                ("us-gov-west-1", 99),
                ("cn-north-1", 99),
                ("mx-central-1", 99),
                ("xx-old-1", -1),
                ("Beta us-east-1", 99),
            ]
            given.write_text("".join(authority(f"Amazon RDS {name} Root CA RSA2048 G1", days) for name, days in new))
            command = [sys.executable, root / "scripts/rds-certificates", "--from", given]
            said = subprocess.run(command, capture_output=True, text=True, check=True)
            text = bundle.read_text()
            for region in ("us-gov-west-1", "cn-north-1", "mx-central-1", "eu-central-1"):
                self.assertIn(f"\n[{region}]\n# Amazon RDS {region} Root CA", text)
            self.assertNotIn("xx-old-1", text)
            self.assertIn("left out 1 expired, 1 of beta and preview", said.stderr)
            self.assertNotIn("gone: ", said.stdout)
            self.assertEqual(text.count("BEGIN CERT"), before.count("BEGIN CERT") + 3)
            again = subprocess.run(command, capture_output=True, text=True, check=True)
            self.assertEqual((again.stdout, bundle.read_text()), ("", text))
            given.write_text("nothing")
            refused = subprocess.run(command, capture_output=True, text=True)
            self.assertIn("accepted: PEM files", refused.stderr)

    def test_a_region_without_an_authority_is_refused_before_anything_is_deployed(self):
        server = "mydb.abc.mx-central-1.rds.amazonaws.com"
        with self.assertRaises(Failure) as refused:
            plan.check_authority(server, {})
        self.assertIn("no certificate authority of mx-central-1", str(refused.exception))
        self.assertRaises(Failure, plan.check_authority, "mydb.abc.rds.cn-north-1.amazonaws.com.cn", {})
        for settings in ({"MYSQL_CA_FILE": "/opt/ca.pem"}, {"MYSQL_TLS": "off"}):
            plan.check_authority(server, settings)
        for fine in ("mydb.abc.eu-central-1.rds.amazonaws.com", "db.example.com", "localhost"):
            plan.check_authority(fine, {})
