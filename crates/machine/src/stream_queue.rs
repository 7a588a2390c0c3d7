//! Stream task queues: how they are declared, and which declaration a task queue falls under.
//!
//! A declaration is a name, or a pattern in which `*` stands for any characters; `=avro` behind it says how its tasks are written. A queue that is meant by a pattern only must have a topic of
//! its own, whatever its name is: otherwise it stays a task queue like others. So it is decided here, by the names alone.

/// Stands for any characters in a pattern.
const ANY: char = '*';
/// klamm works on this task queue itself.
const OF_KLAMM: &str = "klamm";
/// Longest `tasks.NAMESPACE.QUEUE` of a queue that is meant by a pattern, bytes. Behind the longest prefix (100) it is as long as Kafka allows
/// (249). The prefix does not count, so that the same commands decide the same under any prefix.
pub const PATTERN_TOPIC_BYTES_MAX: usize = 149;

/// How tasks are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// JSON: a worker needs no more than a client of Kafka.
    #[default]
    Json,
    /// Avro in the registry's framing.
    Avro,
}

/// What is declared of one task queue, or of those of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamQueue<'d> {
    /// Name or pattern.
    pub name: &'d str,
    /// How its tasks are written.
    pub format: Format,
}

impl<'d> StreamQueue<'d> {
    /// What a declaration says: `NAME`, or `NAME=FORMAT`. The format of one that names none is `usual`.
    ///
    /// # Errors
    /// There is no such format. (Topics' names have no `=`, so no queue that can be declared has one.)
    pub fn parse(text: &'d str, usual: Format) -> Result<Self, String> {
        let Some((name, format)) = text.split_once('=') else { return Ok(Self { name: text, format: usual }) };
        match format {
            "json" => Ok(Self { name, format: Format::Json }),
            "avro" => Ok(Self { name, format: Format::Avro }),
            other => Err(format!("{text:?} names the format {other:?}: there are json and avro")),
        }
    }

    /// As a declaration.
    pub fn text(&self) -> String {
        match self.format {
            Format::Json => self.name.to_owned(),
            Format::Avro => format!("{}=avro", self.name),
        }
    }
}

/// The declaration that counts for a task queue of a namespace: its name, else the longest pattern. `None`: it is no stream.
pub fn declaration<'d>(declared: &'d [String], namespace: &str, task_queue: &str) -> Option<StreamQueue<'d>> {
    // What has another format was never declared.
    let declared = || declared.iter().filter_map(|text| StreamQueue::parse(text, Format::Json).ok());
    let mut names = declared().filter(|it| !is_pattern(it.name));
    if let Some(named) = names.clone().find(|it| it.name == task_queue) {
        return Some(named);
    }
    let topic_bytes = topic_bytes(namespace, task_queue);
    // For Kafka, topics that differ in '.' and '_' only are the same. The queue has no '.', but a declared name may have one.
    let is_taken = names.any(|it| it.name.replace('.', "_") == task_queue);
    if topic_bytes > PATTERN_TOPIC_BYTES_MAX || !task_queue.chars().all(is_for_patterns) || task_queue == OF_KLAMM || is_taken {
        return None;
    }
    // Of those that are equally long, the first.
    declared().rev().filter(|it| is_pattern(it.name) && matches(it.name, task_queue)).max_by_key(|it| it.name.len())
}

/// Whether a declaration is a pattern.
pub fn is_pattern(declared: &str) -> bool {
    declared.contains(ANY)
}

/// Whether the pattern means the name.
pub fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, mut rest)) = pattern.split_once(ANY) else { return pattern == name };
    let Some(mut name) = name.strip_prefix(head) else { return false };
    // Each part between two `*` is looked for as early as possible: that leaves the most for those behind it.
    while let Some((part, further)) = rest.split_once(ANY) {
        let Some(place) = name.find(part) else { return false };
        (name, rest) = (&name[place + part.len()..], further);
    }
    name.ends_with(rest)
}

/// Whether a queue that is meant by a pattern may have the character. (Names may have dots, too. A pattern's queues have none, so that no two of
/// them have topics that are the same to Kafka.)
pub fn is_for_patterns(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-')
}

