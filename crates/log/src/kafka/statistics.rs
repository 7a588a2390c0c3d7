//! librdkafka's own statistics. Each client reports its totals from time to time; the growth since its last report is counted.

use parking_lot::Mutex;
use rdkafka::statistics::Statistics;

/// How often each client reports its statistics, in milliseconds.
pub(super) const INTERVAL_MS: &str = "15000";

/// Figures of one client. The metrics add up over all clients, including those that are gone.
#[derive(Default)]
pub(super) struct Figures {
    told: Mutex<Totals>,
}

/// The totals that a client has reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Totals {
    queued_messages: u64,
    queued_bytes: u64,
    sent_bytes: u64,
    received_bytes: u64,
    requests: u64,
    retries: u64,
    timeouts: u64,
    errors: u64,
    disconnects: u64,
}

impl Figures {
    /// Takes a report of the client.
    pub(super) fn take(&self, statistics: &Statistics) {
        self.count(Totals::of(statistics));
        let round_trips = statistics.brokers.values().filter_map(|broker| broker.rtt.as_ref()).filter(|window| window.cnt > 0);
        for window in round_trips {
            metrics::histogram!("klamm_kafka_round_trip_seconds").record(window.avg as f64 / 1e6);
        }
    }

    fn count(&self, now: Totals) {
        let before = std::mem::replace(&mut *self.told.lock(), now);
        metrics::gauge!("klamm_kafka_queued_messages").increment(now.queued_messages as f64 - before.queued_messages as f64);
        metrics::gauge!("klamm_kafka_queued_bytes").increment(now.queued_bytes as f64 - before.queued_bytes as f64);
        metrics::counter!("klamm_kafka_sent_bytes_total").increment(now.sent_bytes.saturating_sub(before.sent_bytes));
        metrics::counter!("klamm_kafka_received_bytes_total").increment(now.received_bytes.saturating_sub(before.received_bytes));
        metrics::counter!("klamm_kafka_requests_total").increment(now.requests.saturating_sub(before.requests));
        metrics::counter!("klamm_kafka_retries_total").increment(now.retries.saturating_sub(before.retries));
        metrics::counter!("klamm_kafka_timeouts_total").increment(now.timeouts.saturating_sub(before.timeouts));
        metrics::counter!("klamm_kafka_errors_total").increment(now.errors.saturating_sub(before.errors));
        metrics::counter!("klamm_kafka_disconnects_total").increment(now.disconnects.saturating_sub(before.disconnects));
    }
}

impl Drop for Figures {
    fn drop(&mut self) {
        // The client is gone: nothing waits in it any more. The counters keep what they have.
        let told = *self.told.lock();
        self.count(Totals { queued_messages: 0, queued_bytes: 0, ..told });
    }
}

impl Totals {
    fn of(statistics: &Statistics) -> Self {
        let number = |value: i64| u64::try_from(value).unwrap_or(0);
        let mut totals = Self {
            queued_messages: statistics.msg_cnt,
            queued_bytes: statistics.msg_size,
            sent_bytes: number(statistics.tx_bytes),
            received_bytes: number(statistics.rx_bytes),
            requests: number(statistics.tx),
            ..Self::default()
        };
        for broker in statistics.brokers.values() {
            totals.retries += broker.txretries;
            totals.timeouts += broker.req_timeouts;
            totals.errors += broker.txerrs + broker.rxerrs;
            totals.disconnects += number(broker.disconnects.unwrap_or(0));
        }
        totals
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use rdkafka::statistics::Broker;

    use super::*;

    #[test]
    fn brokers_are_added_up() {
        let broker = |timeouts, disconnects| Broker { req_timeouts: timeouts, txerrs: 1, rxerrs: 2, disconnects, ..Broker::default() };
        let brokers = HashMap::from([("a".to_owned(), broker(3, Some(4))), ("b".to_owned(), broker(5, None))]);
        let statistics = Statistics { msg_cnt: 7, tx_bytes: 8, rx_bytes: -1, brokers, ..Statistics::default() };
        let expected = Totals { queued_messages: 7, sent_bytes: 8, timeouts: 8, errors: 6, disconnects: 4, ..Totals::default() };
        assert_eq!(Totals::of(&statistics), expected);
    }
}
