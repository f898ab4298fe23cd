//! What a device connection can be in, hear, and ask for: the vocabulary of the state machine.
//!
//! Plain data. Trees, texts and sockets stay with the driver; here is only what decides.

/// How a device takes a change, from the safest way to the least safe (RFC 6241 8.2 to 8.4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Way {
    /// `:candidate` and `:confirmed-commit:1.1`: the commit outlives the session and has a name.
    ConfirmedPersist,
    /// `:candidate` and `:confirmed-commit:1.0`: the commit is taken back when the session ends.
    Confirmed,
    /// `:candidate` only: a commit can be undone by another commit.
    Candidate,
    /// `:writable-running` only: an edit takes effect at once.
    Running,
}

impl Way {
    /// Whether the device takes the change back by itself unless it is confirmed.
    pub fn is_confirmed(self) -> bool {
        matches!(self, Way::ConfirmedPersist | Way::Confirmed)
    }

    /// Whether the change is prepared in the device's candidate.
    pub fn has_candidate(self) -> bool {
        self != Way::Running
    }
}

/// How far a push goes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Goal {
    /// The device validates, and forgets.
    Validate,
    /// The device takes the change.
    Commit,
}

/// A datastore of the device.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Store {
    /// `candidate`
    Candidate,
    /// `running`
    Running,
}

/// One push to one device, as far as the machine has to know it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Push {
    /// How the device takes changes.
    pub way: Way,
    /// Whether the device can validate before it commits.
    pub validate: bool,
    /// Whether running is locked beside the candidate, because others can write to it directly.
    pub lock_running: bool,
    /// How far to go.
    pub goal: Goal,
    /// How many locks are held.
    pub held: u8,
    /// The transaction wants it undone; looked at after the answer that is awaited.
    pub abort: bool,
    /// How it will end once everything is cleaned up; `None` as long as all is well.
    pub verdict: Option<Ending>,
    /// How many more times a lost connection is made again to find out where the device stands.
    pub attempts: u8,
}

impl Push {
    /// A push that has not begun.
    pub fn new(way: Way, validate: bool, lock_running: bool, goal: Goal) -> Push {
        Push {
            way,
            validate,
            lock_running,
            goal,
            held: 0,
            abort: false,
            verdict: None,
            attempts: 3,
        }
    }

    /// The datastores to lock, in this order; unlocked in reverse.
    pub fn locks(&self) -> &'static [Store] {
        match (self.way.has_candidate(), self.lock_running) {
            (true, true) => &[Store::Running, Store::Candidate],
            (true, false) => &[Store::Candidate],
            (false, _) => &[Store::Running],
        }
    }
}

/// How something ended for one device.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ending {
    /// As asked.
    Done,
    /// Not done, and the device is as it was before; the reason, when it lies with this device.
    Unchanged(Option<String>),
    /// The transaction succeeded, but the device took the change back: it must be pushed again.
    Lapsed(String),
    /// Nobody knows what the device holds.
    Unknown(String),
}

/// What a new connection is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// The full way to OPEN.
    Open,
    /// To bring the device back to what it had before this push.
    Recover(Push),
    /// To see this push through to its confirmation.
    Forward(Push),
}

/// What a fetched configuration is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sync {
    /// It belongs to connecting: a failure closes the connection.
    Connect,
    /// It was asked for: a failure leaves the connection open.
    Pull,
}

/// Steps while the device has committed and the others have not yet, or the confirmation runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Confirm {
    /// Waiting for the transaction's word.
    Held,
    /// The device's timer is being extended; then goes on with what was ordered meanwhile.
    Extending(Option<Word>),
    /// The confirmation is sent.
    Confirming,
    /// The confirmation was refused or its fate is unknown: does the device have the change?
    Checking,
}

/// The transaction's word after the barrier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Word {
    /// Keep it.
    Confirm,
    /// Undo it.
    Revert,
}

/// Steps on the way back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Revert {
    /// `cancel-commit` is sent (RFC 6241 8.4.4.1).
    Cancel,
    /// Does the device have what it had before?
    Check,
    /// What differs is edited back.
    Edit,
    /// The edit back is committed.
    Commit,
    /// Does the device now have what it had before?
    CheckAgain,
}

/// Where a device's connection stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum State {
    /// No connection.
    Closed,
    /// Transport and hello.
    Connecting(Purpose),
    /// The list of modules is awaited.
    SchemaList,
    /// So many modules are to be fetched; 0 means that they are being compiled.
    SchemaOne {
        /// How many.
        left: u32,
    },
    /// The configuration is awaited.
    DeviceSync(Sync),
    /// Ready.
    Open,
    /// Locks are being taken.
    PushLock(Push),
    /// The device is compared with what it last had.
    PushCheck(Push),
    /// The edit is sent.
    PushEdit(Push),
    /// The device validates.
    PushValidate(Push),
    /// The barrier: validated, waiting for the others.
    PushWait(Push),
    /// The device commits.
    PushCommit(Push),
    /// Committed, and can be brought back.
    PushConfirm(Push, Confirm),
    /// Being brought back.
    PushRevert(Push, Revert),
    /// The candidate is being reset.
    PushDiscard(Push),
    /// Locks are being released.
    PushUnlock(Push),
}

/// What runs out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Timer {
    /// The time for one answer (`device-timeout`).
    Reply,
    /// Half of the time after which a device takes an unconfirmed commit back.
    Extend,
}

