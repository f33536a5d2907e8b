"""Costs, schedules and settings."""

import re
import unittest

from deploying import answers, costs, operate, schedules, settings, template
from servers.common import REPO, Failure

HOURLY = costs.SETUPS["beside a database, with IPv6 or NAT"]
NEEDED = "MYSQL_SERVER=h,MYSQL_DATABASE=d"


class Costs(unittest.TestCase):
    def test_the_document_has_the_table_as_it_is_reckoned_from_the_templates(self):
        document = (REPO / "docs/DEPLOY.md").read_text()
        for table in (costs.table(), costs.of_a_million()):
            self.assertTrue(table in document, f"docs/DEPLOY.md should have:\n\n{table}")
        self.assertEqual(costs.of_a_million().count("(the default)"), 1)

    def test_nothing_to_do_costs_less_than_half_a_dollar_a_month(self):
        lines = costs.monthly(HOURLY)
        self.assertLess(sum(line.dollars for line in lines), 0.50, lines)
        self.assertEqual(sum(line.beyond_free for line in lines), 0, lines)

    def test_a_database_that_is_made_has_a_secret_that_is_paid_for(self):
        self.assertIn(0.40, [line.dollars for line in costs.of_companion({})])

    def test_an_alarm_is_paid_for_by_the_metrics_that_it_reads(self):
        read = {"MetricStat": {}}
        self.assertEqual(costs.metrics({"MetricName": "Errors"}), 1)
        self.assertEqual(costs.metrics({"Metrics": [read, read, {"Expression": "a + b"}]}), 2)

    def test_what_is_not_made_costs_nothing(self):
        def sum_of(answers):
            return sum(line.dollars for line in costs.monthly(answers))

        plain = sum_of({})
        self.assertAlmostEqual(sum_of({"Dashboard": "true"}) - plain, 3.0)
        # A limit of concurrency keeps all of Lambda's requests at the queue.
        self.assertAlmostEqual(sum_of({"Concurrency": "2,0"}) - plain, 3 * 3600 / 20 * 730 * 0.5e-6)
        inside = {"SubnetIds": "subnet-1,subnet-2"}
        self.assertAlmostEqual(sum_of(inside | {"PathToSqs": "vpc-1"}) - plain, 2 * 730 * 0.01)
        waking = inside | {"PathToSqs": "vpc-1", "WakeDatabase": "db:mydb"}
        self.assertAlmostEqual(sum_of(waking) - plain, 4 * 730 * 0.01)
        self.assertAlmostEqual(sum_of(inside | {"PathToSqs": "ipv6"}), plain)
        self.assertAlmostEqual(sum_of({"MysqlPasswordSecret": "arn:aws:x", "ReaderUser": "reader"}) - plain, 2 * 0.40)


class Schedules(unittest.TestCase):
    def test_ticks_and_pauses_of_the_schedules_that_people_write(self):
        for schedule, month, pause in [
            ("rate(1 hour)", 730, 1),
            ("rate(30 minutes)", 1460, 0.5),
            ("rate(2 days)", 365 / 24, 48),
            ("cron(19 * * * ? *)", 730, 1),
            ("cron(0/15 * * * ? *)", 2920, 0.25),
            ("cron(7 3 * * ? *)", 365 / 12, 24),
            ("cron(0 6 ? * MON-FRI *)", 261 / 12, 72),
            ("cron(0 8-18 * * ? *)", 365 * 11 / 12, 14),
            ("cron(0 0 1 * ? *)", 1, 31 * 24),
            ("cron(0 0 L * ? *)", 365 / 12, 24),
        ]:
            with self.subTest(schedule):
                self.assertAlmostEqual(schedules.ticks(schedule), month)
                self.assertAlmostEqual(schedules.longest_pause(schedule), pause)


class Settings(unittest.TestCase):
    def test_what_is_written_is_read_again_and_cloudformation_takes_it(self):
        values = {"ITEMS_TABLE": 'a "b"', "FEATURE_COLUMNS": "a,`b c`=d", "LANES": "4", "RUN_COLUMN": "x=y"}
        text = settings.written(values)
        self.assertEqual(settings.parse(text), values)
        self.assertIsNone(template.parameters()["Settings"].problem(f"{NEEDED} {text}"))

    def test_what_is_no_list_of_settings_is_refused(self):
        for text in ("LANES", "FEATURE_COLUMNS=a,b", 'ITEMS_TABLE="a'):
            self.assertRaises(Failure, settings.parse, text)
            self.assertIsNotNone(template.parameters()["Settings"].problem(f"{NEEDED} {text}"))
        self.assertIsNotNone(template.parameters()["Settings"].problem("MYSQL_SERVER=h"))

    def test_the_variables_are_read_from_the_document(self):
        known = settings.variables()
        self.assertGreater(len(known), 35)
        self.assertEqual((known["LANES"].default, known["CREATED_ZONE"].default), ("2", ""))
        self.assertEqual(set(settings.ELSEWHERE) - set(known), set())


class Document(unittest.TestCase):
    def test_the_commands_that_a_stack_puts_out_can_be_pasted_into_any_shell(self):
        for name, output in template.parsed()["Outputs"].items():
            command = output["Value"].get("Fn::Sub", "")
            if command.startswith("aws "):
                bare = re.sub(r"'[^']*'|\$\{[^}]*\}", "", command)
                self.assertNotRegex(bare, r"[][*?{}$<>|&;]", name)

    def test_every_command_and_every_answer_of_the_document_is_there(self):
        document = (REPO / "docs/DEPLOY.md").read_text()
        commands = set(re.findall(r"scripts/deploy (\w+)", document))
        self.assertGreater(len(commands), 3)
        for command in commands:
            self.assertIsNotNone(operate.command([command]), command)
        of_make = {"DATABASE", "STACK", "YES", "ANSWERS", "ARCHITECTURE", "MODEL_FILE", "DeletionProtection", "Email"}
        known = {*template.parameters(), *settings.variables(), *answers.HEAD, *of_make}
        named = set(re.findall(r"\b([A-Z][A-Za-z_]+)=[A-Za-z0-9'\"]", document))
        self.assertEqual(named - known, set())
