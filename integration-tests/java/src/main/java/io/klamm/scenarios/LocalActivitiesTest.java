package io.klamm.scenarios;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.temporal.activity.LocalActivityOptions;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowStub;
import io.temporal.worker.WorkerFactory;
import io.temporal.workflow.SignalMethod;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What is recorded as markers: local activities, versions, side effects; another worker replays them. */
class LocalActivitiesTest {
  @WorkflowInterface
  public interface Local {
    @WorkflowMethod
    List<String> run();

    @SignalMethod
    void resume();
  }

  public static class LocalImpl implements Local {
    private final HelloTest.Greetings greetings =
        Workflow.newLocalActivityStub(
            HelloTest.Greetings.class,
            LocalActivityOptions.newBuilder().setStartToCloseTimeout(Duration.ofSeconds(10)).build());
    private boolean resumed;

    @Override
    public List<String> run() {
      String greeting = greetings.compose("local");
      int version = Workflow.getVersion("a-change", Workflow.DEFAULT_VERSION, 2);
      String drawn = Workflow.sideEffect(String.class, () -> UUID.randomUUID().toString());
      Workflow.await(() -> resumed);
      int again = Workflow.getVersion("a-change", Workflow.DEFAULT_VERSION, 2);
      return List.of(greeting, version + " " + again, drawn);
    }

    @Override
    public void resume() {
      resumed = true;
    }
  }

  @Test
  void markersStandAndAnotherWorkerReplaysThem() throws InterruptedException {
    try (Env env = new Env("local")) {
      WorkerFactory first = env.work(LocalImpl.class, new HelloTest.GreetingsImpl());
      Local local = env.stub(Local.class);
      WorkflowClient.start(local::run);
      Env.until("the markers are recorded", () -> markers(env).size() == 3);
      List<String> before = markers(env);
      Env.stop(first);
      local.resume();
      env.work(LocalImpl.class, new HelloTest.GreetingsImpl());
      List<?> result = WorkflowStub.fromTyped(local).getResult(List.class);
      assertEquals(List.of("Hello, local!", "2 2"), result.subList(0, 2));
      assertEquals(36, result.get(2).toString().length());
      assertEquals(before, markers(env), "the second worker recorded nothing again");
      assertFalse(env.names("wf").contains("ACTIVITY_TASK_SCHEDULED"));
    }
  }

  private static List<String> markers(Env env) {
    return env.attributes(
        "wf",
        HistoryEvent::hasMarkerRecordedEventAttributes,
        event -> event.getMarkerRecordedEventAttributes().getMarkerName());
  }
}
