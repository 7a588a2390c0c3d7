//! Trying inputs for some time.

use std::{
    fmt::Debug,
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use crate::random::Random;

/// Stack of the thread that tries inputs: half of what the server's threads have, so that recursion is noticed early.
const STACK_BYTES: usize = 1 << 20;
/// An input that takes longer than this would hold up others in a server.
const INPUT_TIME_MAX: Duration = Duration::from_secs(5);
/// How long a target is tried unless the environment says otherwise.
const SECONDS: u64 = 10;
/// What is shown of an input that failed.
const SHOWN_BYTES_MAX: usize = 4000;

/// Something that takes inputs.
pub trait Target: 'static {
    /// What it takes.
    type Input: Debug;

    /// Its name in reports.
    const NAME: &'static str;

    /// A new one, without what earlier inputs have left.
    fn new() -> Self;

    /// The next input.
    fn input(&mut self, random: &mut Random) -> Self::Input;

    /// Tries an input; it must neither panic nor overflow its stack, whatever the input is.
    ///
    /// # Errors
    /// What it must not do: the report's text.
    fn try_input(&mut self, input: &Self::Input) -> Result<(), String>;
}

/// Tries a target for `KLAMM_FUZZ_SECONDS`, from the seed `KLAMM_FUZZ_SEED` or a random one.
///
/// # Panics
/// With a report when an input fails.
pub fn run<T: Target>() {
    let variable = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = variable("KLAMM_FUZZ_SEED").unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0);
    let budget = Duration::from_secs(variable("KLAMM_FUZZ_SECONDS").unwrap_or(SECONDS));
    // Said first: an overflow of the stack ends the process.
    println!("{}: KLAMM_FUZZ_SEED={seed}", T::NAME);
    let thread = std::thread::Builder::new().name(T::NAME.to_owned()).stack_size(STACK_BYTES);
    let tried = thread
        .spawn(move || try_for::<T>(seed, budget))
        .expect("a thread")
        .join()
        .unwrap_or_else(|_| Err("the target itself panicked".to_owned()));
    match tried {
        Ok(count) => println!("{}: {count} inputs", T::NAME),
        Err(report) => panic!("{} (KLAMM_FUZZ_SEED={seed}): {report}", T::NAME),
    }
}

/// Number of inputs tried, or the report of the first that failed.
fn try_for<T: Target>(seed: u64, budget: Duration) -> Result<u64, String> {
    let mut random = Random::new(seed);
    let mut target = T::new();
    let begin = Instant::now();
    let mut count = 0;
    while begin.elapsed() < budget {
        let input = target.input(&mut random);
        let tried_at = Instant::now();
        let tried = catch_unwind(AssertUnwindSafe(|| target.try_input(&input)));
        let failure = match tried {
            Ok(Ok(())) if tried_at.elapsed() <= INPUT_TIME_MAX => None,
            Ok(Ok(())) => Some(format!("it took {:?}", tried_at.elapsed())),
            Ok(Err(what)) => Some(what),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
                Some(format!("it panicked: {}", text.unwrap_or_default()))
            }
        };
        if let Some(what) = failure {
            let mut shown = format!("{input:?}");
            let mut end = shown.len().min(SHOWN_BYTES_MAX);
            while !shown.is_char_boundary(end) {
                end -= 1;
            }
            shown.truncate(end);
            return Err(format!("input {count}: {what}\n{shown}"));
        }
        count += 1;
    }
    Ok(count)
}
