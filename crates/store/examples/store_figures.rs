//! Prints what the store costs on this machine: CPU time and wall time per call.
//!
//! `cargo run --release -p klamm-store --example store_figures [directory]`

use std::time::{Duration, Instant};

use klamm_store::{Error, Settings, Store};

const ROUNDS: usize = 100_000;

fn main() -> Result<(), Error> {
    let directory = std::env::args().nth(1).unwrap_or_else(|| std::env::temp_dir().join("klamm-store-figures").display().to_string());
    let store = Store::open(&directory, &Settings::default())?;
    println!("idle: {} KiB resident", resident_kib());
    let key = |kind: u8, n: usize| [&[kind][..], &(n as u32).wrapping_mul(0x9e37_79b9).to_be_bytes(), b"default/workflow-id"].concat();
    let value = vec![7_u8; 500];
    measure("write of 1 row of 0.5 KB", ROUNDS, |n| store.write((n % 8) as u16, [(key(3, n), Some(&value))]))?;
    measure("write of 100 rows", ROUNDS / 100, |n| store.write((n % 8) as u16, (0..100).map(|k| (key(4, n * 100 + k), Some(&value)))))?;
    measure("get of a row that is there", ROUNDS, |n| store.get((n % 8) as u16, &key(3, n)).map(|row| assert!(row.is_some())))?;
    measure("get of a row that isn't", ROUNDS, |n| store.get((n % 8) as u16, &key(5, n)).map(|row| assert!(row.is_none())))?;
    measure("scan of 10 rows", ROUNDS / 10, |n| store.scan((n % 8) as u16, &key(3, n), &[4], 10).map(drop))?;

    // Wake rows: written at one end, removed at the other; the scan begins at a low-water mark.
    let wake = |n: usize| [&[5_u8][..], &(n as u64).to_be_bytes()].concat();
    measure("wake row set, oldest removed, next seen", ROUNDS, |n| {
        store.write(0, [(wake(n + 1_000), Some(&b""[..]))])?;
        store.write(0, [(wake(n), None::<&[u8]>)])?;
        store.scan(0, &wake(n), &[6], 1).map(drop)
    })?;
    measure("the first wake row, looked for from the table's beginning", 1_000, |_| store.scan(0, &[5], &[6], 1).map(drop))?;
    store.flush()?;
    println!("{:?}; {} KiB resident", store.stats(), resident_kib());
    measure("clear of a partition", 8, |n| store.clear(n as u16))?;
    println!("{:?}", store.stats());
    Ok(())
}

fn measure(name: &str, rounds: usize, mut call: impl FnMut(usize) -> Result<(), Error>) -> Result<(), Error> {
    let began = (Instant::now(), cpu());
    (0..rounds).try_for_each(&mut call)?;
    let per = |time: Duration| time.as_secs_f64() * 1e6 / rounds as f64;
    println!("{name}: {:.2} µs of CPU, {:.2} µs of time each", per(cpu().saturating_sub(began.1)), per(began.0.elapsed()));
    Ok(())
}

/// CPU time of the process so far, background threads included (Linux; 10 ms steps).
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
