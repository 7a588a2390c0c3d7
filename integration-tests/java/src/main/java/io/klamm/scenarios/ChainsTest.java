package io.klamm.scenarios;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.common.RetryOptions;
import io.temporal.common.converter.DefaultDataConverter;
import io.temporal.failure.ApplicationFailure;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Chains of runs by retry policies and by cron. */
class ChainsTest {
  @WorkflowInterface
  public interface Unlucky {
    @WorkflowMethod
    String run(int lucky);
  }

  /** Fails until its attempt has the given number, and then tells what the one before failed with. */
  public static class UnluckyImpl implements Unlucky {
    @Override
    public String run(int lucky) {
      int attempt = Workflow.getInfo().getAttempt();
      if (attempt < lucky) {
        throw ApplicationFailure.newFailure("attempt " + attempt, "Unlucky");
      }
      return Workflow.getPreviousRunFailure().map(failure -> ((ApplicationFailure) failure).getOriginalMessage()).orElse("none");
    }
  }

  @WorkflowInterface
  public interface Counting {
    @WorkflowMethod
    int run();
  }

  /** Counts the runs of its chain by the result of the last one. */
  public static class CountingImpl implements Counting {
    @Override
    public int run() {
      Integer last = Workflow.getLastCompletionResult(Integer.class);
      return last == null ? 1 : last + 1;
    }
  }

  static RetryOptions quickly() {
    return RetryOptions.newBuilder().setInitialInterval(Duration.ofMillis(100)).setBackoffCoefficient(1).build();
  }

  private static List<HistoryEvent> events(Env env, String run) {
    return env.client.fetchHistory(env.id("wf"), run).getEvents();
  }

  @Test
  void aClientFollowsTheAttemptsOfAWorkflow() {
    try (Env env = new Env("workflow-retry")) {
      env.work(UnluckyImpl.class);
      WorkflowOptions options = WorkflowOptions.newBuilder(env.options("wf")).setRetryOptions(quickly()).build();
      Unlucky unlucky = env.client.newWorkflowStub(Unlucky.class, options);
      String first = WorkflowClient.start(unlucky::run, 3).getRunId();
      assertEquals("attempt 2", WorkflowStub.fromTyped(unlucky).getResult(String.class));
      List<HistoryEvent> events = events(env, first);
      var failed = events.get(events.size() - 1).getWorkflowExecutionFailedEventAttributes();
      assertEquals("attempt 1", failed.getFailure().getMessage());
      var second = events(env, failed.getNewExecutionRunId()).get(0).getWorkflowExecutionStartedEventAttributes();
      assertEquals(2, second.getAttempt());
      assertEquals(first, second.getContinuedExecutionRunId());
    }
  }

  @Test
  void theLastAttemptFailsTheChain() {
    try (Env env = new Env("workflow-retry-ends")) {
      env.work(UnluckyImpl.class);
      RetryOptions twice = RetryOptions.newBuilder(quickly()).setMaximumAttempts(2).build();
      WorkflowOptions options = WorkflowOptions.newBuilder(env.options("wf")).setRetryOptions(twice).build();
      Unlucky unlucky = env.client.newWorkflowStub(Unlucky.class, options);
      WorkflowFailedException failed = assertThrows(WorkflowFailedException.class, () -> unlucky.run(9));
      assertEquals("attempt 2", assertInstanceOf(ApplicationFailure.class, failed.getCause()).getOriginalMessage());
    }
  }

  @Test
  void aCronWorkflowIsToldItsLastResult() throws InterruptedException {
    try (Env env = new Env("cron")) {
      env.work(CountingImpl.class);
      WorkflowOptions options = WorkflowOptions.newBuilder(env.options("wf")).setCronSchedule("@every 1s").build();
      Counting counting = env.client.newWorkflowStub(Counting.class, options);
      String run = WorkflowClient.start(counting::run).getRunId();
      for (int count = 1; count <= 2; count++) {
        String id = run;
        Env.until("the run has ended", () -> last(env, id).hasWorkflowExecutionCompletedEventAttributes());
        var completed = last(env, run).getWorkflowExecutionCompletedEventAttributes();
        assertEquals(
            count,
            DefaultDataConverter.STANDARD_INSTANCE.fromPayloads(0, Optional.of(completed.getResult()), Integer.class, Integer.class));
        run = completed.getNewExecutionRunId();
      }
      env.client.newUntypedWorkflowStub(env.id("wf")).terminate("enough");
    }
  }

  private static HistoryEvent last(Env env, String run) {
    List<HistoryEvent> events = events(env, run);
    return events.get(events.size() - 1);
  }
}
