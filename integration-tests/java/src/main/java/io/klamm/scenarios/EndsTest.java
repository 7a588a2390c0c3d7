package io.klamm.scenarios;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.temporal.activity.ActivityInterface;
import io.temporal.activity.ActivityOptions;
import io.temporal.api.enums.v1.WorkflowExecutionStatus;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowExecutionAlreadyStarted;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowStub;
import io.temporal.failure.CanceledFailure;
import io.temporal.failure.TerminatedFailure;
import io.temporal.failure.TimeoutFailure;
import io.temporal.client.WorkflowOptions;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Cancel, terminate, time out; a second start of the same id. */
class EndsTest {
  @ActivityInterface
  public interface Cleaning {
    String cleanUp();
  }

  public static class CleaningImpl implements Cleaning {
    @Override
    public String cleanUp() {
      return "cleaned up";
    }
  }

  @WorkflowInterface
  public interface Waiting {
    @WorkflowMethod
    String run();
  }

  /** Waits for an hour; when it is cancelled it cleans up and stays cancelled. */
  public static class WaitingImpl implements Waiting {
    private final Cleaning cleaning =
        Workflow.newActivityStub(
            Cleaning.class, ActivityOptions.newBuilder().setStartToCloseTimeout(Duration.ofSeconds(10)).build());

    @Override
    public String run() {
      try {
        Workflow.sleep(Duration.ofHours(1));
      } catch (CanceledFailure cancelled) {
        Workflow.newDetachedCancellationScope(cleaning::cleanUp).run();
        throw cancelled;
      }
      return "nobody came";
    }
  }

  @Test
  void aCancelledWorkflowCleansUpAndEndsAsCancelled() throws InterruptedException {
    try (Env env = new Env("cancel")) {
      env.work(WaitingImpl.class, new CleaningImpl());
      WorkflowStub stub = started(env, env.options("wf"));
      Env.until("the timer runs", () -> env.names("wf").contains("TIMER_STARTED"));
      stub.cancel();
      WorkflowFailedException failed = assertThrows(WorkflowFailedException.class, () -> stub.getResult(String.class));
      assertInstanceOf(CanceledFailure.class, failed.getCause());
      assertEquals(WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CANCELED, stub.describe().getStatus());
      assertEquals(1, env.names("wf").stream().filter("ACTIVITY_TASK_COMPLETED"::equals).count());
    }
  }

  @Test
  void aTerminatedWorkflowSaysWhy() {
    try (Env env = new Env("terminate")) {
      WorkflowStub stub = started(env, env.options("wf"));
      stub.terminate("not needed", "detail");
      WorkflowFailedException failed = assertThrows(WorkflowFailedException.class, () -> stub.getResult(String.class));
      assertEquals("not needed", assertInstanceOf(TerminatedFailure.class, failed.getCause()).getOriginalMessage());
      var events = env.history("wf");
      var last = events.get(events.size() - 1).getWorkflowExecutionTerminatedEventAttributes();
      assertEquals("not needed", last.getReason());
    }
  }

  @Test
  void aRunThatTakesTooLongTimesOut() {
    try (Env env = new Env("run-timeout")) {
      WorkflowOptions options = WorkflowOptions.newBuilder(env.options("wf")).setWorkflowRunTimeout(Duration.ofSeconds(1)).build();
      WorkflowStub stub = started(env, options);
      WorkflowFailedException failed = assertThrows(WorkflowFailedException.class, () -> stub.getResult(String.class));
      assertInstanceOf(TimeoutFailure.class, failed.getCause());
    }
  }

  @Test
  void aSecondStartOfAnOpenIdIsRefused() {
    try (Env env = new Env("twice")) {
      started(env, env.options("wf"));
      assertThrows(WorkflowExecutionAlreadyStarted.class, () -> started(env, env.options("wf")));
    }
  }

  private static WorkflowStub started(Env env, WorkflowOptions options) {
    Waiting waiting = env.client.newWorkflowStub(Waiting.class, options);
    WorkflowClient.start(waiting::run);
    return WorkflowStub.fromTyped(waiting);
  }
}
