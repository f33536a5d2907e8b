//! `rowscore apply`: the jobs that a file describes, shown, checked and stored.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::ValueHint;
use mysql_async::Conn;
use rowscore::config::{
    ColumnName, Config, ConfigError, Fallback, ItemsTable, JobName, JobSettings, JobsFile, Setting, TableName, by_keys,
};
use rowscore::hop::{self, HopError, Job, Jobs, Steered};
use rowscore::model::SharedModel;
use rowscore::run::{RunId, RunState};
use rowscore::store::jobs::{self, JobRow, JobState};
use rowscore::store::model_uses::{self, Noted};
use rowscore::store::statement::{begin, commit, rollback};
use rowscore::store::{catalog, schema};
use rowscore::words;
use serde_json::json;

use crate::changes::{Change, Changes};
use crate::chosen::{ForJob, FromNowOn, Named};
use crate::opened::Opened;
use crate::out::{Out, say};

/// Describe the jobs by a file: show what changes, check it, and store it
///
/// A job is a table with its columns, a schedule and a way of working; docs/JOBS.md says what may be set. What the file
/// does not have is removed. All is checked against the database and the model, and nothing is stored if anything is wrong. It takes an administrator's login, like `init`: a
/// table that a job is to score gains a column and a key.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  rowscore apply jobs.toml --dry-run\n  rowscore apply jobs.toml --yes\n  \
                        rowscore apply jobs.toml --grant scorer")]
pub(crate) struct Args {
    /// The file, like jobs.toml
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,
    #[command(flatten)]
    chosen: ForJob,
    /// Store it without asking
    #[arg(long)]
    yes: bool,
    /// Show and check what would change, and store nothing
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Allow an existing login what rowscore needs of each job's table: NAME, or NAME@HOST as the server has it
    #[arg(long, value_name = "LOGIN", conflicts_with = "dry_run")]
    grant: Option<String>,
    /// Allow an existing login to read each job's results: NAME, or NAME@HOST
    #[arg(long, value_name = "LOGIN", conflicts_with = "dry_run")]
    grant_reader: Option<String>,
}

pub(crate) async fn run(args: Args, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let shown = args.file.display();
    let text = fs::read_to_string(&args.file).map_err(|error| format!("{shown}: {error}"))?;
    let file = JobsFile::read(&text)?;
    let jobs = Jobs::new(Config::from_env()?).await;
    let opened = Opened::at(&jobs, jobs.of_variables());
    let described = described(&jobs, &file)?;
    let mut conn = opened.database.connect().await?;
    let rows = jobs::known(&mut conn).await?;
    say_what_becomes_of_default(&mut conn, &opened, &file, &rows).await?;
    let taken = check(&mut conn, &described, &args).await?;
    let changes = Changes::between(&rows, &file);
    let uses: Vec<&str> = taken.iter().flatten().map(|taken| taken.said.as_str()).collect();
    let is_any = !(changes.is_none() && uses.is_empty());
    let mut lines: Vec<String> = changes.lines().into_iter().chain(uses.iter().map(ToString::to_string)).collect();
    let told = |applied: bool| json!({"changes": changes, "models": uses, "applied": applied});
    if args.dry_run || !(is_any || args.grant.is_some() || args.grant_reader.is_some()) {
        lines.push(if is_any { "Nothing was stored." } else { "Nothing changes." }.to_owned());
        out.tell(&told(false), lines)?;
        return Ok(ExitCode::SUCCESS);
    }
    if is_any && !args.yes {
        // Whoever is asked may think for longer than a server keeps a connection on which nothing is said.
        conn.disconnect().await?;
        agreed(&lines)?;
        conn = opened.database.connect().await?;
    }
    let changed: Vec<&Job> = described.iter().filter(|job| changes.is_about(&job.name)).collect();
    for job in &changed {
        // Tables first: what is stored is worked on by the next tick.
        schema::migrate(&mut conn, &job.work.items_table).await?;
        let Named { model, .. } = args.chosen.of(&mut conn, job).await?;
        hop::check_columns(&mut conn, &job.work.items_table, &model).await.map_err(|error| of(job, error))?;
        lines.extend(mind_the_model(&mut conn, job, &model).await?);
    }
    for job in &described {
        if let Some(login) = &args.grant {
            schema::grant(&mut conn, &job.work.items_table, login).await?;
        }
        if let Some(login) = &args.grant_reader {
            schema::grant_reader(&mut conn, &job.work.items_table, login).await?;
        }
    }
    store(&mut conn, &rows, &changes).await?;
    for (job, taken) in described.iter().zip(&taken) {
        let Some(Taken { version, .. }) = taken else { continue };
        match model_uses::note(&mut conn, &job.work.items_table, version.as_deref()).await? {
            Noted::Done | Noted::Before => {}
            Noted::Gone => lines.push(format!(
                "Somebody has removed the model of job `{}` meanwhile; `rowscore model list` shows what is there.",
                job.name
            )),
        }
    }
    let ended = end_what_is_over(&mut conn, &jobs, (&rows, &changes), &args).await?;
    conn.disconnect().await?;
    lines.extend(ended);
    lines.extend(changes.remarks());
    lines.push("Applied; the next tick works by it.".to_owned());
    out.tell(&told(true), lines)?;
    Ok(ExitCode::SUCCESS)
}

