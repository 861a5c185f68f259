//! The database: the tables that IPython uses, so that tools which know them work here too.
//! Several kernels may write to one file.

use crate::log;
use jupyter_protocol::{HistoryEntry, HistoryRequest};
use rusqlite::{Connection, ErrorCode, Params, Result, Row, params};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How long to wait while another kernel writes.
const PATIENCE: Duration = Duration::from_secs(5);

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS sessions (session INTEGER PRIMARY KEY AUTOINCREMENT,
        start TIMESTAMP, end TIMESTAMP, num_cmds INTEGER, remark TEXT);
    CREATE TABLE IF NOT EXISTS history (session INTEGER, line INTEGER, source TEXT,
        source_raw TEXT, PRIMARY KEY (session, line));
    CREATE TABLE IF NOT EXISTS output_history (session INTEGER, line INTEGER, output TEXT,
        PRIMARY KEY (session, line));";

/// One row for each cell, with the text of its value if it had one. The last column is there
/// for its side effect: beside `max`, SQLite shows the row that has it.
const ROWS: &str = "SELECT h.session, h.line, h.source_raw, o.output FROM history h
    LEFT JOIN output_history o ON o.session = h.session AND o.line = h.line";
const LATEST_OF_EACH: &str =
    "SELECT h.session, h.line, h.source_raw, o.output, max(h.session * 1000000000 + h.line)
    FROM history h LEFT JOIN output_history o ON o.session = h.session AND o.line = h.line";

/// The history of all sessions, and the number of this one.
pub struct Store {
    database: Connection,
    session: i64,
}

impl Store {
    /// Opens the file, or makes it. A file that is no database is moved aside; where nothing
    /// can be kept, the history lives in memory. Never fails for long: it says what it does.
    pub fn open(path: Option<&Path>) -> Store {
        let Some(path) = path else {
            return Self::in_memory();
        };
        let opened = Self::open_file(path).or_else(|error| match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                let aside = set_aside(path)?;
                log!("{path:?} is no history ({error}): moved to {aside:?}, and a new one begun");
                Self::open_file(path)
            }
            _ => Err(error),
        });
        opened.unwrap_or_else(|error| {
            log!("cannot keep the history in {path:?}: {error}; it ends with this session");
            Self::in_memory()
        })
    }

    fn in_memory() -> Store {
        Connection::open_in_memory()
            .and_then(Self::begin)
            .expect("SQLite works in memory")
    }

    fn open_file(path: &Path) -> Result<Store> {
        if let Some(folder) = path.parent() {
            // If this fails, opening does too, and says so.
            let _ = std::fs::create_dir_all(folder);
        }
        Self::begin(Connection::open(path)?)
    }

    fn begin(database: Connection) -> Result<Store> {
        database.busy_timeout(PATIENCE)?;
        database.execute_batch(TABLES)?;
        database.execute(
            "INSERT INTO sessions (start, remark) VALUES (datetime('now', 'localtime'), '')",
            [],
        )?;
        let session = database.last_insert_rowid();
        Ok(Store { database, session })
    }

    /// Keeps what a cell ran.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn input(&mut self, line: usize, code: &str) -> Result<()> {
        let row = params![self.session, line as i64, code];
        let insert = "INSERT OR REPLACE INTO history VALUES (?1, ?2, ?3, ?3)";
        self.database.execute(insert, row).map(drop)
    }

    /// Keeps the value that a cell showed.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn output(&mut self, line: usize, text: &str) -> Result<()> {
        let row = params![self.session, line as i64, text];
        let insert = "INSERT OR REPLACE INTO output_history VALUES (?1, ?2, ?3)";
        self.database.execute(insert, row).map(drop)
    }

    /// Answers a request of a front end, oldest first.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn answer(&mut self, request: &HistoryRequest) -> Result<Vec<HistoryEntry>> {
        match request {
            HistoryRequest::Tail { n, output, .. } => {
                let query = format!("{ROWS} ORDER BY h.session DESC, h.line DESC LIMIT ?1");
                self.newest_last(&query, [n], *output)
            }
            HistoryRequest::Range {
                session,
                start,
                stop,
                output,
                ..
            } => {
                // Zero is this session, and negative numbers count back from it.
                let session = match i64::from(session.unwrap_or(0)) {
                    back @ ..=0 => self.session + back,
                    number => number,
                };
                let stop = if *stop > 0 { *stop } else { i32::MAX };
                let range = "h.session = ?1 AND h.line >= ?2 AND h.line < ?3";
                let query = format!("{ROWS} WHERE {range} ORDER BY h.line DESC");
                self.newest_last(&query, params![session, start, stop], *output)
            }
            HistoryRequest::Search {
                pattern,
                unique,
                output,
                n,
                ..
            } => {
                let (rows, group) = match unique {
                    true => (LATEST_OF_EACH, "GROUP BY h.source_raw"),
                    false => (ROWS, ""),
                };
                let limit = if *n > 0 { *n } else { -1 };
                let query = format!(
                    "{rows} WHERE h.source_raw GLOB ?1 {group} \
                     ORDER BY h.session DESC, h.line DESC LIMIT ?2"
                );
                self.newest_last(&query, params![pattern, limit], *output)
            }
        }
    }

    fn newest_last(
        &self,
        query: &str,
        values: impl Params,
        output: bool,
    ) -> Result<Vec<HistoryEntry>> {
        let entry = |row: &Row| {
            let (session, line): (u32, u32) = (row.get(0)?, row.get(1)?);
            let (session, line) = (session as usize, line as usize);
            let code = row.get(2)?;
            let value: Option<String> = row.get(3)?;
            Ok(match output {
                true => HistoryEntry::InputOutput(session, line, (code, value.unwrap_or_default())),
                false => HistoryEntry::Input(session, line, code),
            })
        };
        let mut statement = self.database.prepare(query)?;
        let mut entries: Vec<_> = statement.query_map(values, entry)?.collect::<Result<_>>()?;
        entries.reverse();
        Ok(entries)
    }

    /// Says in the file when the session ended.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn close(self) -> Result<()> {
        self.database.execute(
            "UPDATE sessions SET end = datetime('now', 'localtime'),
               num_cmds = (SELECT count(*) FROM history WHERE session = ?1) WHERE session = ?1",
            [self.session],
        )?;
        Ok(())
    }
}

