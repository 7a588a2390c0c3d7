//! Time zones that a spec brings along, as TZif data.

use klamm_machine::Time;
use klamm_messages::temporal::schedule::v1::ScheduleSpec;
use klamm_schedule::spec::Spec;

use crate::{campaign::Target, mutate::mutate, random::Random};

const RULES: &[&str] =
    &["CET-1CEST,M3.5.0,M10.5.0/3", "UTC0", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "AAA1BBB,J60,364/26", "EST5EDT,0/0,J365/25"];

/// Zones.
#[derive(Debug)]
pub struct Zones {
    last: Vec<u8>,
}

impl Target for Zones {
    type Input = Vec<u8>;

    const NAME: &'static str = "zones";

    fn new() -> Self {
        Self { last: Vec::new() }
    }

    fn input(&mut self, random: &mut Random) -> Vec<u8> {
        let data = tzif(random);
        let data = if random.chance(3, 4) { mutate(data, &self.last, random) } else { data };
        self.last.clone_from(&data);
        data
    }

    fn try_input(&mut self, data: &Vec<u8>) -> Result<(), String> {
        let cron_string = vec!["30 2 * * *".to_owned()];
        let spec = ScheduleSpec { cron_string, timezone_data: data.clone().into(), ..ScheduleSpec::default() };
        let Ok(compiled) = Spec::compile(&spec) else { return Ok(()) };
        for after in [0, 1_700_000_000_000, 4_000_000_000_000, i64::MAX, i64::MIN] {
            let after = Time::from_millis(after);
            if let Some(due) = compiled.next("seed", after)
                && due.nominal <= after
            {
                return Err(format!("due at {} after {}", due.nominal.millis(), after.millis()));
            }
        }
        Ok(())
    }
}

/// Data of some changes between up to three offsets, and a rule.
fn tzif(random: &mut Random) -> Vec<u8> {
    let types = 1 + random.below(3);
    let changes = random.below(5);
    let block = |wide: bool, random: &mut Random| {
        let mut block = b"TZif2".to_vec();
        block.extend([0; 15]);
        block.extend([0, 0, 0, changes as u32, types as u32, 4].iter().flat_map(|count| count.to_be_bytes()));
        let mut at = -2_000_000_000;
        for _ in 0..changes {
            at += 1 + random.below(1_000_000_000) as i64;
            match wide {
                true => block.extend(at.to_be_bytes()),
                false => block.extend((at as i32).to_be_bytes()),
            }
        }
        block.extend((0..changes).map(|_| random.below(types) as u8));
        for _ in 0..types {
            let offset = if random.chance(1, 8) { random.int() as i32 } else { (random.below(56) as i32 - 24) * 1800 };
            block.extend(offset.to_be_bytes());
            block.extend([random.below(2) as u8, 0]);
        }
        block.extend(b"UTC\0");
        block
    };
    let mut data = block(false, random);
    data.extend(block(true, random));
    data.extend(format!("\n{}\n", random.pick(RULES)).bytes());
    data
}