/// What is wrong with the pattern in this namespace, if anything is.
///
/// # Errors
/// What is wrong, in words.
pub fn check_pattern(namespace: &str, pattern: &str) -> Result<(), String> {
    if let Some(character) = pattern.chars().find(|it| *it != ANY && !is_for_patterns(*it)) {
        return Err(format!("the pattern {pattern:?} has a {character:?}: task queues of patterns have letters, digits, '_' and '-' only"));
    }
    if pattern.contains("**") {
        return Err(format!("the pattern {pattern:?} has two '*' in a row, and one says the same"));
    }
    let shortest: String = pattern.chars().filter(|it| *it != ANY).collect();
    if topic_bytes(namespace, &shortest) > PATTERN_TOPIC_BYTES_MAX {
        return Err(format!(
            "no task queue of the pattern {pattern:?} could have a topic: with the namespace, names may have {PATTERN_TOPIC_BYTES_MAX} bytes"
        ));
    }
    Ok(())
}

/// Length of `tasks.NAMESPACE.QUEUE`.
fn topic_bytes(namespace: &str, task_queue: &str) -> usize {
    "tasks..".len() + namespace.len() + task_queue.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(declared: &[&str], task_queue: &str) -> Option<String> {
        let declared: Vec<_> = declared.iter().map(|it| (*it).to_owned()).collect();
        declaration(&declared, "shop", task_queue).map(|it| it.text())
    }

    #[test]
    fn a_star_stands_for_any_characters() {
        let all = [
            ("ship-*", "ship-", true),
            ("ship-*", "ship-eu", true),
            ("ship-*", "ship", false),
            ("*", "", true),
            ("*", "x", true),
            ("*-eu", "ship-eu", true),
            ("*-eu", "ship-eu-eu", true),
            ("*-eu", "ship-eu-us", false),
            ("a*b*c", "abc", true),
            ("a*b*c", "a1b2b3c", true),
            ("a*b*c", "acb", false),
            ("a*ba", "aba", true),
            ("a*aba", "aba", false),
            ("*x*", "yyxyy", true),
            ("*x*", "yyy", false),
            ("x", "x", true),
            ("x", "xy", false),
        ];
        for (pattern, name, does) in all {
            assert_eq!(matches(pattern, name), does, "{pattern} {name}");
        }
    }

    #[test]
    fn names_win_over_patterns_and_longer_patterns_over_shorter_ones() {
        let declared = ["*", "ship-*", "*-eu-1", "ship-eu", "ship-*-a"];
        for (queue, counts) in
            [("ship-eu", "ship-eu"), ("ship-us", "ship-*"), ("ship-us-a", "ship-*-a"), ("bill", "*"), ("ship-eu-1", "ship-*")]
        {
            assert_eq!(of(&declared, queue).as_deref(), Some(counts), "{queue}");
        }
        assert_eq!(of(&["ship-*", "bill"], "pack"), None);
    }

    #[test]
    fn a_declaration_says_the_format() {
        let declared = ["ship-*=avro", "ship-eu", "bill=avro"];
        let texts = ["ship-us", "ship-eu", "bill", "pack"].map(|queue| of(&declared, queue));
        assert_eq!(texts.each_ref().map(Option::as_deref), [Some("ship-*=avro"), Some("ship-eu"), Some("bill=avro"), None]);
        let parsed = |text| StreamQueue::parse(text, Format::Avro).map(|it| (it.name, it.format));
        assert_eq!((parsed("x"), parsed("x=json")), (Ok(("x", Format::Avro)), Ok(("x", Format::Json))));
        assert!(parsed("x=xml").is_err_and(|problem| problem.contains("\"xml\"")));
    }

    #[test]
    fn a_queue_that_could_have_no_topic_is_no_stream() {
        let longest = "q".repeat(PATTERN_TOPIC_BYTES_MAX - "tasks.shop.".len());
        assert_eq!(of(&["*"], &longest).as_deref(), Some("*"));
        for queue in [&format!("{longest}q"), "a b", "a/b", "a.b", "ä", "klamm"] {
            assert_eq!(of(&["*"], queue), None, "{queue}");
        }
        assert_eq!((of(&["a.b", "*"], "a.b").as_deref(), of(&["a.b", "*"], "a_b")), (Some("a.b"), None), "they are the same to Kafka");
        assert_eq!(of(&["ship-*"], "ship-*"), None, "a pattern is no name");
    }

    #[test]
    fn patterns_that_mean_nothing_are_refused() {
        assert_eq!(["*", "ship-*", "*_x-*"].map(|pattern| check_pattern("shop", pattern)), [Ok(()), Ok(()), Ok(())]);
        for (pattern, says) in
            [("a.*", "'.'"), ("a *", "' '"), ("**", "two '*'"), (&*format!("{}*", "x".repeat(200)), "could have a topic")]
        {
            let problem = check_pattern("shop", pattern).expect_err(pattern);
            assert!(problem.contains(says), "{problem}");
        }
    }
}