/// The jobs as this process would work on them; or everything that is wrong with their settings.
fn described(jobs: &Jobs, file: &JobsFile) -> Result<Vec<Job>, ConfigError> {
    let (mut described, mut problems): (Vec<Job>, Vec<String>) = (Vec::new(), Vec::new());
    for settings in &file.jobs {
        match jobs.described(settings, 0) {
            Ok(job) => described.push(job),
            Err(hop::NoJob::Unusable(ConfigError(wrong))) => problems.extend(wrong),
            Err(error) => problems.push(error.to_string()),
        }
    }
    problems.extend(overlaps(&described, Names::AsWritten));
    if problems.is_empty() { Ok(described) } else { Err(ConfigError(problems)) }
}

/// How names of tables are told apart.
#[derive(Clone, Copy)]
enum Names {
    AsWritten,
    InAnyCase,
}

/// Which jobs would write the same.
fn overlaps(described: &[Job], names: Names) -> Vec<String> {
    let pairs = described.iter().enumerate().flat_map(|(at, job)| described[..at].iter().map(move |one| (one, job)));
    pairs.filter_map(|(one, other)| in_each_others_way(one, other, names)).collect()
}

/// Two jobs must not write the same columns of one table, or into one score table.
fn in_each_others_way(one: &Job, other: &Job, names: Names) -> Option<String> {
    let (first, second) = (&one.work.items_table, &other.work.items_table);
    let place =
        |table: &ItemsTable| table.target.scores().map_or_else(|| table.quoted(), |scores| scores.name.quoted());
    let (jobs, table) = (format!("jobs `{}` and `{}`", one.name, other.name), place(first));
    let is_same = match names {
        Names::AsWritten => table == place(second),
        Names::InAnyCase => table.to_lowercase() == place(second).to_lowercase(),
    };
    if !is_same {
        return None;
    }
    if first.target.scores().or(second.target.scores()).is_some() {
        return Some(format!("{jobs} both write into the table {table}; give each a `score_table` of its own"));
    }
    let known = first.written();
    let is_known = |column: &ColumnName| known.iter().any(|(_, known)| known.is(column.as_str()));
    let (_, shared) = second.written().into_iter().find(|(_, column)| is_known(column))?;
    let keys = "give each a `prediction` and a `run_column` of its own, or `run_column = \"none\"`";
    Some(format!("{jobs} both write the column `{shared}` of the table {table}; {keys}"))
}

