//! The configuration's file and variables.

use std::ffi::OsString;

use klamm::config::Config;

use crate::{campaign::Target, mutate::mutate_text, random::Random};

/// Keys and values that are right.
const LINES: &[&str] = &[
    "[server]",
    "[kafka]",
    "[limits]",
    "[processor]",
    "[registry]",
    "port = 7233",
    "bind_ip = \"0.0.0.0\"",
    "bootstrap_servers = \"a:9092,b:9092\"",
    "partitions = 8",
    "blob_bytes = \"2 MiB\"",
    "history_count = 51200",
    "security.protocol = \"SASL_SSL\"",
    "schedule_audit_retention = \"7d\"",
    "x = [[[1]]]",
    "y = { a = { b = 1 } }",
    "z = 1979-05-27T07:32:00Z",
    "log_level = \"info\"",
    "topic_prefix = \"klamm.\"",
    "callback_addresses = [\"http://*:80\"]",
    "data_dir = 'x'",
    "memo_bytes = 1_000",
    "n = 0xff",
    "f = +inf",
    "\"\" = 1",
    "# comment",
    "s = \"\"\"a\\\n b\"\"\"",
];

/// Configurations.
#[derive(Debug)]
pub struct Configuration {
    last: String,
}

/// A file and variables.
#[derive(Debug)]
pub struct Input {
    file: String,
    variables: Vec<(OsString, OsString)>,
}

impl Target for Configuration {
    type Input = Input;

    const NAME: &'static str = "configuration";

    fn new() -> Self {
        Self { last: String::new() }
    }

    fn input(&mut self, random: &mut Random) -> Input {
        let mut file = (0..random.below(12)).map(|_| *random.pick(LINES)).collect::<Vec<_>>().join("\n");
        match random.below(8) {
            0..5 => file = mutate_text(&file, &self.last, random),
            5 => {
                let depth = 1 << random.below(14);
                let (open, close) = *random.pick(&[("[", "]"), ("{a=", "}"), ("a.", "")]);
                file = format!("a = {}1{}", open.repeat(depth), close.repeat(depth));
            }
            _ => {}
        }
        self.last.clone_from(&file);
        let variable = |random: &mut Random| {
            let key = match random.below(3) {
                0 => random.text(),
                1 => "SERVER__PORT".to_owned(),
                _ => format!("KAFKA__{}", random.text().to_uppercase()),
            };
            (format!("KLAMM_{key}").into(), random.text().into())
        };
        let variables = (0..random.below(3)).map(|_| variable(random)).collect();
        Input { file, variables }
    }

    fn try_input(&mut self, Input { file, variables }: &Input) -> Result<(), String> {
        // Whatever it says: an error is for people, and must name something.
        match Config::parse(file, variables.iter().cloned()) {
            Err(error) if error.to_string().trim().is_empty() => Err("an error without a word".to_owned()),
            _ => Ok(()),
        }
    }
}
