package io.klamm.consumer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.CRC32;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.common.utils.Utils;

/**
 * What a reader of the history topic is promised: of each run every public event once, ids 1, 2, 3… in order; of each partition
 * the numbers of `klamm-seq` without a gap; each key on the partition that Java's default partitioner gives it.
 */
final class Checks {
    private static final Set<String> CLOSING =
            Set.of("COMPLETED", "FAILED", "TIMED_OUT", "CANCELED", "TERMINATED", "CONTINUED_AS_NEW");
    /** Violations told in full. */
    private static final int TOLD = 50;

    private final int partitionCount;
    private final Map<Integer, Long> numbers = new HashMap<>();
    private final Map<String, Long> runs = new HashMap<>();
    private final Map<String, Long> kinds = new TreeMap<>();
    private final List<String> violations = new ArrayList<>();
    private long violationCount;
    private long closed;
    private long digest;

    Checks(int partitionCount) {
        this.partitionCount = partitionCount;
    }

    /** One record; `record` is null for a tombstone, `header` the text of `klamm-seq`. */
    void add(int partition, long offset, String key, String header, GenericRecord record) {
        var where = partition + "@" + offset + " " + key;
        sequence(partition, header, where);
        var parts = key.split("/", -1);
        if (parts.length < 4) {
            count(parts[0]);
            return;
        }
        var partitionOfKey = partitionOf(parts[0] + "/" + parts[1]);
        if (partitionOfKey != partition) {
            violation(where + ": belongs on partition " + partitionOfKey);
        }
        if (record == null) {
            count("tombstone");
        } else if (parts[3].startsWith("~")) {
            count(parts[3]);
        } else {
            count("event");
            event(String.join("/", parts[0], parts[1], parts[2]), Long.parseLong(parts[3]), key, record, where);
        }
    }

    private void sequence(int partition, String header, String where) {
        if (header == null) {
            violation(where + ": no klamm-seq header");
            return;
        }
        var parts = header.split("/");
        var number = Long.parseLong(parts[1]);
        var last = numbers.getOrDefault(partition, -1L);
        if (Integer.parseInt(parts[0]) != partition || number != last + 1) {
            violation(where + ": klamm-seq " + header + " follows number " + last);
        }
        numbers.put(partition, number);
    }

    private void event(String run, long id, String key, GenericRecord record, String where) {
        var event = (GenericRecord) record.get("event");
        if (event == null || (Long) event.get("event_id") != id) {
            violation(where + ": does not hold its event");
            return;
        }
        var last = runs.getOrDefault(run, 0L);
        if (id != last + 1) {
            violation(where + ": event " + id + " follows " + last);
        }
        runs.put(run, Math.max(id, last));
        var type = event.get("event_type").toString();
        var prefix = "EVENT_TYPE_WORKFLOW_EXECUTION_";
        if (type.startsWith(prefix) && CLOSING.contains(type.substring(prefix.length()))) {
            closed++;
        }
        var checksum = new CRC32();
        checksum.update((key + "|" + id + "|" + type).getBytes(StandardCharsets.UTF_8));
        digest += checksum.getValue();
    }

    private int partitionOf(String key) {
        return Utils.toPositive(Utils.murmur2(key.getBytes(StandardCharsets.UTF_8))) % partitionCount;
    }

    private void count(String kind) {
        kinds.merge(kind, 1L, Long::sum);
    }

    private void violation(String text) {
        violationCount++;
        if (violations.size() < TOLD) {
            violations.add(text);
        }
    }

    /** Counts and violations, under the same names as the Python consumer's. */
    Map<String, Object> report() {
        var report = new LinkedHashMap<String, Object>();
        report.put("partitions", partitionCount);
        report.put("records", numbers.values().stream().mapToLong(number -> number + 1).sum());
        report.put("public_events", kinds.getOrDefault("event", 0L));
        report.put("runs", runs.size());
        report.put("closed_runs", closed);
        report.put("digest", String.format("%016x", digest));
        report.put("kinds", kinds);
        report.put("violation_count", violationCount);
        report.put("violations", violations);
        return report;
    }
}
