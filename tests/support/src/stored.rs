//! Models in the database, and who may put them there.

use rowscore::model::Model;
use rowscore::store::model_uses::{self, Noted};
use rowscore::store::models::{self, Pushed};

use super::private::PASSWORD;
use super::{Server, Setup, TestDb};

/// The items, and the login that scores them.
pub struct Stored {
    /// The database, for somebody who may do anything.
    pub owner: TestDb,
    /// The same, for the function's login.
    pub scorer: Setup,
}

impl Stored {
    /// With rowscore's tables.
    pub async fn new(server: Server, settings: &[(&str, &str)]) -> Self {
        let owner = TestDb::bare(server, settings).await;
        owner.migrate().await;
        let login = [("MYSQL_USER", owner.config.mysql.database.as_str()), ("MYSQL_PASSWORD", PASSWORD)];
        let scorer = owner.with(&login).await;
        Self { owner, scorer }
    }
}

impl Setup {
    /// Stores a model.
    pub async fn push(&self, model: &Model) -> Pushed {
        let mut conn = self.connect().await;
        models::push(&mut conn, model, &model.artifact().to_json()).await.unwrap()
    }

    /// Stores a model, and lets the job use it.
    pub async fn use_model(&self, model: &Model) {
        self.push(model).await;
        let digits = model.version().digest().to_string();
        let mut conn = self.connect().await;
        let noted = model_uses::note(&mut conn, &self.config.work.items_table, Some(&digits)).await.unwrap();
        assert_eq!(noted, Noted::Done);
    }
}
