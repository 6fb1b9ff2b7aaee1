//! Deliberate defects: the controls of the suite `masking`.
//!
//! A build with the feature `defects` breaks one thing when the variable [`VARIABLE`] names it; any
//! other build has none of this. Each defect belongs to the property of the suite that must find it.

/// The variable that names the defect of a build with the feature `defects`.
pub const VARIABLE: &str = "TWINPROOF_DEFECT";

macro_rules! defects {
    ($($name:ident = $text:literal, $property:literal, $about:literal;)*) => {
        /// A deliberate defect.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Defect {
            $(#[doc = $about] $name,)*
        }

        impl Defect {
            /// Every defect: itself, its name, the property that finds it, its effect.
            pub const ALL: &'static [(Self, &'static str, u8, &'static str)] =
                &[$((Self::$name, $text, $property, $about),)*];
        }
    };
}

defects! {
    PassAll = "pass-all", 1, "The filter lets every row of the stream pass";
    IgnoreParents = "ignore-parents", 1, "Rows come whose parent does not pass";
    LogRows = "log-rows", 2, "Each row of the stream is written to the log";
    PlainColumn = "plain-column", 2, "Columns called `mail` are not masked";
    PlainKey = "plain-key", 3, "Rows that go are looked for by their unmasked key";
    AfterOnly = "filter-after-only", 4, "The filter looks at the row after a change only";
    NoReturn = "no-return", 4, "A row that begins to pass is taken for an update";
    KeepChildren = "keep-children", 4, "Rows stay whose parent no longer passes";
    KeepAway = "keep-away", 4, "Rows do not come back with their parent";
    CaseSensitive = "predicate-case-sensitive", 5, "The predicate compares bytes";
    NullPasses = "predicate-null-passes", 5, "A row whose predicate is NULL passes";
    PassOnError = "pass-through-on-error", 6, "A value that cannot be masked is written as it is";
    PlainUpdate = "plain-on-update", 7, "Updates are written without masks";
    IgnoreShape = "ignore-shape", 8, "A change of shape is passed over, columns are taken by place";
    LogStatements = "log-statements", 9, "The text of each statement is written to the log";
    StateHasValues = "state-has-values", 10, "The position holds the last row";
    EqualTokens = "equal-tokens", 11, "The nonce is made of the value";
    NonceReset = "nonce-reset", 12, "Nonces are counted from nothing at each start";
    TrimsValues = "trims-values", 13, "White space at the end of a value is lost";
    NullIsEmpty = "null-is-empty", 13, "NULL becomes the token of the empty text";
    UnboundToken = "unbound-token", 14, "Randomised tokens are not bound to their row";
    NoTagCheck = "no-tag-check", 15, "A token is read without its tag being checked";
    NoCeiling = "no-ceiling", 16, "Uses of keys are not counted";
    OldKey = "old-key", 17, "New tokens are made with the first key of the ring";
    MaskTwice = "mask-twice", 18, "A row that is replayed is masked twice";
    DomainByColumn = "domain-by-column", 19, "A deterministic domain is one column";
    LogKeys = "log-keys", 20, "Keys are written to the log";
    IgnoreDelete = "ignore-delete", 21, "Deletes are not applied";
    LoseUpdate = "lose-update", 21, "Every seventh update is lost";
    SwapBatches = "swap-batches", 22, "A transaction is written before the one that precedes it";
    CommitEach = "commit-each", 23, "Each table's changes of a transaction are committed alone";
    StaleUpdate = "stale-update", 24, "A row that was updated is set back by a late older version";
    KeyChangeKeeps = "key-change-keeps-old", 25, "A row whose key changes stays under the old one, too";
    AnyPosition = "any-position", 26, "The stream begins at whatever position stands in staging";
    AppliesAgain = "applies-again", 26, "A transaction that comes again is applied again";
    PositionFirst = "position-first", 27, "The position is committed before the rows";
    RowsFirst = "rows-first", 27, "The rows are committed before the position";
    BeginAtNow = "begin-at-now", 28, "After a start the stream begins at the source's position";
    NoFence = "no-fence", 29, "The epoch is not looked at";
    LateLow = "late-low", 30, "The stream begins after the snapshot instead of before";
    OneDomain = "one-domain", 31, "Transactions of other replication domains are passed over";
    PurgedGoesOn = "purged-goes-on", 32, "When the binlog is purged the stream begins at what is left";
    PartialRows = "partial-rows", 33, "Images that are not full are passed over";
    IgnorePolicy = "ignore-policy-change", 34, "A changed rule is used from now on only";
    KeepsSnapshot = "keeps-old-snapshot", 34, "A new snapshot does not take the old one's place";
    Upsert = "upsert", 35, "Rows whose unique value is there already are left out";
    SkipPoison = "skip-poison", 36, "A row that cannot be masked is left out";
    Slow = "slow", 37, "Each batch waits three seconds";
    RestlessKey = "restless-key", 38, "A masked key is another one after each start";
    Idle = "idle", 39, "Nothing is copied";
    SkipStatements = "skip-statements", 40, "Changes that are logged as statements are passed over";
    SkipsBroken = "skips-broken", 40, "Events that cannot be read are passed over";
    TakePrepared = "take-prepared", 41, "Rows of a prepared transaction are applied at once";
    StreamBytes = "stream-bytes", 42, "The stream takes latin1 for UTF-8, the snapshot does not";
    IgnoreTruncate = "ignore-truncate", 43, "TRUNCATE is passed over";
    NoCascade = "no-cascade", 44, "Rows that go with their parent stay";
    RepinDomain = "repin-domain", 45, "Deterministic domains use the primary key";
    AnyCollation = "any-collation", 46, "Tokens are written to columns of any collation";
    VerifyBlind = "verify-blind", 47, "verify does not look at cells";
    VerifyRows = "verify-blind-rows", 47, "verify does not look for rows that are missing or too many";
    JsonRest = "json-rest", 48, "Values of a document that no path names stay";
    AutoNumber = "auto-number", 49, "Staging numbers the row 0 itself, and its triggers are not looked for";
    Spill = "spill", 50, "Rows are written to a temporary file that stays";
}

/// Whether this is a build with defects in which this one was asked for.
#[cfg(feature = "defects")]
pub fn has(defect: Defect) -> bool {
    use std::sync::OnceLock;
    // Read once: each row asks.
    static ASKED: OnceLock<Option<Defect>> = OnceLock::new();
    let asked = ASKED.get_or_init(|| {
        let name = std::env::var(VARIABLE).ok()?;
        Defect::ALL.iter().find(|(_, text, ..)| *text == name).map(|(defect, ..)| *defect)
    });
    *asked == Some(defect)
}

/// Whether this is a build with defects in which this one was asked for: it is not.
#[cfg(not(feature = "defects"))]
// Constant, so that every branch on it is dropped from such a build.
#[inline(always)]
pub const fn has(_: Defect) -> bool {
    false
}
