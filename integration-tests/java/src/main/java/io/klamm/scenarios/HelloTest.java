package io.klamm.scenarios;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.temporal.activity.ActivityInterface;
import io.temporal.activity.ActivityOptions;
import io.temporal.api.enums.v1.WorkflowExecutionStatus;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowNotFoundException;
import io.temporal.client.WorkflowStub;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** One workflow, one activity; its history. */
class HelloTest {
  @ActivityInterface
  public interface Greetings {
    String compose(String name);
  }

  public static class GreetingsImpl implements Greetings {
    @Override
    public String compose(String name) {
      return "Hello, " + name + "!";
    }
  }

  @WorkflowInterface
  public interface Hello {
    @WorkflowMethod
    String run(String name);
  }

  public static class HelloImpl implements Hello {
    private final Greetings greetings =
        Workflow.newActivityStub(
            Greetings.class, ActivityOptions.newBuilder().setStartToCloseTimeout(Duration.ofSeconds(10)).build());

    @Override
    public String run(String name) {
      return greetings.compose(name);
    }
  }

  @Test
  void aWorkflowRunsAnActivityAndItsHistoryTellsEachStepOnceAndInOrder() {
    try (Env env = new Env("hello")) {
      Hello hello = env.stub(Hello.class);
      WorkflowClient.start(hello::run, "klamm");
      WorkflowStub stub = WorkflowStub.fromTyped(hello);
      assertEquals(WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING, stub.describe().getStatus());
      env.work(HelloImpl.class, new GreetingsImpl());
      assertEquals("Hello, klamm!", stub.getResult(String.class));
      assertEquals(
          List.of(
              "WORKFLOW_EXECUTION_STARTED",
              "WORKFLOW_TASK_SCHEDULED",
              "WORKFLOW_TASK_STARTED",
              "WORKFLOW_TASK_COMPLETED",
              "ACTIVITY_TASK_SCHEDULED",
              "ACTIVITY_TASK_STARTED",
              "ACTIVITY_TASK_COMPLETED",
              "WORKFLOW_TASK_SCHEDULED",
              "WORKFLOW_TASK_STARTED",
              "WORKFLOW_TASK_COMPLETED",
              "WORKFLOW_EXECUTION_COMPLETED"),
          env.names("wf"));
      assertEquals(WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED, stub.describe().getStatus());
      assertEquals(11, stub.describe().getHistoryLength());
    }
  }

  @Test
  void aWorkerThatIsThereFirstRunsItTheSame() {
    // A free worker: the activity is started eagerly when the worker asks for that, which leaves the same history.
    try (Env env = new Env("hello-eager")) {
      env.work(HelloImpl.class, new GreetingsImpl());
      assertEquals("Hello, klamm!", env.stub(Hello.class).run("klamm"));
      assertEquals(11, env.names("wf").size());
    }
  }

  @Test
  void anUnknownWorkflowIsNotFound() {
    try (Env env = new Env("nobody")) {
      WorkflowStub nobody = env.client.newUntypedWorkflowStub(env.id("wf"));
      assertThrows(WorkflowNotFoundException.class, nobody::describe);
    }
  }
}
