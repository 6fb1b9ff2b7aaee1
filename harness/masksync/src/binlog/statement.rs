//! Classifies statements of the binlog by their first words: whether they change rows or definitions,
//! and of which tables. Callers treat [`Statement::Unknown`] as the worst case.

/// The effect of a logged statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// Begins a transaction.
    Begin,
    /// Commits a transaction.
    Commit,
    /// Undoes a whole transaction.
    Rollback,
    /// Sets a savepoint or returns to one; changes that it undoes were not logged.
    Savepoint,
    /// A prepared transaction begins or ends; its name as written.
    Xa(Xa, String),
    /// All rows of a table go; its schema, where named, and name.
    Truncate(Option<String>, String),
    /// Changes rows, and is logged as a statement.
    Rows(&'static str),
    /// Changes the tables of these names.
    Shape(Vec<String>),
    /// Changes neither rows nor the shape of tables.
    Harmless,
    /// Any other statement.
    Unknown,
}

/// The XA statement: a step of a prepared transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Xa {
    /// The rows of the transaction follow.
    Start,
    /// The rows of the transaction end.
    End,
    /// The transaction is committed.
    Commit,
    /// The transaction is undone.
    Rollback,
}

/// No longer text is looked at word by word, in bytes.
// Statements of definitions are short. A longer one changes rows, which its first word shows.
const LONGEST: usize = 1 << 20;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    /// As written, in capitals; and as written.
    Bare(String, String),
    Quoted(String),
    Text,
    Point(char),
}

impl Word {
    fn is(&self, keyword: &str) -> bool {
        matches!(self, Self::Bare(capitals, _) if capitals == keyword)
    }

    fn name(&self) -> Option<&str> {
        match self {
            Self::Bare(_, name) | Self::Quoted(name) => Some(name),
            _ => None,
        }
    }
}

impl Statement {
    /// Classifies a statement.
    #[must_use]
    pub fn read(sql: &[u8]) -> Self {
        let Ok(sql) = std::str::from_utf8(sql) else {
            return match sql.iter().position(u8::is_ascii_whitespace) {
                // Row changes are recognised by their first word, whatever string literals follow.
                Some(end) => Self::read(&sql[..end]).unless_shape(),
                None => Self::Unknown,
            };
        };
        if sql.len() > LONGEST {
            return match Self::read(sql.get(..64).unwrap_or_default().as_bytes()) {
                Self::Rows(what) => Self::Rows(what),
                _ => Self::Unknown,
            };
        }
        let words = words(sql);
        let Some(first) = words.first() else { return Self::Harmless };
        let Word::Bare(first, _) = first else { return Self::Unknown };
        let second = words.get(1);
        let second_is = |keyword: &str| second.is_some_and(|w| w.is(keyword));
        match first.as_str() {
            "BEGIN" => Self::Begin,
            "START" if second_is("TRANSACTION") => Self::Begin,
            "COMMIT" => Self::Commit,
            // Back to a savepoint: the transaction goes on.
            "ROLLBACK" if words.iter().any(|w| w.is("TO")) => Self::Savepoint,
            "ROLLBACK" => Self::Rollback,
            "SAVEPOINT" | "RELEASE" => Self::Savepoint,
            "XA" => Self::xa(&words, sql),
            "TRUNCATE" => Self::truncate(&words),
            "INSERT" => Self::Rows("INSERT"),
            "UPDATE" => Self::Rows("UPDATE"),
            "DELETE" => Self::Rows("DELETE"),
            "REPLACE" => Self::Rows("REPLACE"),
            "LOAD" => Self::Rows("LOAD DATA"),
            "CALL" => Self::Rows("CALL"),
            "DO" => Self::Rows("DO"),
            "WITH" | "SELECT" | "TABLE" | "VALUES" => Self::Rows("a query"),
            "GRANT" | "REVOKE" | "FLUSH" | "ANALYZE" | "SET" | "INSTALL" | "UNINSTALL" => {
                Self::Harmless
            }
            // Views, triggers and users hold no rows. The server logs rows that a trigger changes
            // as rows.
            "CREATE" | "ALTER" | "DROP" | "RENAME" if is_no_table(&words) => Self::Harmless,
            "CREATE" if words.iter().any(|w| w.is("TABLE")) => Self::Shape(created(&words)),
            "CREATE" | "ALTER" | "DROP" | "RENAME" | "OPTIMIZE" | "REPAIR" | "IMPORT" => {
                let names = words.iter().skip(1).filter_map(Word::name);
                Self::Shape(names.map(str::to_owned).collect())
            }
            _ => Self::Unknown,
        }
    }