/// Whoever had no jobs has one, which is not to end because it was forgotten.
async fn say_what_becomes_of_default(
    conn: &mut Conn,
    opened: &Opened,
    file: &JobsFile,
    rows: &[JobRow],
) -> Result<(), Box<dyn Error>> {
    // Where none is described any more, it was one again.
    if file.fallback != Fallback::Unsaid || hop::has_jobs(rows) || file.jobs.is_empty() {
        return Ok(());
    }
    // A database that `rowscore init` did not see yet has no runs.
    match jobs::last_opened(conn, opened.table()).await? {
        Some(last) => Err(format!(
            "the job `default`, that of the variables, scores the table {}, the last time at {}; say in the file what \
             becomes of it: `[default]` keeps it as one of the jobs, `default = false` ends it",
            opened.table().quoted(),
            words::minute(last)
        )
        .into()),
        None => Ok(()),
    }
}

/// A model that a job is to use from now on.
struct Taken {
    /// All digits of its version; `None`: the one that is built in.
    version: Option<String>,
    /// What is said of it.
    said: String,
}

/// Whether each job's table is what its settings say, and fits the model. What `rowscore` adds may be missing. Answers, for
/// each job, the model that takes the place of the one that it uses.
async fn check(conn: &mut Conn, described: &[Job], args: &Args) -> Result<Vec<Option<Taken>>, Box<dyn Error>> {
    let (mut problems, mut taken) = (Vec::new(), Vec::new());
    for login in [&args.grant, &args.grant_reader].into_iter().flatten() {
        problems.extend(schema::find_login(conn, login).await.err().map(|error| error.to_string()));
    }
    if catalog::ignores_case().ask(conn).await? {
        problems.extend(overlaps(described, Names::InAnyCase));
    }
    for job in described {
        let model = match args.chosen.of(conn, job).await {
            Ok(Named { model, from_now_on }) => {
                taken.push(match from_now_on {
                    FromNowOn::Same => None,
                    FromNowOn::Uses(version) => {
                        let said = format!(
                            "From now on job `{}` uses the model {} (`{}`).",
                            job.name,
                            model.version(),
                            model.name()
                        );
                        Some(Taken { version, said })
                    }
                });
                model
            }
            Err(error) => {
                problems.push(format!("job `{}`: {}", job.name, by_keys(&words::chain(&*error))));
                continue;
            }
        };
        match hop::check_before_making(conn, &job.work.items_table, &model).await {
            Ok(fit) => {
                if let Some(notice) = fit.local_time {
                    say!("Mind the time of job `{}`: {}.", job.name, by_keys(&notice));
                }
                for unknown in fit.unknown {
                    say!("Not checked of job `{}`: {}.", job.name, by_keys(&unknown));
                }
            }
            Err(error) => problems.extend(told(job, error)?),
        }
        if let Err(error) = hop::challenger(conn, job.means(&model)).await {
            problems.extend(told(job, error)?);
        }
    }
    if problems.is_empty() { Ok(taken) } else { Err(ConfigError(problems).into()) }
}

/// What is to be minded of a job's model, if no run would be opened with it.
async fn mind_the_model(conn: &mut Conn, job: &Job, model: &SharedModel) -> Result<Option<String>, Box<dyn Error>> {
    match hop::check_use(conn, job.means(model)).await {
        Ok(_) => Ok(None),
        Err(HopError::Unfit(unfit)) => {
            Ok(Some(format!("Mind the model of job `{}`: {}.", job.name, by_keys(&unfit.problems.join("; ")))))
        }
        Err(error) => Err(of(job, error)),
    }
}

/// What does not fit a job.
fn told(job: &Job, error: HopError) -> Result<Vec<String>, Box<dyn Error>> {
    let HopError::Unfit(unfit) = error else { return Err(of(job, error)) };
    let table = job.work.items_table.quoted();
    let told = |problem: &String| format!("job `{}`, table {table}: {}", job.name, by_keys(problem));
    Ok(unfit.problems.iter().map(told).collect())
}

fn of(job: &Job, error: HopError) -> Box<dyn Error> {
    format!("job `{}`: {}", job.name, by_keys(&words::chain(&error))).into()
}

