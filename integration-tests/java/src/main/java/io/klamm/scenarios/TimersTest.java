package io.klamm.scenarios;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.workflow.CancellationScope;
import io.temporal.workflow.Promise;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import com.google.protobuf.util.Timestamps;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Timers that fire, and that are cancelled. */
class TimersTest {
  @WorkflowInterface
  public interface Sleeper {
    @WorkflowMethod
    String run();
  }

  /** Three timers of different lengths; the longest is cancelled. */
  public static class SleeperImpl implements Sleeper {
    @Override
    public String run() {
      StringBuilder order = new StringBuilder();
      Promise<Void> late = Workflow.newTimer(Duration.ofMillis(400)).thenApply(nothing -> note(order, "late"));
      Promise<Void> soon = Workflow.newTimer(Duration.ofMillis(100)).thenApply(nothing -> note(order, "soon"));
      CancellationScope scope = Workflow.newCancellationScope(() -> Workflow.newTimer(Duration.ofHours(1)));
      scope.run();
      Promise.allOf(List.of(late, soon)).get();
      scope.cancel();
      return order.toString();
    }

    private static Void note(StringBuilder order, String what) {
      order.append(what).append(' ');
      return null;
    }
  }

  @Test
  void timersFireInOrderAndNeverEarly() {
    try (Env env = new Env("timers")) {
      env.work(SleeperImpl.class);
      assertEquals("soon late ", env.stub(Sleeper.class).run());
      List<String> names = env.names("wf");
      assertEquals(3, names.stream().filter("TIMER_STARTED"::equals).count());
      assertEquals(2, names.stream().filter("TIMER_FIRED"::equals).count());
      assertFalse(names.contains("WORKFLOW_EXECUTION_TIMED_OUT"));
      List<HistoryEvent> events = env.history("wf");
      for (HistoryEvent fired : events) {
        if (fired.hasTimerFiredEventAttributes()) {
          HistoryEvent started = events.get((int) fired.getTimerFiredEventAttributes().getStartedEventId() - 1);
          var length = started.getTimerStartedEventAttributes().getStartToFireTimeout();
          long waited = Timestamps.toMillis(fired.getEventTime()) - Timestamps.toMillis(started.getEventTime());
          assertTrue(waited >= length.getNanos() / 1_000_000, "fired after " + waited + " ms");
        }
      }
    }
  }
}
