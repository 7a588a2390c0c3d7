package io.klamm.scenarios;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.temporal.api.enums.v1.ScheduleOverlapPolicy;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.schedules.Schedule;
import io.temporal.client.schedules.ScheduleActionExecutionStartWorkflow;
import io.temporal.client.schedules.ScheduleActionStartWorkflow;
import io.temporal.client.schedules.ScheduleAlreadyRunningException;
import io.temporal.client.schedules.ScheduleBackfill;
import io.temporal.client.schedules.ScheduleClient;
import io.temporal.client.schedules.ScheduleException;
import io.temporal.client.schedules.ScheduleHandle;
import io.temporal.client.schedules.ScheduleIntervalSpec;
import io.temporal.client.schedules.ScheduleOptions;
import io.temporal.client.schedules.ScheduleSpec;
import io.temporal.client.schedules.ScheduleUpdate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Schedules: created, triggered, paused, changed, backfilled, deleted. */
class SchedulesTest {
  private final ScheduleClient schedules = ScheduleClient.newInstance(Env.SERVICE);

  private Schedule greeting(Env env, Duration every) {
    WorkflowOptions options = WorkflowOptions.newBuilder().setTaskQueue(env.queue).setWorkflowId(env.id("run")).build();
    return Schedule.newBuilder()
        .setAction(
            ScheduleActionStartWorkflow.newBuilder()
                .setWorkflowType(HelloTest.Hello.class)
                .setArguments("schedule")
                .setOptions(options)
                .build())
        .setSpec(ScheduleSpec.newBuilder().setIntervals(List.of(new ScheduleIntervalSpec(every))).build())
        .build();
  }

  private ScheduleHandle create(Env env, Duration every) {
    return schedules.createSchedule(env.id("schedule"), greeting(env, every), ScheduleOptions.newBuilder().build());
  }

  @Test
  void aScheduleOfOneSecondRunsItsWorkflow() throws InterruptedException {
    try (Env env = new Env("schedule")) {
      env.work(HelloTest.HelloImpl.class, new HelloTest.GreetingsImpl());
      ScheduleHandle handle = create(env, Duration.ofSeconds(1));
      Env.until("two actions", () -> handle.describe().getInfo().getNumActions() >= 2);
      var action =
          (ScheduleActionExecutionStartWorkflow) handle.describe().getInfo().getRecentActions().get(0).getAction();
      assertTrue(action.getWorkflowId().startsWith(env.id("run")));
      var stub = env.client.newUntypedWorkflowStub(action.getWorkflowId());
      assertEquals("Hello, schedule!", stub.getResult(String.class));
      handle.delete();
      assertThrows(ScheduleException.class, handle::describe);
    }
  }

  @Test
  void aPausedScheduleRunsByTriggerAndBackfillOnly() throws InterruptedException {
    try (Env env = new Env("schedule-paused")) {
      env.work(HelloTest.HelloImpl.class, new HelloTest.GreetingsImpl());
      ScheduleHandle handle = create(env, Duration.ofHours(1));
      handle.pause("by the test");
      var state = handle.describe().getSchedule().getState();
      assertTrue(state.isPaused());
      assertEquals("by the test", state.getNote());
      handle.trigger();
      Env.until("the trigger's action", () -> handle.describe().getInfo().getNumActions() == 1);
      Instant hour = Instant.parse("2026-01-01T00:00:00Z");
      var range =
          new ScheduleBackfill(hour, hour.plus(Duration.ofHours(2)), ScheduleOverlapPolicy.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL);
      handle.backfill(List.of(range));
      Env.until("three of the backfill", () -> handle.describe().getInfo().getNumActions() == 4);
      handle.unpause();
      assertFalse(handle.describe().getSchedule().getState().isPaused());
      handle.delete();
    }
  }

  @Test
  void aScheduleIsChangedAndItsIdIsItsOwn() {
    try (Env env = new Env("schedule-update")) {
      ScheduleHandle handle = create(env, Duration.ofHours(1));
      assertThrows(ScheduleAlreadyRunningException.class, () -> create(env, Duration.ofHours(1)));
      handle.update(input -> new ScheduleUpdate(greeting(env, Duration.ofHours(6))));
      var spec = handle.describe().getSchedule().getSpec();
      assertEquals(List.of(new ScheduleIntervalSpec(Duration.ofHours(6), Duration.ZERO)), spec.getIntervals());
      List<Instant> next = handle.describe().getInfo().getNextActionTimes();
      assertEquals(Duration.ofHours(6), Duration.between(next.get(0), next.get(1)));
      handle.delete();
    }
  }
}
