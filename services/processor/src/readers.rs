//! Threads that read commands from the log that are not at hand.
//!
//! Whoever drives a partition holds its lock, and may be a thread of the runtime. So it reads only what the log has at hand. Commands that
//! a broker has to be asked for are read here, without the lock, and then handled.

use std::{io, sync::Arc, thread::JoinHandle};

use klamm_supervise::Part;

use crate::Processor;

/// At most so many partitions are read at a time.
const THREADS_MAX: u32 = 4;

/// The threads. They stop when this is dropped.
pub struct Readers {
    processor: Arc<Processor>,
    threads: Vec<(Part, JoinHandle<()>)>,
}

impl Readers {
    /// Starts the threads.
    ///
    /// # Errors
    /// The operating system's, when it gives no thread.
    pub fn start(processor: Arc<Processor>) -> io::Result<Self> {
        let mut readers = Self { processor: processor.clone(), threads: Vec::new() };
        for number in 0..processor.partition_count().min(THREADS_MAX) {
            let part = processor.process.config.supervisor.part(format!("log-reader/{number}"));
            let reading = processor.clone();
            let thread = part.clone().thread(move |part| {
                while let Some(taken) = reading.process.to_read.take() {
                    part.round();
                    reading.partitions.drive_waiting(vec![taken.partition]);
                }
            })?;
            readers.threads.push((part, thread));
            processor.process.to_read.begin();
        }
        Ok(readers)
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.processor.process.to_read.stop();
        for (part, thread) in self.threads.drain(..) {
            part.close();
            // A panic of the thread was reported when it happened.
            let _ = thread.join();
        }
    }
}
