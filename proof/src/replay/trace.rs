//! What the code did, as it was written down: a JSON value a line.

use std::collections::BTreeMap;

use serde_json::Value;

/// Nobody knows, or never.
pub(super) const NEVER: usize = usize::MAX;

/// A step that a hop or an operator made, or may have made.
#[derive(Clone, Debug)]
pub(super) struct Op {
    pub hop: u64,
    /// The name of the model's action.
    pub act: String,
    pub lane: Option<u64>,
    /// The line in which it was answered; [`NEVER`]: its answer was lost, or its hop was killed.
    pub answered: usize,
    /// What it saw.
    pub saw: Option<Value>,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub(super) enum Line {
    /// A hop, or an operator's command, starts.
    Starts(u64, Value),
    /// A step began: one of the trace's.
    Begins(usize),
    /// It was answered.
    Did(usize),
    /// The hop lost a connection, or a transaction.
    Again(u64),
    /// The hop is over; whether it ended well.
    Over(u64, bool),
    /// A row becomes visible.
    Arrives(u8),
    /// Runs that are held go on.
    Resumed,
}

/// A trace.
#[derive(Clone, Debug)]
pub(super) struct Trace {
    /// What it was played on.
    pub setup: Value,
    pub lines: Vec<Line>,
    /// As they were written.
    pub texts: Vec<String>,
    pub ops: Vec<Op>,
    /// What started each hop.
    pub causes: BTreeMap<u64, Value>,
    /// The last line of each hop.
    pub last: BTreeMap<u64, usize>,
}

impl Trace {
    /// Reads a trace.
    ///
    /// # Errors
    /// What is no such trace, and in which line.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut values = text
            .lines()
            .enumerate()
            .map(|(at, line)| serde_json::from_str::<Value>(line).map_err(|error| format!("line {}: {error}", at + 1)));
        let setup = values.next().ok_or("an empty trace")??["setup"].clone();
        let mut trace =
            Self { setup, lines: vec![], texts: vec![], ops: vec![], causes: BTreeMap::new(), last: BTreeMap::new() };
        for value in values {
            let value = value?;
            let line = trace.line(&value).ok_or_else(|| format!("no line of a trace: {value}"))?;
            trace.lines.push(line);
            trace.texts.push(value.to_string());
        }
        Ok(trace)
    }

    fn line(&mut self, value: &Value) -> Option<Line> {
        if let Some(id) = value["arrives"].as_u64() {
            return Some(Line::Arrives(id as u8));
        }
        if value["resumed"].as_bool() == Some(true) {
            return Some(Line::Resumed);
        }
        let (hop, lane, at) = (value["hop"].as_u64()?, value["lane"].as_u64(), self.lines.len());
        self.last.insert(hop, at);
        if !value["starts"].is_null() {
            self.causes.insert(hop, value["starts"].clone());
            return Some(Line::Starts(hop, value["starts"].clone()));
        }
        if value["over"].is_string() {
            return Some(Line::Over(hop, value["is_done"].as_bool()?));
        }
        if value["again"].is_string() {
            return Some(Line::Again(hop));
        }
        if let Some(act) = value["begins"].as_str() {
            let act = act.to_owned();
            self.ops.push(Op { hop, act, lane, answered: NEVER, saw: None });
            return Some(Line::Begins(self.ops.len() - 1));
        }
        let act = value["did"].as_str()?;
        let is_meant = |op: &Op, act: &str| op.hop == hop && op.lane == lane && op.act == act && op.answered == NEVER;
        let place = self.ops.iter().rposition(|op| is_meant(op, act)).or_else(|| {
            // Another run was opened before a failed one was tried again.
            self.ops.iter().rposition(|op| act == "open_run" && is_meant(op, "try_again"))
        });
        let place = place.unwrap_or_else(|| {
            // Nothing that the server was asked for.
            self.ops.push(Op { hop, act: act.to_owned(), lane, answered: NEVER, saw: None });
            self.ops.len() - 1
        });
        self.ops[place].answered = at;
        self.ops[place].saw = Some(value["saw"].clone());
        Some(Line::Did(place))
    }
}
