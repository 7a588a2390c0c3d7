package io.klamm.scenarios;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.temporal.api.common.v1.WorkflowExecution;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowNotFoundException;
import io.temporal.client.WorkflowQueryException;
import io.temporal.client.WorkflowStub;
import io.temporal.worker.WorkerFactory;
import io.temporal.workflow.QueryMethod;
import io.temporal.workflow.SignalMethod;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Signals, signal-with-start, queries. How fast a query is answered is measured by the suite `soak`. */
class SignalsTest {
  @WorkflowInterface
  public interface Gather {
    @WorkflowMethod
    List<String> run(List<String> seed);

    @SignalMethod
    void add(String text);

    @SignalMethod
    void finish();

    @QueryMethod
    List<String> gathered();
  }

  public static class GatherImpl implements Gather {
    private final List<String> texts = new ArrayList<>();
    private boolean finished;

    @Override
    public List<String> run(List<String> seed) {
      texts.addAll(0, seed);
      Workflow.await(() -> finished);
      return texts;
    }

    @Override
    public void add(String text) {
      texts.add(text);
    }

    @Override
    public void finish() {
      finished = true;
    }

    @Override
    public List<String> gathered() {
      return texts;
    }
  }

  @Test
  void signalsReachTheWorkflowInTheOrderInWhichTheyWereSent() {
    try (Env env = new Env("signals")) {
      Gather gather = env.stub(Gather.class);
      WorkflowClient.start(gather::run, List.<String>of());
      List<String> texts = IntStream.range(0, 20).mapToObj(number -> "text " + number).toList();
      for (int number = 0; number < texts.size(); number++) {
        if (number == 10) {
          env.work(GatherImpl.class);
        }
        gather.add(texts.get(number));
      }
      gather.finish();
      assertEquals(texts, WorkflowStub.fromTyped(gather).getResult(List.class));
      assertEquals(21, env.names("wf").stream().filter("WORKFLOW_EXECUTION_SIGNALED"::equals).count());
    }
  }

  @Test
  void signalWithStartStartsOnceAndSignalsEachTime() {
    try (Env env = new Env("signal-with-start")) {
      WorkflowExecution first = signalWithStart(env, "one");
      WorkflowExecution second = signalWithStart(env, "two");
      assertEquals(first.getRunId(), second.getRunId());
      assertEquals(
          List.of("WORKFLOW_EXECUTION_STARTED", "WORKFLOW_EXECUTION_SIGNALED", "WORKFLOW_TASK_SCHEDULED"),
          env.names("wf").subList(0, 3));
      env.work(GatherImpl.class);
      WorkflowStub stub = env.client.newUntypedWorkflowStub(env.id("wf"));
      stub.signal("finish");
      assertEquals(List.of("seed", "one", "two"), stub.getResult(List.class));
    }
  }

  private static WorkflowExecution signalWithStart(Env env, String text) {
    WorkflowStub stub = env.client.newUntypedWorkflowStub("Gather", env.options("wf"));
    return stub.signalWithStart("add", new Object[] {text}, new Object[] {List.of("seed")});
  }

  @Test
  void aSignalToAClosedOrUnknownWorkflowIsNotFound() {
    try (Env env = new Env("late-signal")) {
      env.work(GatherImpl.class);
      Gather gather = env.stub(Gather.class);
      WorkflowClient.start(gather::run, List.<String>of());
      gather.finish();
      WorkflowStub.fromTyped(gather).getResult(List.class);
      assertThrows(WorkflowNotFoundException.class, () -> gather.add("late"));
      WorkflowStub nobody = env.client.newUntypedWorkflowStub(env.id("nobody"));
      assertThrows(WorkflowNotFoundException.class, () -> nobody.signal("add", "x"));
    }
  }

  @Test
  void aQuerySeesEachSignalThatWasAcknowledgedBeforeIt() {
    try (Env env = new Env("signal-query")) {
      env.work(GatherImpl.class);
      Gather gather = env.stub(Gather.class);
      WorkflowClient.start(gather::run, List.of("seed"));
      assertEquals(List.of("seed"), gather.gathered(), "right after the start");
      for (int number = 1; number <= 20; number++) {
        gather.add("text " + number);
        assertEquals(1 + number, gather.gathered().size());
      }
      gather.finish();
    }
  }

  @Test
  void aQueryReadsAnOpenAndAClosedWorkflowAlsoFromAnotherWorker() {
    try (Env env = new Env("queries")) {
      WorkerFactory worker = env.work(GatherImpl.class);
      Gather gather = env.stub(Gather.class);
      WorkflowClient.start(gather::run, List.of("seed"));
      WorkflowStub stub = WorkflowStub.fromTyped(gather);
      assertThrows(WorkflowQueryException.class, () -> stub.query("noSuchQuery", String.class));
      gather.add("one");
      gather.finish();
      stub.getResult(List.class);
      assertEquals(List.of("seed", "one"), gather.gathered());
      List<String> before = env.names("wf");
      Env.stop(worker);
      env.work(GatherImpl.class);
      assertEquals(List.of("seed", "one"), gather.gathered());
      assertEquals(before, env.names("wf"));
      assertFalse(before.stream().anyMatch(name -> name.contains("QUERY")), "queries leave no event");
    }
  }
}
