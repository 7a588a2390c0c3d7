package io.klamm.soak;

import io.klamm.soak.SoakWorkflow.Plan;
import io.klamm.soak.SoakWorkflow.Squares;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowExecutionAlreadyStarted;
import io.temporal.client.WorkflowNotFoundException;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import io.temporal.worker.Worker;
import io.temporal.worker.WorkerFactory;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The Java program of the suite {@code soak} (integration-tests/soak): a worker and a client with default options in one
 * process.
 *
 * <pre>
 * load ADDRESS QUEUE IN_FLIGHT     keeps so many workflows in flight until stdin ends
 * query-loop ADDRESS QUEUE COUNT   queries so many workflows right after their start and their signals
 * </pre>
 *
 * It prints one line of JSON per call; integration-tests/soak/calls.py reads them.
 */
public final class Program {
  /** The length of the timer that every fourth workflow has. */
  private static final int PAUSE_MS = 250;

  /** What each workflow of the query loop gets. */
  private static final int SIGNALS = 10;

  private final WorkflowClient client;
  private final String queue;

  private Program(WorkflowClient client, String queue) {
    this.client = client;
    this.queue = queue;
  }

  public static void main(String[] arguments) throws Exception {
    String mode = arguments[0];
    String queue = arguments[2];
    int number = Integer.parseInt(arguments[3]);
    var options = WorkflowServiceStubsOptions.newBuilder().setTarget(arguments[1]).build();
    WorkflowClient client = WorkflowClient.newInstance(WorkflowServiceStubs.newServiceStubs(options));
    WorkerFactory factory = WorkerFactory.newInstance(client);
    Worker worker = factory.newWorker(queue);
    worker.registerWorkflowImplementationTypes(SoakWorkflow.Impl.class);
    worker.registerActivitiesImplementations((Squares) square -> square * square);
    factory.start();
    Program program = new Program(client, queue);
    switch (mode) {
      case "load" -> program.load(number);
      case "query-loop" -> program.queryLoop(number);
      default -> throw new IllegalArgumentException("no such mode: " + mode);
    }
    factory.shutdown();
    factory.awaitTermination(10, TimeUnit.SECONDS);
    System.exit(0);
  }

  /** An attempt of a call, which may have been made before. */
  private interface Attempt {
    void make(boolean repeated) throws Exception;
  }

  /** Make a call until it succeeds. Each attempt is told. */
  private void insist(String op, String id, Attempt attempt) {
    for (boolean repeated = false; ; repeated = true) {
      long at = System.currentTimeMillis();
      long began = System.nanoTime();
      try {
        attempt.make(repeated);
        tell(op, id, at, began, null);
        return;
      } catch (Exception error) {
        tell(op, id, at, began, error);
      }
      pause(200);
    }
  }

  /** A line of the output: one attempt of one call, or a whole workflow. */
  private void tell(String op, String id, long at, long began, Exception error) {
    double ms = (System.nanoTime() - began) / 1e6;
    String text = error == null ? "null" : quoted(messages(error));
    System.out.println(
        "{\"op\": " + quoted(op) + ", \"id\": " + quoted(id) + ", \"at\": " + at / 1e3 + ", \"ms\": " + ms + ", \"error\": " + text + "}");
  }

  /** An error with what caused it: the client wraps what the server said. */
  private static String messages(Throwable error) {
    List<String> parts = new ArrayList<>();
    for (Throwable e = error; e != null && parts.size() < 4; e = e.getCause()) {
      parts.add(e.getClass().getSimpleName() + ": " + e.getMessage());
    }
    return String.join(" <- ", parts);
  }

  private static String quoted(String text) {
    StringBuilder json = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      if (c == '"' || c == '\\') {
        json.append('\\').append(c);
      } else if (c < ' ') {
        json.append(String.format("\\u%04x", (int) c));
      } else {
        json.append(c);
      }
    }
    return json.append('"').toString();
  }

  private static void pause(long ms) {
    try {
      Thread.sleep(ms);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Keep so many workflows in flight until stdin ends, and then wait for the last of them. */
  private void load(int inFlight) throws Exception {
    AtomicInteger next = new AtomicInteger();
    AtomicBoolean ending = new AtomicBoolean();
    tellMoment("ready");
    List<Thread> drivers = new ArrayList<>();
    for (int i = 0; i < inFlight; i++) {
      Thread driver =
          new Thread(
              () -> {
                while (!ending.get()) {
                  workflow(next.incrementAndGet());
                }
              });
      driver.start();
      drivers.add(driver);
    }
    System.in.transferTo(OutputStream.nullOutputStream());
    ending.set(true);
    for (Thread driver : drivers) {
      driver.join();
    }
    tellMoment("end");
  }

  private void tellMoment(String what) {
    tell(what, queue, System.currentTimeMillis(), System.nanoTime(), null);
  }

  /** One workflow from its start to its result, as its number says. */
  private void workflow(int number) {
    String id = queue + "-" + number;
    Plan plan =
        switch (number % 4) {
          case 2 -> new Plan(number, true, 0);
          case 3 -> new Plan(number, false, PAUSE_MS);
          default -> new Plan(number, false, 0);
        };
    String op = plan.signals() ? "workflow with signals" : plan.pauseMs() > 0 ? "workflow with a timer" : "workflow";
    long at = System.currentTimeMillis();
    long began = System.nanoTime();
    insist("start", id, repeated -> start(id, plan, repeated));
    if (plan.signals()) {
      signal(id, "note");
      insist("query", id, repeated -> notes(id, 1));
      signal(id, "finish");
    }
    insist(
        "result",
        id,
        repeated -> {
          int result = client.newUntypedWorkflowStub(id).getResult(Integer.class);
          if (result != number * number) {
            throw new IllegalStateException("wrong result: " + result);
          }
        });
    tell(op, id, at, began, null);
  }

  private void start(String id, Plan plan, boolean repeated) {
    WorkflowOptions options = WorkflowOptions.newBuilder().setTaskQueue(queue).setWorkflowId(id).build();
    try {
      WorkflowClient.start(client.newWorkflowStub(SoakWorkflow.class, options)::run, plan);
    } catch (WorkflowExecutionAlreadyStarted already) {
      if (!repeated) { // else the answer to an earlier attempt was lost
        throw already;
      }
    }
  }

  private void signal(String id, String name) {
    insist(
        "signal",
        id,
        repeated -> {
          WorkflowStub stub = client.newUntypedWorkflowStub(id);
          try {
            stub.signal(name);
          } catch (WorkflowNotFoundException gone) {
            if (!repeated) { // else an earlier attempt was taken, and the run has ended since
              throw gone;
            }
          }
        });
  }

  /** Ask how many notes the workflow has: all that were acknowledged. */
  private void notes(String id, int least) {
    int notes = client.newUntypedWorkflowStub(id).query("notes", Integer.class);
    if (notes < least) {
      throw new IllegalStateException("stale answer: " + notes + " notes, " + least + " were acknowledged");
    }
  }

  /** So many workflows, one after another: each is queried right after its start and after each of ten signals. */
  private void queryLoop(int count) {
    for (int number = 0; number < count; number++) {
      String id = queue + "-" + number;
      insist("start", id, repeated -> start(id, new Plan(0, true, 0), repeated));
      insist("query after start", id, repeated -> notes(id, 0));
      for (int round = 1; round <= SIGNALS; round++) {
        int least = round;
        signal(id, "note");
        insist("query after signal", id, repeated -> notes(id, least));
      }
      signal(id, "finish");
    }
    tellMoment("end");
  }
}
