//! The one table of variables: names, defaults, what they accept, what they mean. They are read by it,
//! `rowscore help variables` shows it, and a test holds docs/CONFIGURATION.md and the parameters of
//! template.yaml against it.

#![expect(non_camel_case_types, clippy::upper_case_acronyms, reason = "types are named as the variables are")]

use super::bounds::{Bounds, Places};
use super::choices::{AuthName, SampleModel};
use super::columns::{FeatureColumn, PredictionFormat, RunColumn};
use super::decimals::Decimals;
use super::key::KeyColumns;
use super::listeners::{BusArn, LineageUrl, Token, TopicArn};
use super::names::{ColumnName, NameOfModel, TableName};
use super::nice::Nice;
use super::price::Price;
use super::quality::QualityBound;
use super::quiet::QuietHours;
use super::resource::DatabaseResource;
use super::secret::SecretRef;
use super::server::{Host, Place, TlsSetting};
use super::setting::{Accepts, PemFile, QueueUrl, QueueUrls, Setting, Span, Whole};
use super::settings::Settings;
use super::source::{SourceKind, Sql};
use super::target::{ClassColumn, Keeps, Threshold};
use super::zone::Zone;
use crate::run::FailurePolicy;

/// A variable, for people.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// What holds where it is not set.
    pub unset: Unset,
    /// What it accepts.
    pub accepts: Accepts,
    /// What it decides, in Markdown, as the rest of a sentence that begins with the name.
    pub meaning: &'static str,
}