/// Whether what changes is wanted.
fn agreed(lines: &[String]) -> Result<(), String> {
    let mut answer = String::new();
    if io::stdin().is_terminal() && io::stderr().is_terminal() {
        lines.iter().for_each(|line| say!("{line}"));
        let _ = write!(io::stderr(), "Apply it? [y/N] ");
        let _ = io::stdin().read_line(&mut answer);
    }
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => {
            Err("nothing was stored; `rowscore apply --yes` does it without asking, `--dry-run` shows what changes"
                .into())
        }
    }
}

/// Stores all changes or none, unless somebody else stored others since `rows` were read.
async fn store(conn: &mut Conn, rows: &[JobRow], changes: &Changes) -> Result<(), Box<dyn Error>> {
    let now = begin().then(jobs::lock_all()).ask(conn).await?;
    if now != rows {
        rollback().ask(conn).await?;
        return Err("somebody else applied other jobs meanwhile, and nothing was stored; look at `rowscore jobs`, then apply again".into());
    }
    for change in changes.iter() {
        match change {
            Change::Added(job) | Change::Changed(job, _) => jobs::put(job)?.ask(conn).await?,
            Change::Removed(name) => {
                // The variables' job is noted as removed also where it was never described.
                if name.is_default() {
                    jobs::put(&JobSettings { name: name.clone(), texts: BTreeMap::new() })?.ask(conn).await?;
                }
                jobs::set_state(name, JobState::Removed).ask(conn).await?;
            }
        }
    }
    Ok(commit().ask(conn).await?)
}

/// Cancels unfinished runs of jobs that are removed, or read or write something else from now on. All is stored by now, so
/// what fails here is said, and done by hand.
async fn end_what_is_over(
    conn: &mut Conn,
    jobs: &Jobs,
    (rows, changes): (&[JobRow], &Changes),
    args: &Args,
) -> Result<Vec<String>, Box<dyn Error>> {
    let before: BTreeMap<&JobName, &JobRow> = rows.iter().map(|row| (&row.settings.name, row)).collect();
    let mut ended = Vec::new();
    for change in changes.iter() {
        let old = match change.job() {
            name if name.is_default() => Some(Ok(Arc::clone(jobs.of_variables()))),
            name => before.get(name).map(|row| jobs.job(row)),
        };
        let Some(Ok(old)) = old else { continue };
        let is_over = match change {
            Change::Added(_) => false,
            Change::Removed(_) => true,
            Change::Changed(settings, _) => !has_same_table(&old, jobs, settings),
        };
        if !is_over {
            continue;
        }
        let why = format!("the job `{}` was {}", old.name, change.done());
        for (run, table) in jobs::unfinished(&old.name).ask(conn).await? {
            // The variables' job over another table is another deployment's.
            let is_its_own = !old.name.is_default() || table == old.work.items_table.as_str();
            let Some(table) = TableName::read(&table).filter(|_| is_its_own) else { continue };
            let of_job = format!("Run {run} of job `{}`", old.name);
            match cancel(conn, &old.over(table), run, &why, args).await {
                Ok(Steered::Done) => ended.push(format!("{of_job} is cancelled; what it predicted stays.")),
                Ok(Steered::Refused(_) | Steered::Unknown) => {}
                Err(error) => {
                    let error = words::chain(&*error);
                    ended.push(format!("{of_job} is not cancelled yet: {error}; `rowscore cancel {run}` does it."));
                }
            }
        }
    }
    Ok(ended)
}

async fn cancel(conn: &mut Conn, old: &Job, run: RunId, why: &str, args: &Args) -> Result<Steered, Box<dyn Error>> {
    // Also where the table has gone, or the model is of no use any more.
    let _ = old.database.look_at_table(conn).await;
    let model = match args.chosen.over(conn, &old.database).await {
        Ok(model) => model,
        Err(_) => args.chosen.brought()?.into(),
    };
    Ok(hop::stop(conn, old.means(&model), run, RunState::Cancelled, Some(why)).await?)
}

fn has_same_table(old: &Job, jobs: &Jobs, settings: &JobSettings) -> bool {
    jobs.described(settings, 0).is_ok_and(|new| new.work.items_table == old.work.items_table)
}
