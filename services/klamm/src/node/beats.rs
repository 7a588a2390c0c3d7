//! Beats: one thread sends this process's and reads everybody's.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use klamm_avro::frame;
use klamm_engine::{Topics, topic};
use klamm_log::{Clock, Error as LogError, Log, Offset, ReadLimit, Record, SystemClock, read_onward};
use klamm_machine::Time;
use klamm_members::{BEAT_INTERVAL_MS, Members, Standing};
use klamm_messages::klamm::v1::Member;
use klamm_processor::{Lease, lease::boot_ms};
use parking_lot::{Condvar, Mutex};
use tokio::sync::watch;

use crate::setup_error::SetupError;

/// What the beats show, and the thread that keeps it up to date.
pub struct Beats {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    members: Mutex<Members>,
    changed: watch::Sender<()>,
    /// A beat goes out before its time.
    now: Condvar,
    hurry: Mutex<bool>,
    stopping: AtomicBool,
    log: Arc<dyn Log>,
    topic: Arc<str>,
    lease: Lease,
}

impl Beats {
    /// Starts to send and to read, from the topic's end on.
    pub fn start(members: Members, log: Arc<dyn Log>, topics: &Topics, lease: Lease) -> Result<Self, SetupError> {
        let shared = Arc::new(Shared {
            members: Mutex::new(members),
            changed: watch::Sender::new(()),
            now: Condvar::new(),
            hurry: Mutex::new(false),
            stopping: AtomicBool::new(false),
            log,
            topic: topics.full(topic::MEMBERS),
            lease,
        });
        let beating = shared.clone();
        let thread = std::thread::Builder::new()
            .name("members".to_owned())
            .spawn(move || beating.run())
            .map_err(|error| SetupError::new("starting a thread", error, "raise the limits of the process"))?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)) })
    }

    /// Told of whenever beats were read.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.shared.changed.subscribe()
    }

    /// The live owner, when it is another process.
    pub fn owner(&self) -> Option<Member> {
        self.shared.members.lock().owner().cloned()
    }

    /// See [`Members::should_bid`].
    pub fn should_bid(&self) -> bool {
        self.shared.members.lock().should_bid()
    }

    /// See [`Members::all_have_read`].
    pub fn all_have_read(&self, take_overs: &[Offset]) -> bool {
        self.shared.members.lock().all_have_read(take_overs)
    }

    /// This process does something else from now on; a beat tells it at once.
    pub fn set_standing(&self, standing: Standing) {
        self.shared.members.lock().set_standing(standing);
        *self.shared.hurry.lock() = true;
        self.shared.now.notify_all();
    }

    /// Says goodbye, so that nobody waits for this process, and stops.
    pub fn leave(&self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        self.set_standing(Standing::Leaving);
        if let Some(thread) = self.thread.lock().take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the beats panicked");
        }
    }
}

impl Shared {
    fn run(&self) {
        let mut position = None;
        let mut away = false;
        loop {
            let began = Instant::now();
            // Taken before the beat is made: the last one says goodbye.
            let stopping = self.stopping.load(Ordering::SeqCst);
            let beaten = self.send_and_read(&mut position);
            match (&beaten, away) {
                (Err(error), false) => tracing::warn!(error = %error, "beats do not come through"),
                (Ok(()), true) => tracing::info!("beats come through again"),
                _ => {}
            }
            away = beaten.is_err();
            self.changed.send_replace(());
            if stopping {
                return;
            }
            let mut hurry = self.hurry.lock();
            let interval = Duration::from_millis(BEAT_INTERVAL_MS as u64);
            while !*hurry && began.elapsed() < interval {
                self.now.wait_for(&mut hurry, interval.saturating_sub(began.elapsed()));
            }
            *hurry = false;
        }
    }

    fn send_and_read(&self, position: &mut Option<Offset>) -> Result<(), LogError> {
        let from = match *position {
            Some(position) => position,
            None => *position.insert(self.log.end_offset(&self.topic, 0)?),
        };
        let beat = self.members.lock().beat(boot_ms());
        let key = beat.member.clone();
        let beat = Member { sent_time: Some(Time::from_millis(SystemClock.now_ms()).into()), ..beat };
        let record = Record { timestamp_ms: SystemClock.now_ms(), ..Record::new(key, frame::encode(&beat)) };
        self.log.append(&self.topic, 0, vec![record])?;
        *position = Some(self.read_from(from)?);
        Ok(())
    }

    /// Reads to the end; gives where it is.
    fn read_from(&self, mut from: Offset) -> Result<Offset, LogError> {
        loop {
            let read = read_onward(&*self.log, &self.topic, 0, from, ReadLimit::default())?;
            {
                let mut members = self.members.lock();
                for stored in &read.records {
                    match frame::decode::<Member>(stored.record.value.as_deref().unwrap_or_default()) {
                        Ok(beat) => members.read(&beat),
                        Err(error) => tracing::warn!(offset = stored.offset, error = %error, "a record of the members topic is no beat"),
                    }
                }
                self.lease.extend(members.lease_until());
            }
            from = read.next_offset;
            if read.records.is_empty() || from >= read.end_offset {
                return Ok(from);
            }
        }
    }
}