    fn unless_shape(self) -> Self {
        if let Self::Rows(_) = self { self } else { Self::Unknown }
    }

    fn xa(words: &[Word], sql: &str) -> Self {
        let what = match words.get(1) {
            Some(w) if w.is("START") || w.is("BEGIN") => Xa::Start,
            Some(w) if w.is("END") => Xa::End,
            Some(w) if w.is("COMMIT") => Xa::Commit,
            Some(w) if w.is("ROLLBACK") => Xa::Rollback,
            _ => return Self::Unknown,
        };
        let name = sql.trim().splitn(3, char::is_whitespace).nth(2).unwrap_or_default();
        let name = name.strip_suffix("ONE PHASE").unwrap_or(name);
        Self::Xa(what, name.trim().to_owned())
    }

    fn truncate(words: &[Word]) -> Self {
        let mut rest = words[1..].iter().peekable();
        rest.next_if(|w| w.is("TABLE"));
        let Some(first) = rest.next().and_then(Word::name) else { return Self::Unknown };
        match rest.next() {
            Some(Word::Point('.')) => match rest.next().and_then(Word::name) {
                Some(table) => Self::Truncate(Some(first.to_owned()), table.to_owned()),
                None => Self::Unknown,
            },
            _ => Self::Truncate(None, first.to_owned()),
        }
    }
}

/// The name of the table that is created. Those that it refers to stay as they are.
fn created(words: &[Word]) -> Vec<String> {
    let after = words.iter().skip_while(|w| !w.is("TABLE")).skip(1);
    let mut after =
        after.skip_while(|w| ["IF", "NOT", "EXISTS"].iter().any(|keyword| w.is(keyword)));
    let mut names = vec!["TABLE".to_owned()];
    while let Some(word) = after.next() {
        names.extend(word.name().map(str::to_owned));
        if after.next() != Some(&Word::Point('.')) {
            break;
        }
    }
    names
}

/// Whether a CREATE, ALTER, DROP or RENAME is about something that holds no rows.
fn is_no_table(words: &[Word]) -> bool {
    const OTHER: [&str; 13] = [
        "USER",
        "ROLE",
        "VIEW",
        "TRIGGER",
        "PROCEDURE",
        "FUNCTION",
        "EVENT",
        "SERVER",
        "INDEX",
        "LOGFILE",
        "UNDO",
        "SPATIAL",
        "RESOURCE",
    ];
    const BEFORE: [&str; 13] = [
        "OR",
        "REPLACE",
        "DEFINER",
        "SQL",
        "SECURITY",
        "ALGORITHM",
        "UNIQUE",
        "FULLTEXT",
        "AGGREGATE",
        "UNDEFINED",
        "MERGE",
        "DEFINER",
        "INVOKER",
    ];
    for word in &words[1..] {
        match word {
            Word::Bare(capitals, _) if OTHER.contains(&capitals.as_str()) => return true,
            Word::Bare(capitals, _) if BEFORE.contains(&capitals.as_str()) => {}
            Word::Point('=' | '@') | Word::Quoted(_) | Word::Text => {}
            // A definer's name is between `=` and the kind of the defined object.
            Word::Bare(..) if words.iter().any(|w| w.is("DEFINER")) => {}
            _ => return false,
        }
    }
    false
}

/// The words of a statement, without comments but for those that the server executes.
fn words(sql: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut rest = sql;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match c {
            // Comments are left out first: what they hold could look like any statement.
            '#' => after.split_once('\n').map_or("", |(_, after)| after),
            '-' if after.starts_with("- ") => after.split_once('\n').map_or("", |(_, a)| a),
            // The server executes `/*!50100 … */` from that version on, and MariaDB `/*M! … */`:
            // their text counts.
            '/' if after.starts_with("*!") || after.starts_with("*M!") => {
                after[1..].trim_start_matches(|c: char| "M!".contains(c) || c.is_ascii_digit())
            }
            '/' if after.starts_with('*') => after.split_once("*/").map_or("", |(_, a)| a),
            '*' if after.starts_with('/') => &after[1..],
            '\'' | '"' | '`' => {
                let (text, after) = quoted(after, c);
                words.push(if c == '`' { Word::Quoted(text) } else { Word::Text });
                after
            }
            c if c.is_whitespace() => after,
            c if is_word(c) => {
                let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                let (word, after) = rest.split_at(end);
                words.push(Word::Bare(word.to_uppercase(), word.to_owned()));
                after
            }
            c => {
                words.push(Word::Point(c));
                after
            }
        };
    }
    words
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
}

