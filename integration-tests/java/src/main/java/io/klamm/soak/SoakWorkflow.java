package io.klamm.soak;

import io.temporal.activity.ActivityInterface;
import io.temporal.activity.ActivityOptions;
import io.temporal.workflow.QueryMethod;
import io.temporal.workflow.SignalMethod;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.time.Duration;

/** The workflow of the soak's Java program. */
@WorkflowInterface
public interface SoakWorkflow {
  /** What one workflow does beside its activity. */
  record Plan(int number, boolean signals, int pauseMs) {}

  @ActivityInterface
  interface Squares {
    int square(int number);
  }

  @WorkflowMethod
  int run(Plan plan);

  @SignalMethod
  void note();

  @SignalMethod
  void finish();

  @QueryMethod
  int notes();

  /** An activity, then a pause, then signals until {@code finish}; the result is the square. */
  class Impl implements SoakWorkflow {
    private final Squares squares =
        Workflow.newActivityStub(
            Squares.class, ActivityOptions.newBuilder().setStartToCloseTimeout(Duration.ofSeconds(10)).build());
    private int notes;
    private boolean finished;

    @Override
    public int run(Plan plan) {
      int squared = squares.square(plan.number());
      if (plan.pauseMs() > 0) {
        Workflow.sleep(Duration.ofMillis(plan.pauseMs()));
      }
      if (plan.signals()) {
        Workflow.await(() -> finished);
      }
      return squared;
    }

    @Override
    public void note() {
      notes++;
    }

    @Override
    public void finish() {
      finished = true;
    }

    @Override
    public int notes() {
      return notes;
    }
  }
}