/// What holds where a variable is not set.
#[derive(Clone, Copy, Debug)]
pub enum Unset {
    /// Nothing goes without it.
    Required,
    /// This value.
    Is(&'static str),
    /// What these words say.
    Means(&'static str),
}

/// Variables that belong together.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// What they are about.
    pub title: &'static str,
    /// The variables.
    pub entries: &'static [Entry],
}

/// A variable, for the code.
pub(super) trait Variable {
    /// What its text is read as.
    type Value: Setting;
    /// What people are told of it.
    const ENTRY: Entry;
}

/// Makes a type of each variable, and the table of all.
macro_rules! variables {
    ($($title:literal { $($name:ident: $value:ty, $unset:expr, $meaning:literal;)+ })+) => {
        $($(
            pub(super) struct $name;

            impl Variable for $name {
                type Value = $value;
                const ENTRY: Entry =
                    Entry { name: stringify!($name), unset: $unset, accepts: <$value>::ACCEPTS, meaning: $meaning };
            }
        )+)+

        /// Every variable.
        pub const VARIABLES: &[Group] = &[$(Group { title: $title, entries: &[$($name::ENTRY),+] }),+];
    };
}

use Unset::{Is, Means, Required};

variables! {
    "The database" {
        MYSQL_SERVER: Host, Is("127.0.0.1"), "the host name of the server, as in its certificate, or its address";
        MYSQL_PORT: Whole<u16, 1, 65_535>, Is("3306"), "the TCP port of the server";
        MYSQL_CONNECT_TO: Place, Means("`MYSQL_SERVER` and `MYSQL_PORT`"), "where the connection goes instead, as into a \
            tunnel; the certificate and a token are still those of `MYSQL_SERVER`";
        MYSQL_DATABASE: String, Required, "the name of the database that holds the items";
        MYSQL_USER: String, Means("required, unless the secret of `MYSQL_PASSWORD_SECRET` names one"), "the name of the user \
            that rowscore logs in as";
        MYSQL_AUTH: AuthName, Is("password"), "how the user proves who it is: with a password, or with a token that \
            AWS credentials sign";
        MYSQL_PASSWORD: String, Means("none; a password login needs it or a secret"), "the user's password; it may be empty";
        MYSQL_PASSWORD_SECRET: SecretRef, Means("none"), "instead of `MYSQL_PASSWORD`, a secret of AWS Secrets Manager \
            that holds it, as plain text or as the `password` of a JSON object; it is read at the first login, and again when \
            the server refuses one";
        MYSQL_TLS: TlsSetting, Is("verify"), "whether the connection is encrypted and the server's certificate checked: \
            with the name in it, without the name, or against the fingerprint of one certificate; `off` is for a \
            protected network, and refused with `iam`";
        MYSQL_CA_FILE: PemFile, Means("public authorities and those of RDS"), "a file with the certificate authority of \
            the server; if it is set, no other is trusted";
    }
    "The table" {
        ITEMS_TABLE: TableName, Is("items"), "the table that is scored";
        ID_COLUMN: KeyColumns, Is("id"), "the columns of the primary key, or of a unique key without NULL: one to four, with \
            commas between them, of integers, CHAR, VARCHAR, BINARY, UUID, DATE, DATETIME or TIMESTAMP";
        VALUES_COLUMN: ColumnName, Is("values"), "the JSON column that holds an item's values";
        FEATURE_COLUMNS: FeatureColumn, Means("none"), "instead of `VALUES_COLUMN`, typed columns in any order, with \
            commas between them";
        PREDICTION_COLUMN: ColumnName, Is("prediction"), "the column that predictions are written to; NULL while an item \
            is pending";
        PREDICTION_FORMAT: PredictionFormat, Is("probabilities"), "what is written: all that the model gives as \
            JSON, an array of the probability of each class or a number; or the name of the most probable class alone; or \
            a number in a column for numbers";
        PREDICTION_DECIMALS: Decimals, Means("every digit"), "how many decimals of a probability are kept; 8 take half \
            the space on MariaDB";
        CREATED_COLUMN: ColumnName, Is("created_datetime"), "when an item arrived, a TIMESTAMP or a DATETIME";
        CREATED_ZONE: Zone, Means("UTC"), "the zone of the clock whose time `CREATED_COLUMN` holds, where that is a \
            DATETIME";
        RUN_COLUMN: RunColumn, Means("`run_id`, if rowscore made it"), "the column that says which run wrote a \
            prediction; with `none`, nothing says so";
        LABEL_COLUMN: ColumnName, Means("none"), "a column that gets the name of the most probable class, beside the \
            prediction";
        CONFIDENCE_COLUMN: ColumnName, Means("none"), "a column that gets the probability of that class";
        VALUE_COLUMN: ColumnName, Means("none"), "a column that gets the number of a model that gives one";
        CLASS_COLUMNS: ClassColumn, Means("none"), "columns that get the number of one class each, with commas between \
            them, like `churned=p_churned`";
        DECISION_COLUMN: ColumnName, Means("none"), "a column that gets 1 where `THRESHOLD` is reached, and else 0";
        THRESHOLD: Threshold, Means("none"), "the least probability of a class, or the least number of a model that gives \
            one, that is decided for";
        MODEL_COLUMN: ColumnName, Means("none"), "a column that gets the version of the model";
        PREDICTED_AT_COLUMN: ColumnName, Means("none"), "a column that gets the time of the prediction, in UTC";
        SCORE_TABLE: TableName, Means("none: predictions go to columns of `ITEMS_TABLE`"), "a table of their own that \
            predictions go to; `rowscore init` makes it, and of `ITEMS_TABLE` nothing is written";
        SCORES: Keeps, Is("latest"), "which scores of a row `SCORE_TABLE` keeps: the latest one, or one of each model \
            version";
        TRUTH_COLUMN: ColumnName, Means("none"), "the column in which the right answer arrives later: the name of the class, \
            or a number; NULL while it is not known";
        CHALLENGER: NameOfModel, Means("none"), "a second stored model, by its name or the first digits of its version: it \
            scores the same rows, into the history only; it needs a `SCORE_TABLE` with `SCORES=history`";
        SOURCE_KIND: SourceKind, Is("table"), "what `ITEMS_TABLE` names; the rows of a view are only read, and need a \
            `SCORE_TABLE`";
        SOURCE_WHERE: Sql, Means("every row"), "the condition of the rows that are meant, in the columns of \
            `ITEMS_TABLE`; it needs a `SCORE_TABLE`";
        SOURCE_QUERY: Sql, Means("none"), "a SELECT whose rows are scored, instead of a table; `ITEMS_TABLE` is its name \
            then, and it needs a `SCORE_TABLE`";
    }
    "How runs work" {
        // With 5000, the bulk update is at its fastest.
        PAGE_SIZE: Whole<u32, 1, 20_000>, Is("5000"), "items that are read, scored and committed together, at most; \
            fewer where a page takes longer than 100 ms";
        // With two, the database is the limit.
        LANES: Whole<u16, 1, 16>, Is("2"), "ranges of ids that one invocation works on at the same time, each on its \
            own connection";
        WORKERS: Whole<u16, 1, 64>, Is("1"), "invocations that work on one run at the same time";
        MODEL_NAME: NameOfModel, Means("any"), "the name of the model that may score, as `rowscore model list` shows it; one \
            of another name is refused";
        SAMPLE_MODEL: SampleModel, Is("samples"), "which items a model scores that is a sample, as the one is that \
            comes with rowscore: the sample items of `rowscore init --rows` alone, or with `allow` any";
        FAILURE_POLICY: FailurePolicy, Is("retry_failed"), "what happens to items that cannot be scored";
        MAX_ATTEMPTS: Whole<u32, 1, 1000>, Is("3"), "how often an item that cannot be scored is tried in all; with \
            `retry_all`, how often a whole window is";
        MAX_FAILED_PERCENT: Whole<u32, 0, 100>, Is("50"), "a run of ten items or more fails if more than this share \
            of them cannot be scored; with 0, any run with such an item fails";
        LOOKBACK: Span, Is("1h"), "how far a window reaches back into the one before, for rows that were committed late";
        TICK_EVERY: Span, Means("as the schedule's history has it"), "at least how often the schedule fires, or \
            somebody starts `rowscore run`; what is missing longer is said to be missing";
        DELIVER_WITHIN: Span, Means("no deadline"), "how long after the schedule's time a run's predictions are due";
        SWEEP_DELIVER_WITHIN: Span, Means("as `DELIVER_WITHIN`"), "the same for a sweep";
        TRUTH_WITHIN: Span, Is("30d"), "how long after a run its rows are looked at for their truth";
        QUALITY_BOUND: QualityBound, Means("none"), "how good predictions have to be once their truth is known; beyond it \
            there is an alarm";
        NICE: Nice, Is("0"), "the share of its time that a lane leaves free: it rests after each page, and holds nothing \
            meanwhile";
        WAIT_IF: Bounds, Means("runs never wait"), "bounds of what tells that the database is in trouble: while one is \
            exceeded, runs wait and cost nothing";
        WAIT_QUERY: Sql, Means("none"), "a SELECT of one number, which is the `query` of `WAIT_IF`";
        REPLICAS: Places, Means("those that an Aurora knows of"), "the servers whose lag is the `replica_lag` of `WAIT_IF`, \
            each asked with the login and the TLS of the database";
        QUIET_HOURS: QuietHours, Means("none"), "hours of the day in which no page is begun; in UTC, unless a zone is given";
        MAX_HOPS: Whole<u32, 1, 1_000_000>, Is("1000"), "hops of one worker in one run; the run fails when they are used \
            up";
        HOP_BUDGET_MS: Whole<u32, 1, 86_400_000>, Is("240000"), "milliseconds that a hop works, at most";
        // The page under way and the continuation need a fraction of it.
        HOP_MARGIN_MS: Whole<u32, 0, 600_000>, Is("5000"), "milliseconds that are left before the function's own \
            deadline when a hop ends";
    }
    "The function" {
        SETTINGS: Settings, Means("none"), "other variables in one text; the environment's own come first";
        CONTINUATION_QUEUE_URL: QueueUrl, Means("none: the answer has the continuations"), "the queue that \
            continuations are sent to";
        DEAD_LETTER_QUEUE_URLS: QueueUrls, Means("none"), "queues that should be empty; the canary looks, and tells if \
            they are not";
        WAKE_DATABASE: bool, Is("false"), "whether the function starts a stopped RDS instance or cluster, and stops it \
            again when its work is done";
        MYSQL_RESOURCE: DatabaseResource, Means("read from `MYSQL_SERVER`"), "which instance or cluster that is";
        PRICE_PER_GB_SECOND: Price, Means("Lambda's list price"), "dollars for a second with one GB of memory, from \
            which costs are computed";
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: Whole<u32, 1, 1_000_000>, Means("set by Lambda"), "memory in MB, from which \
            costs are computed";
    }
    "Telling others" {
        EVENT_BUS: BusArn, Means("none"), "the EventBridge event bus that gets an event for each run that ends";
        EVENT_TOPIC: TopicArn, Means("none"), "the SNS topic that gets the same as a message";
        LINEAGE_URL: LineageUrl, Means("none"), "the server that gets OpenLineage events of each run that ends, at \
            `/api/v1/lineage`";
        LINEAGE_TOKEN: Token, Means("none"), "the bearer token that this server asks for";
        LINEAGE_TOKEN_SECRET: SecretRef, Means("none"), "instead of `LINEAGE_TOKEN`, a secret of AWS Secrets Manager that \
            holds it, as plain text or as the `token` of a JSON object; it is read each time that a run's end is told";
    }
}
