//! Beats: one thread sends the beats of this process, and reads the beats of all processes.

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
use klamm_supervise::{Part, Supervisor};
use parking_lot::{Condvar, Mutex};
use tokio::sync::watch;

use crate::setup_error::SetupError;

/// The members as their beats show them, and the thread that reads the beats.
pub struct Beats {
    shared: Arc<Shared>,
    part: Part,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    members: Mutex<Members>,
    changed: watch::Sender<()>,
    /// Wakes the thread, to send a beat before its time.
    now: Condvar,
    hurry: Mutex<bool>,
    stopping: AtomicBool,
    log: Arc<dyn Log>,
    topic: Arc<str>,
    lease: Lease,
    /// Offset to read next. It is kept when the thread begins anew after a panic, so that no beat is left out.
    position: Mutex<Option<Offset>>,
}

impl Beats {
    /// Starts to send and to read, from the topic's end on.
    pub fn start(members: Members, log: Arc<dyn Log>, topics: &Topics, lease: Lease, supervisor: &Supervisor) -> Result<Self, SetupError> {
        let shared = Arc::new(Shared {
            members: Mutex::new(members),
            changed: watch::Sender::new(()),
            now: Condvar::new(),
            hurry: Mutex::new(false),
            stopping: AtomicBool::new(false),
            log,
            topic: topics.full(topic::MEMBERS),
            lease,
            position: Mutex::new(None),
        });
        let (beating, part) = (shared.clone(), supervisor.part("members"));
        let thread = part
            .clone()
            .thread(move |part| beating.run(part))
            .map_err(|error| SetupError::new("starting a thread", error, "raise the limits of the process"))?;
        Ok(Self { shared, part, thread: Mutex::new(Some(thread)) })
    }

    /// A watch that changes whenever beats were read.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.shared.changed.subscribe()
    }

    /// The live owner, if it is another process.
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

    /// Notes what this process does from now on. A beat tells the others at once.
    pub fn set_standing(&self, standing: Standing) {
        self.shared.members.lock().set_standing(standing);
        *self.shared.hurry.lock() = true;
        self.shared.now.notify_all();
    }

    /// Sends a last beat, which says that this process leaves, so that nobody waits for it. Then stops.
    pub fn leave(&self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        self.set_standing(Standing::Leaving);
        self.part.close();
        if let Some(thread) = self.thread.lock().take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the beats panicked");
        }
    }
}

impl Shared {
    fn run(&self, part: &Part) {
        let mut away = false;
        loop {
            part.round();
            let began = Instant::now();
            // This is read before the beat is made. So the last beat is made after `leave`, and says that this process leaves.
            let stopping = self.stopping.load(Ordering::SeqCst);
            let beaten = self.send_and_read();
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

    fn send_and_read(&self) -> Result<(), LogError> {
        let mut position = self.position.lock();
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

    /// Reads to the end. Gives the next offset.
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
