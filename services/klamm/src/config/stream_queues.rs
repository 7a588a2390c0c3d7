//! Checks what is declared of stream task queues.

use klamm_engine::tasks_topic;
use klamm_machine::stream_queue;

/// Finds what is wrong with the stream task queues of all namespaces, each with its name: the namespace, and the problem. Names are checked as
/// those of topics; here are the patterns, and what they could mean beside.
///
/// # Errors
/// A pattern is not usable, is there twice, or could mean queues whose topics Kafka takes for those of another namespace.
pub fn check<'a>(namespaces: impl IntoIterator<Item = (&'a str, Vec<&'a str>)>) -> Result<(), (&'a str, String)> {
    let namespaces: Vec<_> = namespaces.into_iter().filter(|(_, queues)| !queues.is_empty()).collect();
    for (namespace, queues) in &namespaces {
        for (place, pattern) in queues.iter().enumerate().filter(|(_, queue)| stream_queue::is_pattern(queue)) {
            stream_queue::check_pattern(namespace, pattern).map_err(|problem| (*namespace, problem))?;
            if queues[..place].contains(pattern) {
                return Err((namespace, format!("the pattern {pattern:?} is there twice")));
            }
            let others = namespaces.iter().filter(|(other, _)| other != namespace);
            if let Some((other, _)) = others.into_iter().find(|(other, queues)| is_shared(namespace, pattern, other, queues)) {
                let problem =
                    format!("the pattern {pattern:?} could mean task queues whose topics Kafka takes for those of namespace {other:?}");
                return Err((namespace, problem));
            }
        }
    }
    Ok(())
}

/// Whether the topic of a queue of the pattern could be one of another namespace. To Kafka, '.' and '_' are the same.
fn is_shared(namespace: &str, pattern: &str, other: &str, queues: &[&str]) -> bool {
    let topic = |namespace: &str, queue: &str| tasks_topic(namespace, queue).replace('.', "_");
    let own = topic(namespace, "");
    let is_meant = |queue: &&str| topic(other, queue).strip_prefix(&own).is_some_and(|rest| stream_queue::matches(pattern, rest));
    let may_begin_so = |rest: &str| {
        let head = pattern.split('*').next().unwrap_or_default();
        rest.starts_with(head) || head.starts_with(rest)
    };
    queues.iter().filter(|queue| !stream_queue::is_pattern(queue)).any(is_meant)
        || topic(other, "").strip_prefix(&own).is_some_and(may_begin_so)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_of_patterns_are_no_other_namespaces() {
        let refused =
            |one: (&str, &str), other: (&str, &str)| check([one, other].map(|(namespace, queue)| (namespace, vec![queue]))).is_err();
        for (one, other, is_refused) in [
            (("a", "*"), ("b", "*"), false),
            (("a", "*"), ("a.b", "x"), true),
            (("a", "*"), ("a_b", "x*"), true),
            (("a", "ship-*"), ("a.b", "x"), false),
            (("a", "b*"), ("a.b", "x"), true),
            (("a", "b_x-*"), ("a.b", "x-1"), true),
            (("a", "c*"), ("a.b", "x"), false),
            (("a.b", "x*"), ("a", "b.x1"), true),
            (("a.b", "x*"), ("a", "b.y"), false),
            (("a", "x"), ("a.b", "x"), false),
        ] {
            assert_eq!((refused(one, other), refused(other, one)), (is_refused, is_refused), "{one:?} {other:?}");
        }
    }
}
