package io.klamm.scenarios;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.temporal.activity.Activity;
import io.temporal.activity.ActivityInterface;
import io.temporal.activity.ActivityOptions;
import io.temporal.api.batch.v1.BatchOperationSignal;
import io.temporal.api.common.v1.WorkflowExecution;
import io.temporal.api.enums.v1.BatchOperationState;
import io.temporal.api.workflowservice.v1.CountWorkflowExecutionsRequest;
import io.temporal.api.workflowservice.v1.DescribeBatchOperationRequest;
import io.temporal.api.workflowservice.v1.DescribeWorkflowExecutionRequest;
import io.temporal.api.workflowservice.v1.DescribeWorkflowExecutionResponse;
import io.temporal.api.workflowservice.v1.PauseActivityRequest;
import io.temporal.api.workflowservice.v1.PauseWorkflowExecutionRequest;
import io.temporal.api.workflowservice.v1.StartBatchOperationRequest;
import io.temporal.api.workflowservice.v1.UnpauseActivityRequest;
import io.temporal.api.workflowservice.v1.UnpauseWorkflowExecutionRequest;
import io.temporal.api.workflowservice.v1.WorkflowServiceGrpc;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowStub;
import io.temporal.common.RetryOptions;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What operators do: batch operations, pauses of workflows and of activities. This SDK has its own calls for none of them. */
class OperatorsTest {
  private static final String NAMESPACE = "default";

  private final WorkflowServiceGrpc.WorkflowServiceBlockingStub service = Env.SERVICE.blockingStub();

  private static SignalsTest.Gather gathering(Env env, String suffix) {
    SignalsTest.Gather gather = env.stub(SignalsTest.Gather.class, suffix);
    WorkflowClient.start(gather::run, List.of("seed"));
    return gather;
  }

  private DescribeWorkflowExecutionResponse described(Env env) {
    WorkflowExecution execution = WorkflowExecution.newBuilder().setWorkflowId(env.id("wf")).build();
    var request = DescribeWorkflowExecutionRequest.newBuilder().setNamespace(NAMESPACE).setExecution(execution);
    return service.describeWorkflowExecution(request.build());
  }

  @Test
  void aBatchOperationSignalsAllThatAQueryFinds() throws InterruptedException {
    try (Env env = new Env("batch")) {
      env.work(SignalsTest.GatherImpl.class);
      List<SignalsTest.Gather> all = new ArrayList<>();
      for (int number = 0; number < 5; number++) {
        all.add(gathering(env, String.valueOf(number)));
      }
      String query = "TaskQueue = '" + env.queue + "'";
      var count = CountWorkflowExecutionsRequest.newBuilder().setNamespace(NAMESPACE).setQuery(query).build();
      Env.until("the list knows them", () -> service.countWorkflowExecutions(count).getCount() == 5);
      service.startBatchOperation(
          StartBatchOperationRequest.newBuilder()
              .setNamespace(NAMESPACE)
              .setJobId(env.queue)
              .setReason("all of them")
              .setVisibilityQuery(query)
              .setSignalOperation(BatchOperationSignal.newBuilder().setSignal("finish"))
              .build());
      for (SignalsTest.Gather gather : all) {
        assertEquals(List.of("seed"), WorkflowStub.fromTyped(gather).getResult(List.class));
      }
      var describe = DescribeBatchOperationRequest.newBuilder().setNamespace(NAMESPACE).setJobId(env.queue).build();
      Env.until(
          "the operation has ended",
          () -> service.describeBatchOperation(describe).getState() != BatchOperationState.BATCH_OPERATION_STATE_RUNNING);
      var operation = service.describeBatchOperation(describe);
      assertEquals(BatchOperationState.BATCH_OPERATION_STATE_COMPLETED, operation.getState());
      assertEquals(5, operation.getCompleteOperationCount());
      assertEquals(0, operation.getFailureOperationCount());
    }
  }

