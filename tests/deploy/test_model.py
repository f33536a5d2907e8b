"""The model that is built in: kept among the answers, and said, since nobody hears what Cargo warns of."""

from world import Deployed

SAMPLE = "MODEL             the sample, which scores sample items alone"


class Model(Deployed):
    def setUp(self) -> None:
        super().setUp()
        self.network()
        self.instance()
        (self.root / "mine.json").write_text("{}")

    def built(self) -> str:
        """What the build got for MODEL_FILE."""
        return self.calls("build")[-1]["model"]

    def test_a_build_without_it_takes_the_model_of_the_build_before(self):
        said = self.deploy("--database", "mydb", "--yes", MODEL_FILE="mine.json")
        self.assertEqual((self.built(), self.answers()["MODEL"]), ("mine.json", "mine.json"))
        self.assertIn("MODEL             mine.json\n", said)
        said = self.deploy("--yes")
        self.assertEqual(self.built(), "mine.json")
        self.assertIn("with mine.json as the model that is built in", said)
        said = self.deploy("--yes", "MODEL=")
        self.assertEqual((self.built(), self.answers()["MODEL"]), ("", ""))
        self.assertIn(SAMPLE, said)

    def test_as_an_answer_it_has_either_name_and_comes_before_the_environment(self):
        for name in ("MODEL", "MODEL_FILE"):
            self.deploy("--database", "mydb", "--yes", f"{name}=mine.json", MODEL_FILE="other.json")
            self.assertEqual((self.built(), self.answers()["MODEL"]), ("mine.json", "mine.json"))

    def test_a_file_that_is_not_there_is_told_before_anything_is_built(self):
        said = self.refuse("--database", "mydb", "--yes", MODEL_FILE="none.json")
        self.assertIn("MODEL is `none.json`, and there is no such file; accepted: one that rowscore train wrote", said)
        self.assertEqual(self.calls("build"), [])
