package io.klamm.scenarios;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.temporal.api.common.v1.WorkflowExecution;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowStub;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A chain of runs by continue-as-new. */
class ContinueAsNewTest {
  @WorkflowInterface
  public interface Countdown {
    @WorkflowMethod
    String run(int left, String path);
  }

  public static class CountdownImpl implements Countdown {
    @Override
    public String run(int left, String path) {
      if (left == 0) {
        return path + "0";
      }
      return Workflow.newContinueAsNewStub(Countdown.class).run(left - 1, path + left + " ");
    }
  }

  @Test
  void theClientFollowsTheChainToItsResult() {
    try (Env env = new Env("chain")) {
      env.work(CountdownImpl.class);
      Countdown countdown = env.stub(Countdown.class);
      WorkflowExecution first = WorkflowClient.start(countdown::run, 3, "");
      assertEquals("3 2 1 0", WorkflowStub.fromTyped(countdown).getResult(String.class));
      var latest = env.history("wf").get(0).getWorkflowExecutionStartedEventAttributes();
      assertEquals(first.getRunId(), latest.getFirstExecutionRunId());
      assertNotEquals(first.getRunId(), latest.getOriginalExecutionRunId());
      List<String> names =
          env.client.fetchHistory(env.id("wf"), first.getRunId()).getEvents().stream()
              .map(event -> event.getEventType().name())
              .toList();
      assertEquals("EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW", names.get(names.size() - 1));
    }
  }
}
