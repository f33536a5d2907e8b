"""The database before the deployment: tables, items, logins, and a certificate."""

import datetime
import importlib.util
import ipaddress
import os
import subprocess
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tools import BROKEN, DATABASE, PASSWORD, READER_PASSWORD, ROOT, SERVER, need, query, say


def certify(folder: Path) -> Path:
    """Gives the server, whose data is in `folder`, a certificate for its address. Returns the authority's."""
    now = datetime.datetime.now(datetime.UTC)
    keys = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("ca", "server")}
    names = {name: x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"e2e {name}")]) for name in keys}

    def certificate(name: str, extension, critical: bool) -> None:
        builder = (
            x509.CertificateBuilder()
            .subject_name(names[name])
            .issuer_name(names["ca"])
            .public_key(keys[name].public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(extension, critical)
        )
        file = {"ca": "ca.pem", "server": "server-cert.pem"}[name]
        signed = builder.sign(keys["ca"], hashes.SHA256())
        (folder / file).write_bytes(signed.public_bytes(serialization.Encoding.PEM))

    certificate("ca", x509.BasicConstraints(ca=True, path_length=0), True)
    certificate("server", x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(SERVER[0]))]), False)
    (folder / "server-key.pem").write_bytes(
        keys["server"].private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    query("ALTER INSTANCE RELOAD TLS")
    return folder / "ca.pem"


def schema(database: str) -> list[dict]:
    columns = query(
        "SELECT table_name, column_name, ordinal_position, column_type, is_nullable, column_default, extra"
        f" FROM information_schema.columns WHERE table_schema = '{database}' ORDER BY 1, 3"
    )
    keys = query(
        "SELECT table_name, index_name, seq_in_index, column_name, non_unique"
        f" FROM information_schema.statistics WHERE table_schema = '{database}' ORDER BY 1, 2, 3"
    )
    return [*columns, *keys]


def rowscore(database: str, *arguments: str) -> None:
    environment = os.environ | {"MYSQL_DATABASE": database}
    subprocess.run([ROOT / "target/lambda/rowscore/bootstrap", *arguments], env=environment, check=True)


def apply(files: list[Path]) -> None:
    """Statement by statement, as infra/apply-sql.py does through the Data API, each on a connection of its own."""
    specification = importlib.util.spec_from_file_location("apply_sql", ROOT / "infra/apply-sql.py")
    apply_sql = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(apply_sql)

    def execute(statement: str):
        rows = query(statement, database=DATABASE)
        return next(iter(rows[0].values())) if rows else None

    variables = {}
    for file in files:
        apply_sql.apply(file.read_text(), execute, variables)


def make_tables() -> None:
    query(f"CREATE DATABASE {DATABASE}")
    apply(sorted((ROOT / "infra/migrations").glob("*.sql")))
    rowscore("reference", "init", "--create")
    need(schema(DATABASE) == schema("reference"), "infra/apply-sql.py makes other tables than rowscore init")
    say("infra/apply-sql.py makes the tables that rowscore init makes")


def make_items(rows: int) -> None:
    until = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:00Z")
    rowscore(DATABASE, "init", "--rows", str(rows), "--until", until)
    query(f"UPDATE {DATABASE}.items SET `values` = '[1.0, 2.0]' ORDER BY id DESC LIMIT {BROKEN}")


def make_login() -> None:
    """Users with exactly the rights that the functions need, and no connection without TLS."""
    query(f"CREATE USER scorer IDENTIFIED BY '{PASSWORD}' REQUIRE SSL")
    query(f"CREATE USER reader IDENTIFIED BY '{READER_PASSWORD}' REQUIRE SSL WITH MAX_USER_CONNECTIONS 20")
    allow()
    apply([ROOT / "infra/grants-reader.sql"])


def allow() -> None:
    apply([ROOT / "infra/grants.sql"])
