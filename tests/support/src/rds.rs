//! An RDS instance or an Aurora cluster of the test's own, as far as its standing goes.

use aws_sdk_rds::Client;
use aws_sdk_rds::types::Tag;

use super::environment;
use super::private::unique_name;

/// What RDS calls a database.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A database instance.
    Instance,
    /// An Aurora cluster.
    Cluster,
}

/// The test's own instance or cluster.
pub struct Rds {
    client: Client,
    kind: Kind,
    name: String,
}

/// How it stands: its status, and the keys of its tags.
type Standing = (String, Vec<String>);

impl Rds {
    /// A database that is up.
    pub async fn new(kind: Kind) -> Self {
        let config = aws_config::from_env().endpoint_url(environment("ROWSCORE_TEST_SQS")).load().await;
        let client = Client::new(&config);
        let name = unique_name("it", '-');
        match kind {
            Kind::Instance => {
                let instance = client.create_db_instance().db_instance_identifier(&name).engine("mysql");
                let instance = instance.db_instance_class("db.t4g.micro").allocated_storage(20);
                instance.master_username("admin").master_user_password("not-a-secret").send().await.unwrap();
            }
            Kind::Cluster => {
                let cluster = client.create_db_cluster().db_cluster_identifier(&name).engine("aurora-mysql");
                cluster.master_username("admin").master_user_password("not-a-secret").send().await.unwrap();
            }
        }
        Self { client, kind, name }
    }

    /// The value of `MYSQL_RESOURCE`.
    pub fn resource(&self) -> String {
        match self.kind {
            Kind::Instance => format!("instance/{}", self.name),
            Kind::Cluster => format!("cluster/{}", self.name),
        }
    }

    /// Somebody stops it.
    pub async fn stop(&self) {
        match self.kind {
            Kind::Instance => {
                drop(self.client.stop_db_instance().db_instance_identifier(&self.name).send().await.unwrap())
            }
            Kind::Cluster => {
                drop(self.client.stop_db_cluster().db_cluster_identifier(&self.name).send().await.unwrap())
            }
        }
    }

    /// It bears the mark of having been started by rowscore.
    pub async fn mark(&self) {
        let tag = Tag::builder().key("rowscore:woken").value("").build();
        self.client.add_tags_to_resource().resource_name(self.look().await.0).tags(tag).send().await.unwrap();
    }

    /// How it stands now.
    pub async fn standing(&self) -> Standing {
        self.look().await.1
    }

    async fn look(&self) -> (String, Standing) {
        let keys = |tags: &[Tag]| tags.iter().filter_map(|tag| tag.key.clone()).collect();
        match self.kind {
            Kind::Instance => {
                let found =
                    self.client.describe_db_instances().db_instance_identifier(&self.name).send().await.unwrap();
                let instance = found.db_instances().first().unwrap();
                let standing = (instance.db_instance_status().unwrap().to_owned(), keys(instance.tag_list()));
                (instance.db_instance_arn().unwrap().to_owned(), standing)
            }
            Kind::Cluster => {
                let found = self.client.describe_db_clusters().db_cluster_identifier(&self.name).send().await.unwrap();
                let cluster = found.db_clusters().first().unwrap();
                (
                    cluster.db_cluster_arn().unwrap().to_owned(),
                    (cluster.status().unwrap().to_owned(), keys(cluster.tag_list())),
                )
            }
        }
    }
}
