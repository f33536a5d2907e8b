"""By which way tables, logins and grants are made, and what is said where nothing makes them."""

import json
import os
import re
from types import SimpleNamespace
from unittest import mock

from deploying import settings, tables
from deploying.answers import Answers
from deploying.databases import Database
from servers.common import REPO
from world import Deployed

CLUSTER = Database(
    **{"kind": "cluster", "name": "c", "status": "available", "engine": "aurora-mysql", "version": "", "server": "h"},
    **{"resource": "", "arn": "", "database": "", "admin": "admin", "admin_secret": "arn:of:it", "vpc": "", "zone": ""},
    **{"signs_in": True, "public": False, "data_api": True, "port": 3306, "subnets": (), "groups": ()},
)
COMMANDS = "init --create --grant scorer"


class Tables(Deployed):
    def setUp(self) -> None:
        super().setUp()
        self.network()
        # Who asks it is refused.
        self.environment["AWS_ENDPOINT_URL_RDS_DATA"] = "http://127.0.0.1:1"

    def asked(self) -> list[dict]:
        file = self.log.with_name(f"{self.log.name}.events")
        return [json.loads(line)["set_up"] for line in file.read_text().splitlines()] if file.exists() else []

    def test_the_data_api_is_for_the_names_that_its_program_knows_and_for_nothing_else(self):
        program = (REPO / "infra/apply-sql.py").read_text()
        self.assertEqual(set(re.findall(r'"([A-Z]+_[A-Z]+)"', program)), set(tables.NAMES))
        of_table = [name for name, each in settings.variables().items() if each.group == settings.TABLE]
        self.assertIn("SCORE_TABLE", of_table)
        for name in of_table:
            answers = Answers(head={"SET_UP": "auto"}, settings={name: "x"})
            known = name in tables.NAMES or name in tables.NO_MATTER
            self.assertEqual(tables.goes_by_data_api(CLUSTER, answers), known, name)

    def test_what_stands_in_the_shell_names_no_table(self):
        answers = Answers(head={"SET_UP": "auto"}, settings={"MYSQL_DATABASE": "shop", "ID_COLUMN": "no"})
        shell = dict.fromkeys(tables.NAMES, "of_another")
        with mock.patch.dict(os.environ, shell), mock.patch.object(tables.subprocess, "run") as run:
            run.return_value.returncode = 0
            tables.by_data_api(SimpleNamespace(region="r"), CLUSTER, answers).make()
        given = run.call_args.kwargs["env"]
        self.assertEqual({name: given[name] for name in tables.NAMES if name in given}, {"ID_COLUMN": "no"})
        self.assertIn("PATH", given)

    def test_who_has_more_than_that_gets_it_from_the_function(self):
        self.cluster()
        for given in (["SCORE_TABLE=scores"], ["LABEL_COLUMN=label"], ["ReaderUser=reader"]):
            with self.subTest(given):
                count = len(self.asked())
                said = self.deploy("--database", "mycluster", "--yes", *given, ADMIN_PASSWORD="secret99")
                self.assertIn("by a function in the VPC that is removed afterwards", said)
                self.assertNotIn(COMMANDS, said)
                self.assertEqual(len(self.asked()), count + 1)
        self.assertEqual(self.asked()[-1]["reader"], {"login": "reader"})

    def test_beside_a_data_api_the_commands_are_shown_where_nothing_is_made(self):
        self.cluster()
        said = self.deploy("--database", "mycluster", "--yes", "SET_UP=by-hand", "ReaderUser=reader", "LABEL_COLUMN=l")
        user = r"CREATE USER IF NOT EXISTS 'reader' IDENTIFIED WITH .* REQUIRE SSL WITH MAX_USER_CONNECTIONS 20\""
        self.assertRegex(said, user)
        self.assertIn(f"{COMMANDS} --grant-reader reader", said)
        self.assertRegex(said, "export MYSQL_SERVER=.* LABEL_COLUMN=l ")

    def test_beside_a_data_api_without_an_administrators_secret_they_are_shown_too(self):
        self.cluster(ManageMasterUserPassword=False, MasterUserPassword="secret99")
        self.assertIn(COMMANDS, self.deploy("--database", "mycluster", "--yes"))
        self.assertEqual(self.asked(), [])

    def test_they_are_shown_once_and_again_where_something_of_them_is_new(self):
        self.instance()
        self.assertIn(COMMANDS, self.deploy("--database", "mydb", "--yes"))
        self.assertNotIn(COMMANDS, self.deploy("--yes", "LANES=4"))
        said = self.deploy("--yes", "ReaderUser=reader")
        self.assertIn(f"{COMMANDS} --grant-reader reader", said)
        self.assertNotIn(COMMANDS, self.deploy("--yes"))
        # What was said only is made as soon as somebody says who may.
        self.deploy("--yes", ADMIN_PASSWORD="secret99")
        self.assertEqual(len(self.asked()), 1)
