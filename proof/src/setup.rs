//! What a model is made of: how much there is of everything, what may go wrong, and which guard is taken away.

/// Something that keeps the protocol right. Each can be taken away, to see what goes wrong without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Guard {
    /// The unique key `one_unfinished_run_of_a_kind`.
    UnfinishedKey,
    /// The unique key `one_run_per_tick`.
    TickKey,
    /// The hold: who does not get it leaves.
    Hold,
    /// `set_off` asks whether another worker's lanes are held before it sends that worker off.
    HoldAsked,
    /// The fencing token, compared under the lane's lock.
    Claim,
    /// The lock on the lane's row, from the beginning of a page to its commit.
    LaneLock,
    /// The lane's cursor, read under its lock, is compared with the expected one.
    Cursor,
    /// Predictions and cursor are committed together.
    OneCommit,
    /// A page takes only items that have no prediction.
    PendingOnly,
    /// The run's state is looked at under the lane's lock.
    StateAtPage,
    /// The run's pass is looked at under the lane's lock.
    PassAtPage,
    /// The lock on the run's row while it ends.
    RunLock,
    /// The state is looked at again under the lock on the run's row.
    StateUnderLock,
    /// Who ends a run early waits for the pages under way.
    LanesLocked,
    /// A run of another model ends and its successor begins in one transaction.
    BothOrNeither,
    /// A hop goes on with a run of its own model only.
    SameModel,
    /// A message whose number is overtaken does not work.
    HopNumber,
    /// Who finds its number overtaken, and nobody at work, sends the due message again.
    SendAgain,
    /// Who sends it again lets go of the lanes first.
    SendAgainFree,
    /// The number that counts is the lanes' own, not the message's.
    OwnNumber,
    /// A due hop is never set back.
    Greatest,
    /// The number that is sent is noted on lanes that are finished, too: the second pass goes on from it.
    FinishedToo,
    /// Who takes up a run gives the workers new numbers.
    NewNumber,
    /// Who takes up a run reads the number that is due once it holds the lanes.
    NumberAfterHold,
    /// The hold is released before the continuation is sent.
    ReleaseFirst,
    /// The next hop is due before its message is sent.
    DueFirst,
    /// After the first pass the hold is released before the run is looked at.
    ReleaseThenLook,
    /// Who finds the run in its other pass looks at it again.
    LookAgain,
    /// Rewinding the lanes raises their claims.
    RewindClaims,
    /// The deduplication id: a message is in the queue once.
    Dedup,
    /// The message group: one message of a worker at a time, in order.
    Group,
    /// A message is deleted only when its hop is over.
    DeleteLast,
    /// A window reaches back into the one before it.
    LookBack,
    /// Only windows that ended well move the beginning of the next one.
    ChainEnd,
}

impl Guard {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::UnfinishedKey,
        Self::TickKey,
        Self::Hold,
        Self::HoldAsked,
        Self::Claim,
        Self::LaneLock,
        Self::Cursor,
        Self::OneCommit,
        Self::PendingOnly,
        Self::StateAtPage,
        Self::PassAtPage,
        Self::RunLock,
        Self::StateUnderLock,
        Self::LanesLocked,
        Self::BothOrNeither,
        Self::SameModel,
        Self::HopNumber,
        Self::SendAgain,
        Self::SendAgainFree,
        Self::OwnNumber,
        Self::Greatest,
        Self::FinishedToo,
        Self::NewNumber,
        Self::NumberAfterHold,
        Self::ReleaseFirst,
        Self::DueFirst,
        Self::ReleaseThenLook,
        Self::LookAgain,
        Self::RewindClaims,
        Self::Dedup,
        Self::Group,
        Self::DeleteLast,
        Self::LookBack,
        Self::ChainEnd,
    ];
}

/// What may happen a limited number of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A process is gone without a word.
    Kill,
    /// The server ends a hop's connections: its hold, its locks and its transaction are gone.
    Cut,
    /// A commit is done and its answer is lost.
    Lost,
    /// A message or a tick is delivered once more, also while its hop is at work.
    Again,
    /// An operator pauses the run.
    Pause,
    /// An operator cancels the run.
    Cancel,
    /// A row that was set aside is corrected and released.
    Release,
    /// A row is deleted, and inserted again with the same id.
    Reinsert,
    /// New hops are of the other model from now on.
    Deploy,
    /// A replica is promoted that lacks the last commit.
    Failover,
    /// The queue forgets which messages it has seen: five minutes have passed.
    Forget,
}

/// Kinds of events.
pub const EVENTS: usize = 11;

/// What becomes of items that cannot be scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Policy {
    /// They are set aside until they are released.
    Leave,
    /// They are set aside, and later runs try them again.
    RetryFailed,
    /// The window is one piece, which is checked before it is written.
    RetryAll,
}

/// In which order messages come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// As a FIFO queue delivers them: one of each worker at a time, in order.
    Fifo,
    /// Any.
    Any,
}

/// An item of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NewItem {
    /// In which window it was created: 0 is the first.
    pub window: u8,
    /// What is special about it.
    pub nature: Nature,
}

/// What is special about an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Nature {
    /// Nothing.
    Good,
    /// It cannot be scored.
    Bad,
    /// It becomes visible late, but within the look-back.
    Late,
}

/// A model: its bounds.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Its name.
    pub name: &'static str,
    /// What it is about.
    pub about: &'static str,
    /// The items, by id from 1.
    pub items: &'static [NewItem],
    /// Ticks of the schedule.
    pub ticks: u8,
    /// Workers of a run.
    pub workers: u8,
    /// Lanes of a worker.
    pub lanes: u8,
    /// How far a window reaches back into those before it, in ticks.
    pub look_back: u8,
    /// Invocations at the same time.
    pub hops: u8,
    /// Items of a page.
    pub page: u8,
    /// What becomes of items that cannot be scored.
    pub policy: Policy,
    /// In which order messages come.
    pub order: Order,
    /// How often events may happen.
    pub events: &'static [(Event, u8)],
    /// Whether a run must come to its end without another tick.
    pub ends_by_itself: bool,
    /// The guard that is taken away.
    pub without: Option<Guard>,
}

impl Setup {
    /// Whether a guard is there.
    pub fn has(&self, guard: Guard) -> bool {
        self.without != Some(guard)
    }

    /// Whether a hop may lose its hold while it is at work.
    pub fn may_lose_hold(&self) -> bool {
        let takes_it = |event: &Event| matches!(event, Event::Cut | Event::Lost | Event::Failover);
        self.events.iter().any(|(event, times)| *times > 0 && takes_it(event))
    }

    /// The same model without a guard.
    #[must_use]
    pub fn without(self, guard: Guard) -> Self {
        Self { without: Some(guard), ..self }
    }
}
