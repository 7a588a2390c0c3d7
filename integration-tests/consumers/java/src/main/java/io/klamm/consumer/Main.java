package io.klamm.consumer;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Reads the history topic read_committed from its beginning to its end, checks it, and prints a report: BOOTSTRAP REGISTRY-URL TOPIC. */
public final class Main {
    /** How long reaching the end may take. */
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private Main() {}

    public static void main(String[] arguments) throws Exception {
        var settings = new Properties();
        settings.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
        settings.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        var registry = new Registry(arguments[1]);
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer())) {
            var partitions = consumer.partitionsFor(arguments[2]).stream()
                    .map(partition -> new TopicPartition(partition.topic(), partition.partition()))
                    .toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            var checks = new Checks(partitions.size());
            // Where a read_committed reader ends now: what comes later is for the next reader.
            var ends = consumer.endOffsets(partitions);
            var deadline = System.nanoTime() + PATIENCE.toNanos();
            while (partitions.stream().anyMatch(partition -> consumer.position(partition) < ends.get(partition))) {
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException("the end " + ends + " was not reached");
                }
                for (var record : consumer.poll(Duration.ofMillis(200))) {
                    var header = record.headers().lastHeader("klamm-seq");
                    var sequence = header == null ? null : new String(header.value(), StandardCharsets.UTF_8);
                    var value = record.value() == null ? null : registry.decode(record.value());
                    checks.add(record.partition(), record.offset(), record.key(), sequence, value);
                }
            }
            var report = checks.report();
            System.out.println(Json.write(report));
            System.exit((Long) report.get("violation_count") == 0 ? 0 : 1);
        }
    }
}
