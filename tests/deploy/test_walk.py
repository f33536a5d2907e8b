"""From a database to a deployment, an upgrade and a rollback, with the answers that a person types."""

import json

from data_api import execute
from world import Deployed

# By the twelfth, people stop reading.
MOST_ANSWERS = 12
PLAIN = "MYSQL_SERVER=localhost MYSQL_DATABASE=shop"
# A table, its key, features, prediction, format and time.
READINGS = ("items_of_mine", "id", "a,b", "species", "label", "arrived")


class Walk(Deployed):
    def test_beside_an_rds_instance_everything_but_table_schedule_and_mail_is_found(self):
        self.network()
        made = self.instance()
        answers = ("", "readings", "reading_no", "sepal_length,width=w", "species", "label", "arrived")
        answers += ("cron(0 6 ? * MON-FRI *)", "Europe/Berlin", "me@example.com", "", "yes")
        self.assertLessEqual(len(answers), MOST_ANSWERS)
        said = self.deploy("--database", "mydb", answers=answers)

        found = self.answers()
        self.assertEqual(found["DATABASE"], "instance/mydb")
        self.assertEqual(found["DatabaseResourceId"], made["DbiResourceId"])
        self.assertEqual((found["MYSQL_DATABASE"], found["ITEMS_TABLE"]), ("shop", "readings"))
        # No way out: an endpoint, in one subnet, in the database's zone.
        self.assertEqual(found["PathToSqs"], self.vpc)
        self.assertIn(found["SubnetIds"], self.subnets[:2])
        # From Friday to Monday nothing is due.
        self.assertEqual(found["SilentHours"], "73")
        self.assertEqual(self.let_in(), [found["SecurityGroupIds"]])
        [instance] = self.rds.describe_db_instances(DBInstanceIdentifier="mydb")["DBInstances"]
        self.assertTrue(instance["IAMDatabaseAuthenticationEnabled"])

        [build], [deploy] = self.calls("build"), self.calls("deploy")
        self.assertIn("Architecture=arm64", build["arguments"])
        values = deploy["values"]
        settings = f"{PLAIN} ITEMS_TABLE=readings ID_COLUMN=reading_no"
        settings += ' FEATURE_COLUMNS="sepal_length,width=w" PREDICTION_COLUMN=species PREDICTION_FORMAT=label'
        self.assertEqual(values["Settings"], f"{settings} CREATED_COLUMN=arrived")
        self.assertEqual(values["ScheduleZone"], "Europe/Berlin")
        for part in (
            "$7.30  endpoint for each subnet",
            "CREATE USER IF NOT EXISTS 'scorer'",
            "init --create --grant scorer",
        ):
            self.assertIn(part, said)
        self.assertEqual(self.git("status", "--porcelain"), "", "the tree is dirty")

    def test_every_question_has_a_default_and_says_what_is_accepted(self):
        self.network()
        self.instance()
        answers = ["", "", "every day", "", "", "x", "none", "", ""]
        said = self.deploy("--database", "mydb", answers=tuple(answers))
        self.assertIn("Schedule is `every day`; accepted: a schedule like cron(19 * * * ? *) or rate(1 hour)", said)
        self.assertIn("AlarmEmail is `x`; accepted: a mail address", said)
        self.assertEqual(self.calls("deploy")[0]["values"]["Settings"], PLAIN)

    def test_beside_an_aurora_cluster_the_tables_are_made_too(self):
        self.network()
        self.nat()
        database, login = self.database()
        self.cluster(Port=3307, DatabaseName=database)
        columns = "id BIGINT AUTO_INCREMENT PRIMARY KEY, a DOUBLE, b DOUBLE, species TEXT, arrived TIMESTAMP"
        execute(f"CREATE TABLE items_of_mine ({columns})", database)
        typo = ("", "", "item", *READINGS[1:], "", "", "", "")
        refused = self.refuse("--database", "mycluster", f"MysqlUser={login}", said="\n".join([*typo, ""]))
        self.assertIn("there is no table `item`; those in the database: items_of_mine", refused)
        said = self.deploy("--database", "mycluster-1", f"MysqlUser={login}", answers=("", *READINGS, "", "", "", ""))
        found = self.answers()
        self.assertEqual(found["DATABASE"], "cluster/mycluster")
        self.assertTrue(found["DatabaseResourceId"].startswith("cluster-"), found["DatabaseResourceId"])
        self.assertEqual((found["PathToSqs"], found["MYSQL_PORT"]), ("existing", "3307"))
        self.assertEqual(len(found["SubnetIds"].split(",")), 2)
        self.assertIn("applied infra/grants.sql", said.replace(f"{self.root}/", ""))
        self.assertIn(
            "SELECT (`a`, `arrived`, `b`, `id`, `run_id`, `species`), UPDATE (`run_id`, `species`)", self.grants(login)
        )
        self.assertNotIn("endpoint for each subnet", said)

    def test_with_nothing_a_database_is_made_first(self):
        database, login = self.database()
        said = self.deploy("--database", "new", f"MysqlUser={login}", answers=(database, "", "rate(1 day)", "", "", ""))
        companion, function = self.calls("deploy")
        self.assertIn("infra/database.yaml", companion["arguments"])
        self.assertEqual(companion["values"]["WayOut"], "ipv6")
        values = function["values"]
        [cluster] = self.rds.describe_db_clusters()["DBClusters"]
        self.assertEqual(
            (values["DatabaseResourceId"], self.answers()["MYSQL_SERVER"]),
            (cluster["DbClusterResourceId"], cluster["Endpoint"]),
        )
        self.assertEqual(self.answers()["SilentHours"], "25")
        self.assertIn("Aurora, awake for each tick", said)
        self.assertIn("INSERT", self.grants(login))
        # Again: the database is there.
        self.deploy("--yes")
        self.assertEqual(len(self.calls("deploy")), 3)

    def test_an_upgrade_asks_nothing_and_a_rollback_takes_the_same_answers(self):
        self.network()
        self.instance()
        first = self.git("describe", "--always")
        self.deploy("--database", "mydb", "--yes", "Architecture=x86_64", "LANES=4", "Schedule=rate(1 day)")
        second = self.commit("second")
        said = self.deploy("--yes")
        self.assertIn(f"version {second}; before it was {first}.", said)
        self.assertIn(f"git checkout {first} && make deploy", said)
        self.git("checkout", "--quiet", first)
        said = self.deploy(answers=("yes",))
        self.assertIn(f"version {first}; before it was {second}.", said)
        deploys = self.calls("deploy")
        self.assertEqual(deploys[0]["values"], deploys[1]["values"])
        self.assertEqual(deploys[0]["values"], deploys[2]["values"])
        self.assertEqual({call["arguments"][2] for call in self.calls("build")}, {"Architecture=x86_64"})
        self.assertEqual(len(self.let_in()), 1)

    def test_a_change_in_the_file_is_deployed_and_what_is_asked_again_keeps_it(self):
        self.network()
        self.instance()
        self.deploy("--database", "mydb", "--yes")
        file = self.root / "deploy.env"
        file.write_text(file.read_text().replace("MemorySize=512", "MemorySize=1024") + "\nWORKERS=3\n")
        file.write_text(file.read_text().replace("Concurrency=0,0", "Concurrency=2,0"))
        self.deploy("--yes")
        self.deploy("--database", "mydb", answers=("",) * 7)
        for call in self.calls("deploy")[1:]:
            self.assertEqual(call["values"]["Concurrency"], "3,0")
            self.assertEqual((call["values"]["MemorySize"], call["values"]["Settings"]), ("1024", f"{PLAIN} WORKERS=3"))

    def test_a_second_stack_has_answers_of_its_own(self):
        self.network()
        self.instance()
        self.deploy("--database", "mydb", "--yes")
        self.deploy("--database", "mydb", "--yes", "--stack", "other", "ITEMS_TABLE=others")
        self.assertEqual(self.answers("deploy.other.env")["ITEMS_TABLE"], "others")
        self.assertNotIn("ITEMS_TABLE", self.answers())
        self.assertEqual(len(self.let_in()), 2)

    def test_what_belongs_to_the_former_database_alone_is_not_kept_for_another(self):
        self.network()
        self.instance()
        self.instance("other")
        login = json.dumps({"username": "admin", "password": "x"})
        made = self.client("secretsmanager").create_secret
        admin, of_rds = (made(Name=name, SecretString=login)["ARN"] for name in ("the-admin", "rds!db-1"))
        given = [f"ADMIN_SECRET={admin}", "WakeDatabase=db:mydb", f"MysqlPasswordSecret={of_rds}"]
        self.deploy("--database", "mydb", "--yes", *given, "MysqlUser=", "LANES=4")
        # The same one, by its whole name.
        self.assertNotIn("not kept", self.deploy("--database", "instance/mydb", "--yes"))
        said = self.deploy("--database", "other", "--yes")
        self.assertIn("since they are of instance/mydb: ADMIN_SECRET, WakeDatabase, MysqlPasswordSecret", said)
        found = self.answers()
        for name in ("ADMIN_SECRET", "WakeDatabase", "MysqlPasswordSecret"):
            self.assertEqual(found[name], "", name)
        self.assertEqual((found["MysqlUser"], found["LANES"]), ("scorer", "4"))
        self.assertTrue(found["DatabaseResourceId"].startswith("db-"))
        # What is given with the other one is its own.
        said = self.deploy("--database", "mydb", "--yes", f"ADMIN_SECRET={admin}", "WakeDatabase=db:mydb")
        self.assertNotIn("not kept", said)
        self.assertEqual((self.answers()["ADMIN_SECRET"], self.answers()["WakeDatabase"]), (admin, "db:mydb"))

    def test_another_security_group_and_another_port_are_let_in_too(self):
        self.network()
        self.instance()
        self.instance("other", Port=3307)
        self.deploy("--database", "mydb", "--yes")
        [own] = self.let_in()
        group = self.ec2.create_security_group(GroupName="f", Description="f", VpcId=self.vpc)["GroupId"]
        self.deploy("--yes", f"SecurityGroupIds={group}")
        self.assertEqual(sorted(self.let_in()), sorted([own, group]))
        # In the local AWS every server has the same name.
        self.deploy("--database", "other", "--yes")
        rules = self.ec2.describe_security_groups(GroupIds=[self.group])["SecurityGroups"][0]["IpPermissions"]
        ports = {rule["FromPort"] for rule in rules if group in [pair["GroupId"] for pair in rule["UserIdGroupPairs"]]}
        self.assertEqual(ports, {3306, 3307})

    def test_what_was_made_outside_of_the_stack_is_removed_with_it(self):
        self.network()
        self.instance()
        self.assertIn("there is no stack rowscore", self.refuse("remove", "--yes"))
        self.assertIn("accepted: outputs, remove, doctor, troubles, window, sweep, status", self.refuse("destroy"))
        self.deploy("--database", "mydb", "--yes")
        self.deploy("remove", answers=("yes",))
        self.assertEqual(self.let_in(), [])
        groups = self.ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [self.vpc]}])["SecurityGroups"]
        self.assertNotIn("rowscore-function", [group["GroupName"] for group in groups])

    def test_who_gives_no_subnets_has_a_function_in_no_vpc(self):
        self.network()
        self.instance(PubliclyAccessible=True)
        said = self.deploy("--database", "mydb", "--yes", "SubnetIds=", "SecurityGroupIds=")
        values = self.calls("deploy")[-1]["values"]
        public = ("", "", "existing")
        self.assertEqual((values["SubnetIds"], values["SecurityGroupIds"], values["PathToSqs"]), public)
        self.assertEqual(self.let_in(), [])
        self.assertNotIn("(made for it)", said)
        # One that is in a VPC leaves it, with or without the database's name.
        self.deploy("--database", "mydb", "--yes", "--stack", "other")
        self.assertTrue(self.calls("deploy")[-1]["values"]["PathToSqs"].startswith("vpc-"))
        self.deploy("--yes", "--stack", "other", "SubnetIds=")
        values = self.calls("deploy")[-1]["values"]
        self.assertEqual((values["SubnetIds"], values["SecurityGroupIds"], values["PathToSqs"]), public)
        for given in (["PathToSqs=ipv6"], ["PathToSqs=ipv6", "SubnetIds=", "SecurityGroupIds="]):
            said = self.refuse("--yes", *given)
            self.assertIn(
                "Without SubnetIds, PathToSqs accepts existing only; the function is in no VPC then (given:", said
            )
            self.assertIn("PathToSqs=ipv6", said)

    def test_a_database_that_sleeps_longer_than_rds_lets_it_is_told(self):
        self.network()
        self.instance()
        rare = [f"{name}=cron(0 6 1 * ? *)" for name in ("Schedule", "SweepSchedule", "CanarySchedule")]
        told = "db:mydb may sleep for more than seven days between two ticks"
        self.assertIn(told, self.deploy("--database", "mydb", "--yes", "WakeDatabase=db:mydb", *rare))
        self.assertNotIn(told, self.deploy("--yes", "CanarySchedule=cron(0 6 ? * MON *)"))
