//! The processor tells whoever carries out batch operations where their tasks wait.

use klamm_batch::Waiting;

use crate::Processor;

impl Waiting for Processor {
    fn namespaces(&self, task_queue: &str) -> Vec<String> {
        self.queues.namespaces_waiting(task_queue)
    }
}