impl State {
    /// The names of all states.
    pub const NAMES: [&str; 16] = [
        "CLOSED",
        "CONNECTING",
        "SCHEMA-LIST",
        "SCHEMA-ONE",
        "DEVICE-SYNC",
        "OPEN",
        "PUSH-LOCK",
        "PUSH-CHECK",
        "PUSH-EDIT",
        "PUSH-VALIDATE",
        "PUSH-WAIT",
        "PUSH-COMMIT",
        "PUSH-CONFIRM",
        "PUSH-REVERT",
        "PUSH-DISCARD",
        "PUSH-UNLOCK",
    ];

    /// The name, as the YANG type `connection-state` has it.
    pub fn name(&self) -> &'static str {
        match self {
            State::Closed => "CLOSED",
            State::Connecting(_) => "CONNECTING",
            State::SchemaList => "SCHEMA-LIST",
            State::SchemaOne { .. } => "SCHEMA-ONE",
            State::DeviceSync(_) => "DEVICE-SYNC",
            State::Open => "OPEN",
            State::PushLock(_) => "PUSH-LOCK",
            State::PushCheck(_) => "PUSH-CHECK",
            State::PushEdit(_) => "PUSH-EDIT",
            State::PushValidate(_) => "PUSH-VALIDATE",
            State::PushWait(_) => "PUSH-WAIT",
            State::PushCommit(_) => "PUSH-COMMIT",
            State::PushConfirm(..) => "PUSH-CONFIRM",
            State::PushRevert(..) => "PUSH-REVERT",
            State::PushDiscard(_) => "PUSH-DISCARD",
            State::PushUnlock(_) => "PUSH-UNLOCK",
        }
    }

    /// The timer that runs in this state. None runs where the device waits for others, so that a
    /// slow device does not close the fast ones.
    pub fn timer(&self) -> Option<Timer> {
        match self {
            State::Closed | State::Open | State::PushWait(_) => None,
            State::PushConfirm(push, Confirm::Held) => {
                push.way.is_confirmed().then_some(Timer::Extend)
            }
            _ => Some(Timer::Reply),
        }
    }

    /// The push under way, if any.
    pub fn push(&self) -> Option<&Push> {
        match self {
            State::Connecting(Purpose::Recover(push) | Purpose::Forward(push))
            | State::PushLock(push)
            | State::PushCheck(push)
            | State::PushEdit(push)
            | State::PushValidate(push)
            | State::PushWait(push)
            | State::PushCommit(push)
            | State::PushConfirm(push, _)
            | State::PushRevert(push, _)
            | State::PushDiscard(push)
            | State::PushUnlock(push) => Some(push),
            _ => None,
        }
    }
}

/// What the owner of a connection may ask for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Order {
    /// Connect, up to OPEN.
    Open,
    /// Disconnect.
    Close,
    /// Fetch the configuration.
    Pull,
    /// Take a change up to the barrier.
    Prepare(Push),
    /// Commit what was prepared.
    Commit,
    /// Keep what was committed.
    Confirm,
    /// Undo: before the barrier or after.
    Abort,
    /// Connect, and bring the device back to what it had before this push.
    Recover(Push),
    /// Connect, and see this push through.
    Forward(Push),
}

/// What happens to a connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// Its owner wants something.
    Order(Order),
    /// The device said hello.
    Hello {
        /// Whether it can list its modules (RFC 6022, RFC 8525).
        lists_modules: bool,
    },
    /// The modules are known.
    Modules {
        /// How many are not in the cache.
        missing: u32,
    },
    /// Modules are compiled.
    Compiled,
    /// A request was done.
    Ok,
    /// The device has what it was compared with.
    Equal,
    /// The device has something else; what.
    Different(String),
    /// The device refused a request, or its answer cannot be used; in its own words.
    Refused(String),
    /// The connection is gone; why.
    Lost(String),
    /// A timer ran out.
    Timeout(Timer),
}

/// What a configuration is compared with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Against {
    /// Nothing: it is taken as it is.
    Nothing,
    /// What the device had before the push.
    Before,
    /// What it is to have after the push.
    After,
}

/// What a commit is to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CommitKind {
    /// Final.
    Plain,
    /// Taken back unless confirmed; also extends the time of one that is pending.
    Confirmed,
    /// Confirms the pending one.
    Confirming,
}

/// What an edit does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EditKind {
    /// The change, to this datastore.
    Change(Store),
    /// The change, to running, but only as a test (RFC 6241 8.6.4, `test-only`).
    Test,
    /// From what the device was last seen to have, back to what it had before.
    Restore(Store),
}

/// One request to the device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Request {
    /// The list of modules.
    SchemaList,
    /// The next module that is missing.
    GetSchema,
    /// `get-config` of running.
    GetConfig(Against),
    /// `lock`
    Lock(Store),
    /// `unlock`
    Unlock(Store),
    /// `edit-config`
    Edit(EditKind),
    /// `validate` of the candidate.
    Validate,
    /// `commit`
    Commit(CommitKind),
    /// `cancel-commit`
    CancelCommit,
    /// `discard-changes`
    Discard,
}

/// What the machine tells the owner of the connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Report {
    /// At the barrier.
    Prepared,
    /// Committed, can be brought back.
    Committed,
    /// It will not succeed; cleaning up begins.
    Failing(String),
    /// Over. Nothing more comes for this order.
    Ended(Ending),
}

/// What the driver has to do, in this order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Set up transport and hello.
    Connect,
    /// Close the transport.
    Disconnect,
    /// Take the list of modules from the hello, and say how many are missing.
    ListFromHello,
    /// Compile the modules.
    Compile,
    /// Send a request.
    Send(Request),
    /// Tell the owner.
    Report(Report),
    /// Keep as `logmsg`.
    Log(String),
}