/// A quoted text up to its end, and the rest.
fn quoted(text: &str, quote: char) -> (String, &str) {
    let mut inside = String::new();
    let mut chars = text.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        // A backslash escapes in texts, and is a character like others in quoted names.
        if c == '\\' && quote != '`' {
            chars.next();
        } else if c == quote {
            if chars.next_if(|(_, next)| *next == quote).is_none() {
                return (inside, &text[i + c.len_utf8()..]);
            }
            inside.push(quote);
        } else {
            inside.push(c);
        }
    }
    (inside, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn shape(names: &[&str]) -> Statement {
        Statement::Shape(names.iter().map(|n| (*n).to_owned()).collect())
    }

    #[rstest]
    #[case("BEGIN", Statement::Begin)]
    #[case("COMMIT", Statement::Commit)]
    #[case("ROLLBACK", Statement::Rollback)]
    #[case("ROLLBACK TO `a`", Statement::Savepoint)]
    #[case("TRUNCATE t", Statement::Truncate(None, "t".into()))]
    #[case("truncate table `shop`.`users`", Statement::Truncate(Some("shop".into()), "users".into()))]
    #[case("/* TRUNCATE */ TRUNCATE TABLE a", Statement::Truncate(None, "a".into()))]
    #[case("XA START X'78',X'',1", Statement::Xa(Xa::Start, "X'78',X'',1".into()))]
    #[case("XA COMMIT X'78',X'',1", Statement::Xa(Xa::Commit, "X'78',X'',1".into()))]
    #[case("insert into t values ('x')", Statement::Rows("INSERT"))]
    #[case("WITH a AS (SELECT 1) DELETE FROM t", Statement::Rows("a query"))]
    #[case("GRANT ALL ON shop.users TO x", Statement::Harmless)]
    #[case("CREATE USER 'x'@'%'", Statement::Harmless)]
    #[case("CREATE DEFINER=`root`@`localhost` TRIGGER a BEFORE INSERT ON t", Statement::Harmless)]
    #[case("CREATE UNIQUE INDEX i ON t (a)", Statement::Harmless)]
    #[case("CREATE OR REPLACE VIEW v AS SELECT 1", Statement::Harmless)]
    #[case("ALTER TABLE t EXCHANGE PARTITION p WITH TABLE u", shape(&["TABLE", "t", "EXCHANGE", "PARTITION", "p", "WITH", "TABLE", "u"]))]
    #[case("/*!50001 DROP TABLE `t` */", shape(&["TABLE", "t"]))]
    #[case("DROP /* USER */ TABLE t", shape(&["TABLE", "t"]))]
    #[case("CREATE TABLE IF NOT EXISTS `a`.b (c INT REFERENCES t (d))", shape(&["TABLE", "a", "b"]))]
    #[case("CREATE OR REPLACE TABLE b LIKE t", shape(&["TABLE", "b"]))]
    #[case("HANDLER t OPEN", Statement::Unknown)]
    #[case("", Statement::Harmless)]
    fn statements_are_recognised_by_their_words(#[case] sql: &str, #[case] expected: Statement) {
        assert_eq!(Statement::read(sql.as_bytes()), expected);
    }

    #[test]
    fn bytes_that_are_no_text_count_as_the_worst() {
        assert_eq!(Statement::read(b"INSERT INTO t VALUES ('\xff')"), Statement::Rows("INSERT"));
        assert_eq!(Statement::read(b"ALTER TABLE t COMMENT '\xff'"), Statement::Unknown);
        let long = format!("ALTER TABLE t COMMENT '{}'", "x".repeat(2 << 20));
        assert_eq!(Statement::read(long.as_bytes()), Statement::Unknown);
    }
}
