//! Structured logs on standard error, and a server's announcements on standard output. Both are text for people, or both are JSON from the
//! first line on.

use std::{
    io::{self, IsTerminal, Write},
    sync::atomic::{AtomicBool, Ordering},
};

use serde_json::{Map, Value, json};
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use crate::{config::LogFormat, setup_error::SetupError};

/// True when every line of this process is a JSON object.
static JSON: AtomicBool = AtomicBool::new(false);

/// The filter for a level, or for a list such as `info,klamm_engine=debug`. `setting` names the setting, for errors.
///
/// # Errors
/// The text is no filter.
pub fn filter(level: &str, setting: &str) -> Result<EnvFilter, SetupError> {
    let hint = "use error, warn, info, debug or trace, or a filter such as info,klamm_engine=debug";
    let wrong = |problem: String| SetupError::new(format!("reading {setting} {level:?}"), problem, hint);
    let filter = EnvFilter::try_new(level).map_err(|error| wrong(error.to_string()))?;
    // A word that is not a level would count as the name of a module, and then only that module would log. Nobody wants that.
    let mut words = level.split(',').map(str::trim).filter(|word| !word.contains(['=', '[', ':']));
    match words.find(|word| word.parse::<LevelFilter>().is_err()) {
        Some(word) => Err(wrong(format!("{word:?} is no level"))),
        None => Ok(filter),
    }
}

/// Starts logging at `level`; see [`filter`].
///
/// # Errors
/// As [`filter`].
pub fn start(level: &str, format: LogFormat, setting: &str) -> Result<(), SetupError> {
    let filter = filter(level, setting)?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    match format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => {
            use_json();
            lines.json().init();
        }
    }
    klamm_supervise::install_hook();
    Ok(())
}

/// From now on every line is a JSON object. To be called before logging starts, as soon as the format is known.
pub fn use_json() {
    JSON.store(true, Ordering::SeqCst);
}

/// Prints an announcement, whatever the log's level. People get `text`; programs get `message` with its fields.
pub fn announce(text: &str, message: &str, fields: Value) {
    // An error is ignored: it only means that nobody reads standard output.
    let _ = match JSON.load(Ordering::SeqCst) {
        true => writeln!(io::stdout(), "{}", line("INFO", message, fields)),
        false => writeln!(io::stdout(), "{text}"),
    };
}

/// Prints progress on standard error.
pub fn progress(text: &str, fields: Value) {
    let _ = match JSON.load(Ordering::SeqCst) {
        true => writeln!(io::stderr(), "{}", line("INFO", text, fields)),
        false => writeln!(io::stderr(), "{text}"),
    };
}

/// Prints why the process ends.
pub fn fail(error: &SetupError) {
    if !JSON.load(Ordering::SeqCst) {
        let _ = writeln!(io::stderr(), "{error}");
        return;
    }
    for fields in error.as_json() {
        let message = format!("{}: {}", fields["doing"].as_str().unwrap_or_default(), fields["problem"].as_str().unwrap_or_default());
        let _ = writeln!(io::stderr(), "{}", line("ERROR", &message, json!({ "hint": fields["hint"] })));
    }
}

/// A line in the JSON form of the log's lines.
fn line(level: &str, message: &str, fields: Value) -> Value {
    let mut all = Map::from_iter([("message".to_owned(), Value::from(message))]);
    if let Value::Object(fields) = fields {
        all.extend(fields);
    }
    let timestamp = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    json!({ "timestamp": timestamp, "level": level, "fields": all, "target": "klamm" })
}
