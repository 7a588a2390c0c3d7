package io.klamm.scenarios;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.temporal.activity.ActivityInterface;
import io.temporal.activity.ActivityOptions;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowStub;
import io.temporal.workflow.SignalMethod;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Many workflows at once on one worker with default options. */
class ManyTest {
  private static final int COUNT = 100;

  @ActivityInterface
  public interface Squares {
    int square(int number);
  }

  public static class SquaresImpl implements Squares {
    @Override
    public int square(int number) {
      return number * number;
    }
  }

  @WorkflowInterface
  public interface OneOfMany {
    @WorkflowMethod
    int run(int number);

    @SignalMethod
    void plus(int number);
  }

  /** An activity, a timer and a signal; the square plus what the signal brought. */
  public static class OneOfManyImpl implements OneOfMany {
    private final Squares squares =
        Workflow.newActivityStub(
            Squares.class, ActivityOptions.newBuilder().setStartToCloseTimeout(Duration.ofSeconds(60)).build());
    private Integer added;

    @Override
    public int run(int number) {
      int squared = squares.square(number);
      Workflow.sleep(Duration.ofMillis(10));
      Workflow.await(() -> added != null);
      return squared + added;
    }

    @Override
    public void plus(int number) {
      added = number;
    }
  }

  @Test
  void eachReturnsItsOwnResult() {
    try (Env env = new Env("many")) {
      env.work(OneOfManyImpl.class, new SquaresImpl());
      List<OneOfMany> all = new ArrayList<>();
      for (int number = 0; number < COUNT; number++) {
        OneOfMany one = env.stub(OneOfMany.class, String.valueOf(number));
        WorkflowClient.start(one::run, number);
        all.add(one);
      }
      // None can end before its signal: all are open at once here.
      for (int number = 0; number < COUNT; number++) {
        all.get(number).plus(number);
      }
      for (int number = 0; number < COUNT; number++) {
        assertEquals(number * number + number, WorkflowStub.fromTyped(all.get(number)).getResult(Integer.class));
      }
    }
  }
}
