package io.klamm.scenarios;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.temporal.activity.Activity;
import io.temporal.activity.ActivityCancellationType;
import io.temporal.activity.ActivityExecutionContext;
import io.temporal.activity.ActivityInterface;
import io.temporal.activity.ActivityOptions;
import io.temporal.client.ActivityCanceledException;
import io.temporal.client.ActivityCompletionException;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowStub;
import io.temporal.common.RetryOptions;
import io.temporal.failure.CanceledFailure;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Heartbeats: details that the next attempt gets, and cancellation that an activity learns of. */
class HeartbeatsTest {
  @ActivityInterface
  public interface Steps {
    String climb() throws InterruptedException;

    String runUntilCancelled() throws InterruptedException;
  }

  public static class StepsImpl implements Steps {
    /** One heartbeat in attempt 1, then silence; attempt 2 tells what it was handed. */
    @Override
    public String climb() throws InterruptedException {
      ActivityExecutionContext context = Activity.getExecutionContext();
      if (context.getInfo().getAttempt() > 1) {
        return "attempt " + context.getInfo().getAttempt() + " after step " + context.getHeartbeatDetails(Integer.class).orElse(-1);
      }
      context.heartbeat(3);
      Thread.sleep(5_000);
      return "the first attempt was not given up";
    }

    @Override
    public String runUntilCancelled() throws InterruptedException {
      try {
        while (true) {
          Activity.getExecutionContext().heartbeat("alive");
          Thread.sleep(50);
        }
      } catch (ActivityCanceledException cancelled) {
        throw cancelled;
      } catch (ActivityCompletionException other) {
        return "ended by " + other;
      }
    }
  }

  private static ActivityOptions.Builder withHeartbeats(Duration timeout) {
    return ActivityOptions.newBuilder()
        .setStartToCloseTimeout(Duration.ofSeconds(30))
        .setHeartbeatTimeout(timeout)
        .setRetryOptions(RetryOptions.newBuilder().setInitialInterval(Duration.ofMillis(50)).build());
  }

  @WorkflowInterface
  public interface Climb {
    @WorkflowMethod
    String run();
  }

  public static class ClimbImpl implements Climb {
    private final Steps steps = Workflow.newActivityStub(Steps.class, withHeartbeats(Duration.ofSeconds(1)).build());

    @Override
    public String run() {
      try {
        return steps.climb();
      } catch (InterruptedException e) {
        throw Workflow.wrap(e);
      }
    }
  }

  @WorkflowInterface
  public interface Cancellable {
    @WorkflowMethod
    String run();
  }

  public static class CancellableImpl implements Cancellable {
    private final Steps steps =
        Workflow.newActivityStub(
            Steps.class,
            withHeartbeats(Duration.ofSeconds(2))
                .setCancellationType(ActivityCancellationType.WAIT_CANCELLATION_COMPLETED)
                .build());

    @Override
    public String run() {
      try {
        return steps.runUntilCancelled();
      } catch (InterruptedException e) {
        throw Workflow.wrap(e);
      }
    }
  }

  @Test
  void theNextAttemptGetsTheDetailsOfTheLastHeartbeat() {
    try (Env env = new Env("heartbeat")) {
      env.work(ClimbImpl.class, new StepsImpl());
      assertEquals("attempt 2 after step 3", env.stub(Climb.class).run());
    }
  }

  @Test
  void anActivityLearnsOfItsCancellationByAHeartbeat() throws InterruptedException {
    try (Env env = new Env("heartbeat-cancel")) {
      env.work(CancellableImpl.class, new StepsImpl());
      Cancellable workflow = env.stub(Cancellable.class);
      WorkflowClient.start(workflow::run);
      WorkflowStub stub = WorkflowStub.fromTyped(workflow);
      Env.until(
          "the activity heartbeats",
          () ->
              stub.describe().getRawDescription().getPendingActivitiesList().stream()
                  .anyMatch(activity -> activity.hasHeartbeatDetails()));
      stub.cancel();
      // Whatever the workflow makes of it, the Java SDK ends a run as cancelled once that was asked for.
      WorkflowFailedException failed = assertThrows(WorkflowFailedException.class, () -> stub.getResult(String.class));
      assertInstanceOf(CanceledFailure.class, failed.getCause());
      assertEquals(1, env.names("wf").stream().filter("ACTIVITY_TASK_CANCELED"::equals).count());
    }
  }
}
