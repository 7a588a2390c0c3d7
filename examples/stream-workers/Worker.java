// A worker without any SDK: it takes activities from the topic of a stream task queue, and answers on the topic of requests. It needs
// kafka-clients and jackson-databind on the class path, and Java 17.
//
//     java -cp 'libs/*' Worker.java localhost:9092 klamm. default shipping

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

public final class Worker {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** The activity has failed; klamm tries it again as its retry policy says, unless that would not help. */
    static final class Failed extends Exception {
        final String type;
        final boolean isFinal;

        Failed(String message, String type, boolean isFinal) {
            super(message);
            this.type = type;
            this.isFinal = isFinal;
        }
    }

    private final KafkaProducer<String, String> producer;
    private final KafkaConsumer<String, String> consumer;
    private final String requests;

    Worker(String brokers, String prefix, String namespace, String queue) {
        requests = prefix + "requests." + namespace;
        String tasks = prefix + "tasks." + namespace + "." + queue;
        producer = new KafkaProducer<>(Map.of("bootstrap.servers", brokers), new StringSerializer(), new StringSerializer());
        // The offset of a task is committed when its answer is on the log: a worker that dies gets the task again.
        Map<String, Object> settings = Map.of("bootstrap.servers", brokers, "group.id", "workers-" + tasks,
            "auto.offset.reset", "earliest", "enable.auto.commit", false, "max.poll.records", 1);
        consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
        consumer.subscribe(List.of(tasks));
    }

    void run() throws Exception {
        while (true) {
            for (var record : consumer.poll(Duration.ofSeconds(1))) {
                work(JSON.readTree(record.value()));
                consumer.commitSync();
            }
        }
    }

    private void work(JsonNode task) throws Exception {
        if (task.has("deadline") && Instant.parse(task.get("deadline").asText()).isBefore(Instant.now())) {
            return; // klamm has given this attempt up already
        }
        try {
            if (!task.get("activity_type").asText().equals("Ship")) {
                throw new Failed("unknown here: " + task.get("activity_type").asText(), "", true);
            }
            ask(task, "complete_activity", JSON.createObjectNode().set("result", ship(task)));
        } catch (Failed failed) {
            ObjectNode told = JSON.createObjectNode().put("message", failed.getMessage());
            ask(task, "fail_activity", told.put("type", failed.type).put("non_retryable", failed.isFinal));
        }
    }

    private JsonNode ship(JsonNode task) throws Exception {
        long order = task.get("input").get(0).get("id").asLong();
        if (order < 0) {
            throw new Failed("there is no order " + order, "NoSuchOrder", true);
        }
        // The work goes on. The next attempt gets the details; an answer with the header `cancel-requested` says that it is to stop.
        ObjectNode heartbeat = JSON.createObjectNode();
        heartbeat.putArray("details").add("packed");
        ask(task, "heartbeat_activity", heartbeat);
        return JSON.createObjectNode().put("parcel", order);
    }

    private void ask(JsonNode task, String what, ObjectNode fields) throws Exception {
        fields.set("task_token", task.get("task_token"));
        ObjectNode request = JSON.createObjectNode().put("identity", "Worker.java");
        request.set(what, fields);
        producer.send(new ProducerRecord<>(requests, task.get("workflow_id").asText(), request.toString())).get();
    }

    public static void main(String[] arguments) throws Exception {
        new Worker(arguments[0], arguments[1], arguments[2], arguments[3]).run();
    }
}
