//! The pure path of a partition: `klamm-bench-pure WORKFLOWS ACTIVITIES` runs so many workflows of so many activities, one after the
//! other, and prints how many have ended.
//!
//! A request is checked and becomes a command; the command is encoded, decided and applied, its outputs are encoded and its rows
//! merged; a batch of some workflows goes to a store in maps. There is no log, no thread, no clock and no randomness, and the allocator
//! is the C library's: `bench/instructions` counts the instructions of a workflow, which are the same in every run.

mod life;
mod partition;
mod requests;

use std::process::ExitCode;

use partition::Alone;
use requests::Requests;

/// Workflows of one batch. On a busy server a batch holds about as many.
const BATCH: usize = 10;

fn main() -> ExitCode {
    let numbers: Option<Vec<usize>> = std::env::args().skip(1).map(|argument| argument.parse().ok()).collect();
    let Some([workflows, activities]) = numbers.as_deref() else {
        eprintln!("usage: klamm-bench-pure WORKFLOWS ACTIVITIES");
        return ExitCode::from(2);
    };
    println!("{}", run(*workflows, *activities));
    ExitCode::SUCCESS
}

/// Runs the workflows, and gives how many have ended.
fn run(workflows: usize, activities: usize) -> usize {
    let mut partition = Alone::new();
    let requests = Requests::new();
    let mut ended = 0;
    for number in 0..workflows {
        ended += usize::from(life::live(&mut partition, &requests, number, activities));
        if (number + 1) % BATCH == 0 {
            partition.commit();
        }
    }
    partition.commit();
    ended
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_workflows_end_with_the_commands_that_a_busy_server_needs() {
        assert_eq!(run(25, 1), 25);
        assert_eq!(run(3, 10), 3);
    }

    #[test]
    fn a_workflow_takes_two_commands_and_two_for_each_activity() {
        for (activities, commands) in [(0, 2), (1, 4), (10, 22)] {
            let mut partition = Alone::new();
            assert!(life::live(&mut partition, &Requests::new(), 0, activities));
            assert_eq!(partition.commands(), commands, "with {activities} activities");
        }
    }
}
