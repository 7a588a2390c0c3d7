package io.klamm.scenarios;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowOptions;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import io.temporal.worker.Worker;
import io.temporal.worker.WorkerFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.logging.Level;
import java.util.logging.Logger;

/** One test's own corner of a shared server: a task queue and workflow ids that no other test uses, and workers. */
final class Env implements AutoCloseable {
  /** Where the server under test listens for gRPC. */
  static final String ADDRESS = System.getenv().getOrDefault("TEMPORAL_ADDRESS", "127.0.0.1:7233");

  static final WorkflowServiceStubs SERVICE =
      WorkflowServiceStubs.newServiceStubs(WorkflowServiceStubsOptions.newBuilder().setTarget(ADDRESS).build());

  /** What its cache says of workflows that are interrupted with their worker is of no interest. Held, for else the level is forgotten. */
  private static final Logger CACHE = Logger.getLogger("com.google.common.cache.LocalCache");

  static {
    CACHE.setLevel(Level.OFF);
  }

  private static final long UNTIL_S = 15;

  final WorkflowClient client = WorkflowClient.newInstance(SERVICE);
  final String queue;
  private final List<WorkerFactory> factories = new ArrayList<>();
  /** What was registered with workers, and the ids that the test has asked for. */
  private final Set<Class<?>> workflows = new LinkedHashSet<>();
  private final Set<String> ids = ConcurrentHashMap.newKeySet();

  /** The name is for people who read the server's data; uniqueness comes from a random suffix. */
  Env(String name) {
    queue = "java-" + name + "-" + UUID.randomUUID().toString().substring(0, 8);
  }

  /** A workflow id of this test. */
  String id(String suffix) {
    String id = queue + "-" + suffix;
    ids.add(id);
    return id;
  }

  /** A worker with default options on this test's queue; what is no workflow class is an activity. */
  WorkerFactory work(Object... programs) {
    WorkerFactory factory = WorkerFactory.newInstance(client);
    Worker worker = factory.newWorker(queue);
    for (Object program : programs) {
      if (program instanceof Class<?> workflow) {
        worker.registerWorkflowImplementationTypes(workflow);
        workflows.add(workflow);
      } else {
        worker.registerActivitiesImplementations(program);
      }
    }
    factory.start();
    factories.add(factory);
    return factory;
  }

  /** End a worker before the test is over; its sticky queue goes with it. */
  static void stop(WorkerFactory factory) {
    factory.shutdown();
    factory.awaitTermination(10, TimeUnit.SECONDS);
  }

  WorkflowOptions options(String suffix) {
    return WorkflowOptions.newBuilder()
        .setTaskQueue(queue)
        .setWorkflowId(id(suffix))
        .setWorkflowExecutionTimeout(Duration.ofMinutes(3))
        .build();
  }

  /** A stub of a workflow that is yet to be started. */
  <T> T stub(Class<T> workflow) {
    return stub(workflow, "wf");
  }

  <T> T stub(Class<T> workflow, String suffix) {
    return client.newWorkflowStub(workflow, options(suffix));
  }

  /** The history of the latest run, whose event ids have no gap. */
  List<HistoryEvent> history(String suffix) {
    List<HistoryEvent> events = client.fetchHistory(id(suffix)).getEvents();
    for (int i = 0; i < events.size(); i++) {
      assertEquals(i + 1, events.get(i).getEventId());
    }
    return events;
  }

  /** The history of the latest run as event type names, e.g. {@code WORKFLOW_EXECUTION_STARTED}. */
  List<String> names(String suffix) {
    return history(suffix).stream().map(event -> event.getEventType().name().replace("EVENT_TYPE_", "")).toList();
  }

  /** The attributes of all events of one kind, in order. */
  <T> List<T> attributes(String suffix, Predicate<HistoryEvent> has, Function<HistoryEvent, T> get) {
    return history(suffix).stream().filter(has).map(get).toList();
  }

  /** Wait until the probe says yes. */
  static void until(String what, BooleanSupplier probe) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(UNTIL_S);
    while (!probe.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("not within " + UNTIL_S + " s: " + what);
      }
      Thread.sleep(50);
    }
  }

  /** Ends the workers, and replays what they have done. */
  @Override
  public void close() {
    factories.forEach(WorkerFactory::shutdownNow);
    factories.forEach(factory -> factory.awaitTermination(10, TimeUnit.SECONDS));
    Replays.check(client, ids, workflows);
  }
}
