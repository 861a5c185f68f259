//! What was typed, kept across restarts in SQLite, in the tables that IPython uses.

use jupyter_protocol::{HistoryEntry, HistoryRequest};
use rusqlite::{Connection, Result, Row, params};
use std::path::Path;

/// The history of all sessions, and the number of this one.
pub struct History {
    database: Connection,
    session: i64,
}

impl History {
    /// Opens the file, or makes it; without a path the history lives as long as the session.
    ///
    /// # Errors
    /// What SQLite says of the file.
    pub fn open(path: Option<&Path>) -> Result<History> {
        let database = match path {
            Some(path) => Connection::open(path)?,
            None => Connection::open_in_memory()?,
        };
        database.busy_timeout(std::time::Duration::from_secs(2))?;
        database.execute_batch(
            "CREATE TABLE IF NOT EXISTS sessions (session INTEGER PRIMARY KEY AUTOINCREMENT,
               start TIMESTAMP, end TIMESTAMP, num_cmds INTEGER, remark TEXT);
             CREATE TABLE IF NOT EXISTS history (session INTEGER, line INTEGER, source TEXT,
               source_raw TEXT, PRIMARY KEY (session, line));
             CREATE TABLE IF NOT EXISTS output_history (session INTEGER, line INTEGER, output TEXT,
               PRIMARY KEY (session, line));",
        )?;
        database.execute(
            "INSERT INTO sessions (start, remark) VALUES (datetime('now'), '')",
            [],
        )?;
        let session = database.last_insert_rowid();
        Ok(History { database, session })
    }

    /// Keeps a cell, and its value if it had one.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn add(&self, line: usize, code: &str, value: Option<&str>) -> Result<()> {
        self.database.execute(
            "INSERT OR REPLACE INTO history VALUES (?1, ?2, ?3, ?3)",
            params![self.session, line as i64, code],
        )?;
        if let Some(value) = value {
            self.database.execute(
                "INSERT OR REPLACE INTO output_history VALUES (?1, ?2, ?3)",
                params![self.session, line as i64, value],
            )?;
        }
        Ok(())
    }

    /// Answers a request of a front end.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn answer(&self, request: &HistoryRequest) -> Result<Vec<HistoryEntry>> {
        let all = "SELECT h.session, h.line, h.source_raw, o.output FROM history h
                   LEFT JOIN output_history o ON o.session = h.session AND o.line = h.line";
        match request {
            HistoryRequest::Tail { n, output, .. } => {
                let sql = format!("{all} ORDER BY h.session DESC, h.line DESC LIMIT ?1");
                self.newest_last(&sql, params![n], *output)
            }
            HistoryRequest::Search {
                pattern,
                unique,
                output,
                n,
                ..
            } => {
                let group = if *unique {
                    "GROUP BY h.source_raw HAVING max(h.session * 1000000 + h.line)"
                } else {
                    ""
                };
                let sql = format!(
                    "{all} WHERE h.source_raw GLOB ?1 {group} ORDER BY h.session DESC, h.line DESC LIMIT ?2"
                );
                let limit = if *n > 0 { *n } else { -1 };
                self.newest_last(&sql, params![pattern, limit], *output)
            }
            HistoryRequest::Range {
                session,
                start,
                stop,
                output,
                ..
            } => {
                let session = match i64::from(session.unwrap_or(0)) {
                    number if number <= 0 => self.session + number,
                    number => number,
                };
                let stop = if *stop > 0 { *stop } else { i32::MAX };
                let sql = format!(
                    "{all} WHERE h.session = ?1 AND h.line >= ?2 AND h.line < ?3 ORDER BY h.line DESC"
                );
                self.newest_last(&sql, params![session, start, stop], *output)
            }
        }
    }

    fn newest_last(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        output: bool,
    ) -> Result<Vec<HistoryEntry>> {
        let entry = |row: &Row| {
            let (session, line): (i64, i64) = (row.get(0)?, row.get(1)?);
            let (session, line, code) = (session as usize, line as usize, row.get(2)?);
            let value: Option<String> = row.get(3)?;
            Ok(match output {
                true => HistoryEntry::InputOutput(session, line, (code, value.unwrap_or_default())),
                false => HistoryEntry::Input(session, line, code),
            })
        };
        let mut entries: Vec<_> = self
            .database
            .prepare(sql)?
            .query_map(values, entry)?
            .collect::<Result<_>>()?;
        entries.reverse();
        Ok(entries)
    }
}

impl Drop for History {
    fn drop(&mut self) {
        let _ = self.database.execute(
            "UPDATE sessions SET end = datetime('now'),
               num_cmds = (SELECT count(*) FROM history WHERE session = ?1) WHERE session = ?1",
            [self.session],
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(entries: Vec<HistoryEntry>) -> Vec<String> {
        entries
            .into_iter()
            .map(|entry| match entry {
                HistoryEntry::Input(_, _, code) => code,
                HistoryEntry::InputOutput(_, _, (code, value)) => format!("{code}={value}"),
            })
            .collect()
    }

    #[test]
    fn a_later_session_finds_what_an_earlier_one_typed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("history.sqlite");
        {
            let first = History::open(Some(&file)).unwrap();
            first.add(1, "1 + 1", Some("2")).unwrap();
            first.add(2, "let a = 1;", None).unwrap();
        }
        let second = History::open(Some(&file)).unwrap();
        second.add(1, "1 + 1", Some("2")).unwrap();
        let ask = |request| codes(second.answer(&request).unwrap());
        let (output, raw) = (true, true);
        assert_eq!(
            ask(HistoryRequest::Tail { n: 2, output, raw }),
            ["let a = 1;=", "1 + 1=2"]
        );
        let range = |session| HistoryRequest::Range {
            session: Some(session),
            start: 1,
            stop: 3,
            output: false,
            raw,
        };
        assert_eq!(ask(range(-1)), ["1 + 1", "let a = 1;"]);
        assert_eq!(ask(range(0)), ["1 + 1"]);
        let search = |unique| HistoryRequest::Search {
            pattern: "1*".into(),
            unique,
            output: false,
            raw,
            n: 10,
        };
        assert_eq!(ask(search(false)), ["1 + 1", "1 + 1"]);
        assert_eq!(ask(search(true)), ["1 + 1"]);
    }
}
