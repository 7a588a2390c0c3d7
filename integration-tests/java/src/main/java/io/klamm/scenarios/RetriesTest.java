package io.klamm.scenarios;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.temporal.activity.Activity;
import io.temporal.activity.ActivityInterface;
import io.temporal.activity.ActivityOptions;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.client.WorkflowFailedException;
import io.temporal.common.RetryOptions;
import io.temporal.failure.ActivityFailure;
import io.temporal.failure.ApplicationFailure;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Activities that fail and are tried again, and that are not. */
class RetriesTest {
  @ActivityInterface
  public interface Trials {
    int succeedOnAttempt(int wanted);

    void failWithType(String type);
  }

  public static class TrialsImpl implements Trials {
    @Override
    public int succeedOnAttempt(int wanted) {
      int attempt = Activity.getExecutionContext().getInfo().getAttempt();
      if (attempt < wanted) {
        throw ApplicationFailure.newFailure("attempt " + attempt + " is too early", "TooEarly");
      }
      return attempt;
    }

    @Override
    public void failWithType(String type) {
      throw ApplicationFailure.newFailure("on purpose", type, "detail");
    }
  }

  @WorkflowInterface
  public interface Retrying {
    @WorkflowMethod
    int run(int wanted);
  }

  public static class RetryingImpl implements Retrying {
    private final Trials trials =
        Workflow.newActivityStub(
            Trials.class,
            ActivityOptions.newBuilder()
                .setStartToCloseTimeout(Duration.ofSeconds(10))
                .setRetryOptions(
                    RetryOptions.newBuilder()
                        .setInitialInterval(Duration.ofMillis(50))
                        .setBackoffCoefficient(1)
                        .setDoNotRetry("Fatal")
                        .build())
                .build());

    @Override
    public int run(int wanted) {
      if (wanted == 0) {
        trials.failWithType("Fatal");
      }
      return trials.succeedOnAttempt(wanted);
    }
  }

  @Test
  void anActivityIsTriedUntilItSucceeds() {
    try (Env env = new Env("retries")) {
      env.work(RetryingImpl.class, new TrialsImpl());
      assertEquals(3, env.stub(Retrying.class).run(3));
      var started =
          env.attributes(
              "wf", HistoryEvent::hasActivityTaskStartedEventAttributes, HistoryEvent::getActivityTaskStartedEventAttributes);
      assertEquals(1, started.size(), "attempts before the last leave no event");
      assertEquals(3, started.get(0).getAttempt());
      assertEquals("attempt 2 is too early", started.get(0).getLastFailure().getMessage());
    }
  }

  @Test
  void aTypeThatIsNotToBeRetriedFailsTheWorkflowWithItsCause() {
    try (Env env = new Env("fatal")) {
      env.work(RetryingImpl.class, new TrialsImpl());
      Retrying retrying = env.stub(Retrying.class);
      WorkflowFailedException failed = assertThrows(WorkflowFailedException.class, () -> retrying.run(0));
      ActivityFailure activity = assertInstanceOf(ActivityFailure.class, failed.getCause());
      ApplicationFailure cause = assertInstanceOf(ApplicationFailure.class, activity.getCause());
      assertEquals("Fatal", cause.getType());
      assertEquals("on purpose", cause.getOriginalMessage());
      assertEquals("detail", cause.getDetails().get(String.class));
    }
  }
}
