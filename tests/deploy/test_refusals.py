"""What is refused, with what to do instead, before anything is uploaded."""

from world import Deployed

TOPIC = "arn:aws:sns:eu-central-1:111122223333:none"


class Refusals(Deployed):
    def tearDown(self) -> None:
        self.assertEqual(self.calls("deploy"), [], "something was deployed")

    def test_without_credentials_or_region_it_says_which_to_give(self):
        empty = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}
        nowhere = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
        self.assertIn("there are no AWS credentials. Log in", self.refuse(**empty, **nowhere))
        self.assertIn("export AWS_REGION=", self.refuse(AWS_DEFAULT_REGION="", AWS_REGION="", **nowhere))
        self.assertIn("AWS could not be reached", self.refuse(AWS_ENDPOINT_URL="http://127.0.0.1:9"))
        self.assertIn("AWS_PROFILE", self.refuse(AWS_PROFILE="nobody", **nowhere))

    def test_without_a_database_or_with_a_wrong_one_it_lists_those_there_are(self):
        self.network()
        self.instance()
        self.instance("both")
        self.cluster("both")
        self.instance("postgres", Engine="postgres", EngineVersion="16.3")
        for said in (self.refuse(), self.refuse("--database", "nosuch")):
            for call in ("DATABASE=mydb ", "DATABASE=instance/both ", "DATABASE=cluster/both ", "DATABASE=new "):
                self.assertIn(call, said)
            self.assertNotIn("both-1", said)
            self.assertNotIn("postgres", said)
        said = self.refuse("--database", "both")
        self.assertIn("an instance and a cluster are called `both`. Call make deploy DATABASE=instance/both", said)
        self.assertIn("accepted: mysql, mariadb, aurora-mysql", self.refuse("--database", "postgres"))
        self.assertIn("accepted: NAME, instance/NAME, cluster/NAME or new", self.refuse("--database", "db/mydb"))

    def test_a_program_for_another_processor_is_not_uploaded(self):
        self.network()
        self.instance()
        for architecture, built in (("arm64", "x86_64"), ("x86_64", "arm64")):
            said = self.refuse("--database", "mydb", "--yes", f"Architecture={architecture}", BUILT_FOR=built)
            self.assertIn(f"ScoreFunction/bootstrap is for {built}, and the function is {architecture}", said)
        self.assertEqual(self.let_in(), [], "the database was touched")

    def test_nobody_who_answers_is_no_yes_and_a_no_changes_nothing(self):
        self.network()
        self.instance()
        self.assertIn("call make deploy with YES=1", self.refuse("--database", "mydb"))
        self.assertIn("stopped; nothing was changed", self.refuse("--database", "mydb", said="\n" * 6 + "no\n"))
        self.assertFalse((self.root / "deploy.env").exists())
        self.assertEqual(self.calls("build"), [])

    def test_every_wrong_answer_is_told_at_once_with_what_is_accepted(self):
        self.network()
        self.instance()
        said = self.refuse(
            "--database",
            "mydb",
            "--yes",
            "MemorySize=64",
            "LANES=17",
            "MYSQL_PORT=x",
            "SilentHours=200",
            "Concurrency=1,0",
        )
        for part in (
            "MemorySize is `64`; accepted: a number from 128 to 10240",
            "LANES is `17`; accepted: a whole number from 1 to 16",
            "MYSQL_PORT is `x`; accepted: a whole number from 1 to 65535",
            "Concurrency is `1,0`; accepted: two numbers with a comma between them, like 2,0 or 0,0",
            "SilentHours is `200`; accepted: a number from 1 to 168",
        ):
            self.assertIn(part, said)
        self.assertIn("did you mean MemorySize?", self.refuse("MemorySise=1024"))
        self.assertIn("or answers as NAME=VALUE", self.refuse("--database", "mydb", "fast"))
        self.assertIn(
            "MYSQL_PASSWORD is set by the template; give MysqlPasswordSecret",
            self.refuse("--database", "mydb", "--yes", "MYSQL_PASSWORD=x"),
        )

    def test_a_number_that_is_none_is_told_like_every_other_answer(self):
        self.network()
        self.instance()
        for given in ("SilentHours=2h", "MemorySize=abc", "Concurrency=x", "WORKERS=x", "LogRetentionInDays="):
            name, _, value = given.partition("=")
            self.assertIn(f"{name} is `{value}`; accepted: ", self.refuse("--database", "mydb", "--yes", given))

    def test_before_a_database_is_made_all_that_is_known_is_looked_at(self):
        given = ["MemorySize=abc", "LANES=17", "SET_UP=never", "MYSQL_DATABASE=my-shop", "ReaderUser=a b"]
        said = self.refuse("--database", "new", "--yes", *given, "AlarmEmail=me@example.com", f"AlarmTopicArn={TOPIC}")
        for part in (
            "MemorySize is `abc`; accepted: a number from 128 to 10240",
            "LANES is `17`; accepted: a whole number from 1 to 16",
            "SET_UP is `never`; accepted: auto, function or by-hand",
            "MYSQL_DATABASE is `my-shop`; one that is made must begin with a letter",
            "ReaderUser is `a b`; accepted: a user's name",
            "Give AlarmEmail or AlarmTopicArn, not both",
        ):
            self.assertIn(part, said)
        for name in ("MYSQL_SERVER", "DatabaseResourceId", "SubnetIds"):
            self.assertNotIn(name, said, "that is to come")
        self.assertIn("there is no such topic", self.refuse("--database", "new", "--yes", f"AlarmTopicArn={TOPIC}"))
        # In no VPC the function would not reach it.
        self.assertIn("Give both SubnetIds and", self.refuse("--database", "new", "--yes", "SubnetIds="))
        self.assertEqual(self.calls("build"), [])

    def test_a_name_of_a_stack_that_cloudformation_refuses_is_refused_before_anything(self):
        nowhere = {"AWS_DEFAULT_REGION": "", "AWS_REGION": "", "AWS_CONFIG_FILE": "/dev/null"}
        for name in ("my_stack", "a/b", "../a", "1st", "-", "", "ä", "a" * 113):
            for command in (["--database", "mydb", "--yes"], ["remove"], ["doctor"]):
                said = self.refuse(*command, f"--stack={name}", **nowhere)
                self.assertIn(f"STACK is `{name}`; accepted: a letter, and then letters, digits and -", said)
        # With the longest there is room for the name of every other stack.
        self.assertIn("export AWS_REGION=", self.refuse(f"--stack={'a' * 112}", **nowhere))
        said = self.refuse("STACK=other")
        self.assertIn(
            "STACK is no answer, but an option: call make deploy STACK=other, or scripts/deploy --stack", said
        )

    def test_a_file_that_is_wrong_is_told_by_line(self):
        (self.root / "deploy.env").write_text("# remark\n\nMemorySize 512\n")
        self.assertIn("line 3 of deploy.env is `MemorySize 512`; accepted: NAME=VALUE", self.refuse("--yes"))
        (self.root / "deploy.env").write_text("ACCOUNT=999999999999\n")
        self.assertIn(
            f"these are credentials of account {self.account}, and deploy.env is of 999999999999", self.refuse("--yes")
        )

    def test_no_command_is_for_a_stack_of_the_same_name_in_another_account(self):
        (self.root / "deploy.env").write_text("ACCOUNT=999999999999\n")
        for command in ("remove", "window", "sweep", "status", "doctor", "troubles", "outputs"):
            said = self.refuse(command, "--yes")
            self.assertIn(f"these are credentials of account {self.account}, and deploy.env is of 999999999999", said)

    def test_a_database_that_is_stopped_and_takes_no_iam_logins_is_to_be_started_first(self):
        self.network()
        self.instance()
        self.rds.stop_db_instance(DBInstanceIdentifier="mydb")
        for asked in ([], ["--yes"]):
            said = self.refuse("--database", "mydb", *asked)
            self.assertIn("Start it first: aws rds start-db-instance --db-instance-identifier mydb", said)
            self.assertNotIn("accepted", said)

    def test_subnets_that_an_endpoint_refuses_are_refused_here(self):
        self.network()
        self.instance()
        two = f"SubnetIds={self.subnets[0]},{self.subnets[1]}"
        said = self.refuse("--database", "mydb", "--yes", two, f"PathToSqs={self.vpc}")
        self.assertIn("of which two are in one zone", said)
        said = self.refuse("--database", "mydb", "--yes", f"SubnetIds={self.subnets[0]}", "PathToSqs=vpc-0123abcd")
        self.assertIn(f"accepted: PathToSqs={self.vpc}", said)

    def test_a_server_that_is_too_old_is_refused(self):
        self.network()
        self.instance(EngineVersion="5.7.44")
        self.assertIn("mysql 5.7.44; accepted: 8.0.22 or later", self.refuse("--database", "mydb"))
