// A worker without any SDK: it takes activities from the topic of a stream task queue, and answers on the topic of requests. It needs
// kafka-clients and jackson-databind on the class path, and Java 17:
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
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

public final class Worker {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** The activity has failed; klamm tries it again as its retry policy says, unless that would not help. */
    static final class Failed extends Exception {
        final ObjectNode told;
        Failed(String message, String type, boolean isFinal) {
            told = JSON.createObjectNode().put("message", message).put("type", type).put("non_retryable", isFinal);
        }
    }

    private final KafkaProducer<String, String> producer;
    private final KafkaConsumer<String, String> consumer;
    private final String requests;

    Worker(String brokers, String prefix, String namespace, String queue) {
        requests = prefix + "requests." + namespace;
        String tasks = prefix + "tasks." + namespace + "." + queue;
        producer = new KafkaProducer<>(Map.of("bootstrap.servers", brokers, "linger.ms", 0), new StringSerializer(), new StringSerializer());
        // The offset of a task is committed when its answer is on the log: a worker that dies gets the task again.
        Map<String, Object> settings = Map.of("bootstrap.servers", brokers, "group.id", "workers-" + tasks,
            "auto.offset.reset", "earliest", "enable.auto.commit", false, "max.poll.records", 1,
            "session.timeout.ms", System.getenv().getOrDefault("SESSION_TIMEOUT_MS", "45000"));
        consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
        consumer.subscribe(List.of(tasks));
    }

    void run() throws Exception {
        while (true) {
            for (var record : consumer.poll(Duration.ofSeconds(1))) {
                work(JSON.readTree(record.value()));
                try {
                    consumer.commitSync();
                } catch (KafkaException error) { // another worker may have the task again: its token tells
                    System.err.println("not committed: " + error);
                }
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
            ask(task, "fail_activity", failed.told);
        }
    }

    private JsonNode ship(JsonNode task) throws Exception {
        JsonNode order = task.get("input").get(0);
        long id = order.get("id").asLong();
        if (id < 0) {
            throw new Failed("there is no order " + id, "NoSuchOrder", true);
        }
        if (task.get("attempt").asInt() <= order.path("busy").asInt()) {
            throw new Failed("the carrier is busy", "Busy", false);
        }
        // The work goes on. The next attempt gets the details; an answer with the header `cancel-requested` says that it is to stop.
        if (!task.has("heartbeat_details")) {
            ask(task, "heartbeat_activity", JSON.createObjectNode().set("details", JSON.createArrayNode().add("packed")));
            Thread.sleep(1000 * order.path("packing_s").asLong());
        }
        return JSON.createObjectNode().put("parcel", id);
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