  @Test
  void aPausedWorkflowKeepsWhatComesAndGoesOn() {
    try (Env env = new Env("pause")) {
      env.work(SignalsTest.GatherImpl.class);
      SignalsTest.Gather gather = gathering(env, "wf");
      assertEquals(List.of("seed"), gather.gathered());
      service.pauseWorkflowExecution(
          PauseWorkflowExecutionRequest.newBuilder()
              .setNamespace(NAMESPACE).setWorkflowId(env.id("wf")).setIdentity("operator").setReason("lunch").setRequestId("r1").build());
      var info = described(env).getWorkflowExtendedInfo().getPauseInfo();
      assertEquals("operator", info.getIdentity());
      assertEquals("lunch", info.getReason());
      gather.add("one");
      gather.finish();
      service.unpauseWorkflowExecution(
          UnpauseWorkflowExecutionRequest.newBuilder()
              .setNamespace(NAMESPACE).setWorkflowId(env.id("wf")).setIdentity("operator").setRequestId("r2").build());
      assertEquals(List.of("seed", "one"), WorkflowStub.fromTyped(gather).getResult(List.class));
      List<String> names = env.names("wf");
      int paused = names.indexOf("WORKFLOW_EXECUTION_PAUSED");
      assertEquals(
          List.of("WORKFLOW_EXECUTION_SIGNALED", "WORKFLOW_EXECUTION_SIGNALED", "WORKFLOW_EXECUTION_UNPAUSED"),
          names.subList(paused + 1, paused + 4));
    }
  }

  @ActivityInterface
  public interface Guard {
    String watch() throws InterruptedException;
  }

  /** Heartbeats until that throws, because the activity is paused; the attempt after that one ends well. */
  public static class GuardImpl implements Guard {
    @Override
    public String watch() throws InterruptedException {
      var context = Activity.getExecutionContext();
      boolean wasPaused = context.getHeartbeatDetails(Boolean.class).orElse(false);
      while (!wasPaused) {
        Thread.sleep(50);
        context.heartbeat(true);
      }
      return "attempt " + context.getInfo().getAttempt();
    }
  }

  @WorkflowInterface
  public interface Watching {
    @WorkflowMethod
    String run();
  }

  public static class WatchingImpl implements Watching {
    private final Guard guard =
        Workflow.newActivityStub(
            Guard.class,
            ActivityOptions.newBuilder()
                .setStartToCloseTimeout(Duration.ofSeconds(30))
                .setHeartbeatTimeout(Duration.ofSeconds(1))
                .setRetryOptions(RetryOptions.newBuilder().setInitialInterval(Duration.ofMillis(50)).setBackoffCoefficient(1).build())
                .build());

    @Override
    public String run() {
      try {
        return guard.watch();
      } catch (InterruptedException interrupted) {
        throw Workflow.wrap(interrupted);
      }
    }
  }

  @Test
  void aPausedActivityIsToldByItsHeartbeatAndWaitsUntilItMayGoOn() throws InterruptedException {
    try (Env env = new Env("pause-activity")) {
      env.work(WatchingImpl.class, new GuardImpl());
      Watching watching = env.stub(Watching.class);
      WorkflowClient.start(watching::run);
      Env.until("the activity runs", () -> !described(env).getPendingActivitiesList().isEmpty() && pending(env).contains("STARTED"));
      WorkflowExecution execution = WorkflowExecution.newBuilder().setWorkflowId(env.id("wf")).build();
      service.pauseActivity(
          PauseActivityRequest.newBuilder()
              .setNamespace(NAMESPACE).setExecution(execution).setType("Watch").setReason("lunch").build());
      Env.until("its attempt has ended", () -> pending(env).equals("PENDING_ACTIVITY_STATE_PAUSED"));
      assertTrue(described(env).getPendingActivities(0).getPaused());
      service.unpauseActivity(
          UnpauseActivityRequest.newBuilder().setNamespace(NAMESPACE).setExecution(execution).setType("Watch").build());
      assertEquals("attempt 2", WorkflowStub.fromTyped(watching).getResult(String.class));
    }
  }

  private String pending(Env env) {
    return described(env).getPendingActivities(0).getState().name();
  }
}
