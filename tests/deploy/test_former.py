"""An upgrade from the 62 parameters of earlier versions loses nothing."""

import json
import unittest

from deploying import former, settings, template
from deploying.answers import Answers
from world import Deployed

# All that the template asked for then, with nothing left as it was by default.
OLD = {
    "MysqlServer": "mydb.abc.eu-central-1.rds.amazonaws.com", "MysqlPort": "3307", "MysqlDatabase": "shop",
    "ItemsTable": "readings", "IdColumn": "no", "ValuesColumn": "v", "FeatureColumns": 'a,b="c"', "PredictionColumn": "p",
    "PredictionFormat": "label", "PredictionDecimals": "8", "CreatedColumn": "at", "CreatedZone": "Europe/Berlin",
    "RunColumn": "none", "MysqlUser": "me", "MysqlAuth": "password", "DatabaseResourceId": "",
    "MysqlPasswordSecretArn": "arn:aws:secretsmanager:eu-central-1:111122223333:secret:mine-AbCdEf",
    "MysqlPasswordVersion": "1234-5678", "MysqlTls": "verify-ca", "MysqlCaFile": "/opt/ca.pem",
    "CaLayerArn": "arn:aws:lambda:eu-central-1:111122223333:layer:ca:1", "SubnetIds": "subnet-1,subnet-2",
    "SecurityGroupIds": "sg-1", "PathToSqs": "endpoint", "VpcId": "vpc-1", "Schedule": "rate(1 day)",
    "SweepSchedule": "rate(2 days)", "CanarySchedule": "rate(3 days)", "ScheduleState": "DISABLED", "PageSize": "100",
    "Lanes": "3", "Workers": "4", "FailurePolicy": "leave", "MaxAttempts": "5", "MaxFailedPercent": "6", "Lookback": "7h",
    "DeliverWithin": "8h", "SweepDeliverWithin": "9h", "MaxHops": "10", "HopBudgetMs": "11000", "WakeInstance": "mydb",
    "WakeCluster": "", "Architecture": "x86_64", "MemorySize": "1024", "Timeout": "60", "LogLevel": "DEBUG",
    "LogRetentionInDays": "90", "ResultsApi": "iam", "ReaderUser": "you",
    "ReaderPasswordSecretArn": "arn:aws:secretsmanager:eu-central-1:111122223333:secret:yours-AbCdEf",
    "ReaderPasswordVersion": "", "ResultsApiConcurrency": "12", "AlarmEmail": "me@example.com", "AlarmTopicArn": "",
    "JobConcurrency": "5",
    "ModelName": "churn",
    "SampleModel": "allow",
    "SilentHours": "49", "Dashboard": "false",
}  # fmt: skip
# In these, what a person chose has another form now, or goes with another parameter.
ELSEWHERE = {
    "Concurrency": "5,12",
    "MysqlPasswordSecret": OLD["MysqlPasswordSecretArn"],
    "ReaderPasswordSecret": OLD["ReaderPasswordSecretArn"],
    "PathToSqs": "vpc-1",
    "WakeDatabase": "db:mydb",
    "ReaderUser": "you",
}


class Former(unittest.TestCase):
    def test_every_old_parameter_has_its_place(self):
        new, variables, said = former.taken_over(OLD)
        for name, value in OLD.items():
            if name in former.VARIABLES:
                self.assertEqual(variables[former.VARIABLES[name][0]], value, name)
            elif name in former.KEPT:
                self.assertEqual(new[name], value, name)
        self.assertEqual({name: new[name] for name in ELSEWHERE}, ELSEWHERE)
        self.assertEqual((variables["MODEL_NAME"], variables["SAMPLE_MODEL"]), ("churn", "allow"))
        self.assertIn("Timeout=60 is HOP_BUDGET_MS=11000 now", said[1])
        answers = Answers(parameters=new, settings=variables)
        self.assertEqual(answers.problems(), [])
        self.assertEqual(settings.parse(answers.complete()["Settings"]), variables)
        missing = set(template.parameters()) - set(new) - {"Settings", "ScheduleZone"}
        self.assertEqual(missing, set())

    def test_what_was_left_by_default_is_left_by_default(self):
        old = {
            "MysqlServer": "h",
            "MysqlDatabase": "shop",
            "MysqlAuth": "iam",
            "DatabaseResourceId": "db-ABC",
            "Timeout": "300",
        }
        old |= {
            "PageSize": "5000",
            "SubnetIds": "",
            "PathToSqs": "endpoint",
            "ResultsApi": "none",
            "ReaderUser": "reader",
        }
        new, variables, said = former.taken_over(old)
        self.assertEqual((variables, len(said)), ({"MYSQL_SERVER": "h", "MYSQL_DATABASE": "shop"}, 1))
        self.assertEqual((new["DatabaseResourceId"], new["PathToSqs"]), ("db-ABC", "existing"))
        self.assertNotIn("ReaderUser", new)

    def test_a_longer_timeout_becomes_the_longest_hop_that_there_is(self):
        old = {"MysqlAuth": "iam", "DatabaseResourceId": "db-ABC", "Timeout": "900", "HopBudgetMs": "890000"}
        _, variables, _said = former.taken_over(old)
        self.assertEqual(variables, {"HOP_BUDGET_MS": "295000"})


class Upgrade(Deployed):
    def test_a_stack_of_an_earlier_version_is_upgraded_without_a_question_about_it(self):
        self.network()
        made = self.instance()
        group = self.ec2.create_security_group(GroupName="f", Description="f", VpcId=self.vpc)["GroupId"]
        server = self.rds.describe_db_instances()["DBInstances"][0]["Endpoint"]["Address"]
        old = OLD | {"MysqlServer": server, "MysqlAuth": "iam", "DatabaseResourceId": made["DbiResourceId"]}
        old |= {"SubnetIds": self.subnets[0], "SecurityGroupIds": group, "VpcId": self.vpc}
        body = {
            "Parameters": {name: {"Type": "String"} for name in old},
            "Resources": {"N": {"Type": "AWS::CloudFormation::WaitConditionHandle"}},
        }
        given = [{"ParameterKey": name, "ParameterValue": value} for name, value in old.items()]
        self.client("cloudformation").create_stack(
            StackName="rowscore", TemplateBody=json.dumps(body), Parameters=given
        )

        said = self.deploy("--yes")
        self.assertIn("the stack has the parameters of an earlier version", said)
        [deploy] = self.calls("deploy")
        values = deploy["values"]
        self.assertEqual((values["Architecture"], values["DatabaseResourceId"]), ("x86_64", made["DbiResourceId"]))
        self.assertEqual((values["PathToSqs"], values["SecurityGroupIds"]), (self.vpc, group))
        self.assertIn("PAGE_SIZE=100", values["Settings"])
        self.assertEqual(self.answers()["DATABASE"], "instance/mydb")