fn set_aside(path: &Path) -> Result<PathBuf> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let mut aside = path.as_os_str().to_owned();
    aside.push(format!(".broken-{}", now.unwrap_or_default().as_millis()));
    match std::fs::rename(path, &aside) {
        Ok(()) => Ok(aside.into()),
        Err(_) => Err(rusqlite::Error::InvalidPath(path.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(entries: Vec<HistoryEntry>) -> Vec<String> {
        let text = |entry| match entry {
            HistoryEntry::Input(_, _, code) => code,
            HistoryEntry::InputOutput(_, _, (code, value)) => format!("{code}={value}"),
        };
        entries.into_iter().map(text).collect()
    }

    fn tail(store: &mut Store, n: i32, output: bool) -> Vec<String> {
        let raw = true;
        codes(
            store
                .answer(&HistoryRequest::Tail { n, output, raw })
                .unwrap(),
        )
    }

    fn range(store: &mut Store, session: i32, start: i32, stop: i32) -> Vec<String> {
        let request = HistoryRequest::Range {
            session: Some(session),
            start,
            stop,
            output: false,
            raw: true,
        };
        codes(store.answer(&request).unwrap())
    }

    fn search(store: &mut Store, pattern: &str, unique: bool, n: i32) -> Vec<String> {
        let request = HistoryRequest::Search {
            pattern: pattern.to_owned(),
            unique,
            output: false,
            raw: true,
            n,
        };
        codes(store.answer(&request).unwrap())
    }

    #[test]
    fn a_later_session_finds_what_an_earlier_one_typed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("not/yet/there/history.sqlite");
        let mut first = Store::open(Some(&file));
        first.input(1, "1 + 1").unwrap();
        first.output(1, "2").unwrap();
        first.input(2, "let a = 1;").unwrap();
        first.close().unwrap();
        let mut second = Store::open(Some(&file));
        second.input(1, "1 + 1").unwrap();
        second.output(1, "2").unwrap();
        assert_eq!(tail(&mut second, 2, true), ["let a = 1;=", "1 + 1=2"]);
        assert_eq!(range(&mut second, -1, 1, 3), ["1 + 1", "let a = 1;"]);
        assert_eq!(range(&mut second, -1, 2, 0), ["let a = 1;"]);
        assert_eq!(range(&mut second, 0, 0, 0), ["1 + 1"]);
        assert_eq!(search(&mut second, "1*", false, 0), ["1 + 1", "1 + 1"]);
        assert_eq!(search(&mut second, "1*", false, 1), ["1 + 1"]);
        assert_eq!(search(&mut second, "*", true, 0), ["let a = 1;", "1 + 1"]);
    }

    #[test]
    fn two_kernels_write_to_one_file_at_the_same_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("history.sqlite");
        std::thread::scope(|scope| {
            for kernel in 0..2 {
                let file = &file;
                scope.spawn(move || {
                    let mut store = Store::open(Some(file));
                    for line in 1..=20 {
                        store
                            .input(line, &format!("kernel {kernel} line {line}"))
                            .unwrap();
                    }
                });
            }
        });
        let mut store = Store::open(Some(&file));
        for kernel in 0..2 {
            let found = search(&mut store, &format!("kernel {kernel} *"), false, 0);
            assert_eq!(found.len(), 20);
        }
    }

    #[test]
    fn a_broken_file_is_kept_and_a_new_history_begun() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("history.sqlite");
        let noise = "this is no database ".repeat(100);
        std::fs::write(&file, &noise).unwrap();
        let mut store = Store::open(Some(&file));
        store.input(1, "kept").unwrap();
        store.close().unwrap();
        assert_eq!(tail(&mut Store::open(Some(&file)), 5, false), ["kept"]);
        let files = std::fs::read_dir(folder.path()).unwrap();
        let texts = files.map(|file| std::fs::read(file.unwrap().path()).unwrap());
        assert!(texts.into_iter().any(|text| text == noise.as_bytes()));
    }

    #[test]
    fn a_place_where_nothing_can_be_written_is_no_obstacle() {
        let folder = tempfile::tempdir().unwrap();
        // A folder is in the place of the file, for root and everybody else.
        let mut store = Store::open(Some(folder.path()));
        store.input(1, "in memory").unwrap();
        assert_eq!(tail(&mut store, 5, false), ["in memory"]);
    }
}
