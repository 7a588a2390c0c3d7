//! Whoever asks for a run is told about it: what came of the start, and how the run's chain has ended.
//!
//! An asker waits for both, so it is told each exactly once. This file is the table of those who ask. Each kind has a file that says where
//! its askers stand in the data, and which command tells them. `tell` says when they are told.

mod asks;
mod news;
mod parent;
mod schedule;
mod tell;

use klamm_messages::klamm::v1::{Command, ExecutionState, Parent, ScheduledBy, StartWorkflow};

use asks::Asks;
use news::News;

pub(crate) use tell::{answer, tell_closed};

/// Makes [`Asker`] from the table, and hands each question on to the asker's own kind.
macro_rules! askers {
    ($($(#[doc = $doc:literal])* $kind:ident($asker:ty),)*) => {
        /// Who has asked for a run.
        #[derive(Debug, Clone, PartialEq)]
        pub(crate) enum Asker {
            $($(#[doc = $doc])* $kind($asker),)*
        }

        impl Asker {
            /// Who has sent the start and waits for its answer.
            pub(crate) fn of_start(start: &StartWorkflow) -> Option<Self> {
                let mut found = None;
                $(found = found.or_else(|| <$asker>::of_start(start).map(Self::$kind));)*
                found
            }

            /// All who wait for the end of the chain that the run belongs to.
            pub(crate) fn of_run(execution: &ExecutionState) -> Vec<Self> {
                let mut found = Vec::new();
                $(found.extend(<$asker>::of_run(execution).into_iter().map(Self::$kind));)*
                found
            }

            /// Notes in the facts about a run that the asker waits for its end.
            pub(crate) fn note(self, execution: &mut ExecutionState) {
                match self {
                    $(Self::$kind(asker) => asker.note(execution),)*
                }
            }

            /// The command that tells the asker.
            fn command(&self, news: &News<'_>) -> Command {
                match self {
                    $(Self::$kind(asker) => asker.command(news),)*
                }
            }
        }
    };
}

askers! {
    /// A schedule, by one of its actions.
    Schedule(ScheduledBy),
    /// A workflow, by one of its commands.
    Parent(Parent),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each kind of asker, with a start that it has sent.
    fn kinds() -> Vec<(Asker, StartWorkflow)> {
        let schedule = ScheduledBy { schedule_id: "s".to_owned(), incarnation: "i".to_owned(), action: 7 };
        let start = StartWorkflow { scheduled_by: Some(schedule.clone()), ..StartWorkflow::default() };
        let parent = Parent { namespace_id: "n".to_owned(), initiated_event_id: 5, ..Parent::default() };
        let child = StartWorkflow { parent: Some(parent.clone()), ..StartWorkflow::default() };
        vec![(Asker::Schedule(schedule), start), (Asker::Parent(parent), child)]
    }

    #[test]
    fn each_is_found_in_the_start_that_it_sent_and_in_the_run_that_it_waits_for() {
        for (asker, start) in kinds() {
            assert_eq!(Asker::of_start(&start), Some(asker.clone()));
            let mut execution = ExecutionState::default();
            asker.clone().note(&mut execution);
            assert_eq!(Asker::of_run(&execution), [asker]);
        }
    }

    #[test]
    fn all_of_a_run_are_found() {
        let mut execution = ExecutionState::default();
        let all: Vec<_> = kinds().into_iter().map(|(asker, _)| asker).collect();
        all.iter().for_each(|asker| asker.clone().note(&mut execution));
        assert_eq!(Asker::of_run(&execution), all);
    }

    #[test]
    fn nobody_asks_for_most_runs() {
        assert_eq!(Asker::of_start(&StartWorkflow::default()), None);
        assert_eq!(Asker::of_run(&ExecutionState::default()), []);
    }
}
