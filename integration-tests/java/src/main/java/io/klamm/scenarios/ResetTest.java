package io.klamm.scenarios;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.temporal.api.enums.v1.ResetReapplyExcludeType;
import io.temporal.api.enums.v1.WorkflowExecutionStatus;
import io.temporal.api.workflowservice.v1.ResetWorkflowExecutionRequest;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowStub;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Runs begin again, with what came after the point or without it. This SDK has no call of its own for it. */
class ResetTest {
  /** The event with which the first workflow task of a run ends. */
  private static final long FIRST_TASK_COMPLETED = 4;

  private static <T> T reset(Env env, Class<T> type, long point, ResetReapplyExcludeType... excluded) {
    var request =
        ResetWorkflowExecutionRequest.newBuilder()
            .setNamespace("default")
            .setReason("wrong")
            .setRequestId(UUID.randomUUID().toString())
            .setWorkflowTaskFinishEventId(point)
            .addAllResetReapplyExcludeTypes(List.of(excluded));
    request.getWorkflowExecutionBuilder().setWorkflowId(env.id("wf"));
    String run = Env.SERVICE.blockingStub().resetWorkflowExecution(request.build()).getRunId();
    return env.client.newWorkflowStub(type, env.id("wf"), Optional.of(run));
  }

  private static <T> T reset(Env env, Class<T> type, ResetReapplyExcludeType... excluded) {
    return reset(env, type, FIRST_TASK_COMPLETED, excluded);
  }

  private static SignalsTest.Gather gathering(Env env) {
    env.work(SignalsTest.GatherImpl.class);
    SignalsTest.Gather gather = env.stub(SignalsTest.Gather.class);
    WorkflowClient.start(gather::run, List.of("a"));
    assertEquals(List.of("a"), gather.gathered());
    gather.add("b");
    assertEquals(List.of("a", "b"), gather.gathered());
    return gather;
  }

  @Test
  void aWorkflowBeginsAgainWithTheSignalsItGot() {
    try (Env env = new Env("reset")) {
      SignalsTest.Gather gather = gathering(env);
      SignalsTest.Gather again = reset(env, SignalsTest.Gather.class);
      assertEquals(List.of("a", "b"), again.gathered());
      again.add("c");
      again.finish();
      assertEquals(List.of("a", "b", "c"), WorkflowStub.fromTyped(again).getResult(List.class));
      String first = WorkflowStub.fromTyped(gather).getExecution().getRunId();
      WorkflowStub base = env.client.newUntypedWorkflowStub(env.id("wf"), Optional.of(first), Optional.empty());
      assertEquals(WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TERMINATED, base.describe().getStatus());
    }
  }

  @Test
  void aWorkflowBeginsAgainWithoutItsSignals() {
    try (Env env = new Env("reset-bare")) {
      gathering(env);
      SignalsTest.Gather again = reset(env, SignalsTest.Gather.class, ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL);
      assertEquals(List.of("a"), again.gathered());
      again.finish();
      assertEquals(List.of("a"), WorkflowStub.fromTyped(again).getResult(List.class));
    }
  }

  @Test
  void aCompletedWorkflowBeginsAgain() {
    try (Env env = new Env("reset-closed")) {
      SignalsTest.Gather gather = gathering(env);
      gather.finish();
      WorkflowStub.fromTyped(gather).getResult(List.class);
      SignalsTest.Gather again = reset(env, SignalsTest.Gather.class);
      assertEquals(List.of("a", "b"), WorkflowStub.fromTyped(again).getResult(List.class));
      SignalsTest.Gather third = reset(env, SignalsTest.Gather.class);
      assertEquals(List.of("a", "b"), WorkflowStub.fromTyped(third).getResult(List.class), "the reset of a reset");
    }
  }

  @Test
  void aWorkflowBeginsAgainWithItsUpdates() throws InterruptedException {
    try (Env env = new Env("reset-updates")) {
      env.work(UpdatesTest.LedgerImpl.class, new UpdatesTest.DoublingImpl());
      UpdatesTest.Ledger ledger = env.stub(UpdatesTest.Ledger.class);
      WorkflowClient.start(ledger::run);
      Env.until("the first task is completed", () -> env.names("wf").contains("WORKFLOW_TASK_COMPLETED"));
      assertEquals(5, ledger.add(5));
      assertEquals(11, ledger.addDoubled(3));
      UpdatesTest.Ledger again = reset(env, UpdatesTest.Ledger.class);
      Env.until("both are applied again", () -> count(env, "WORKFLOW_EXECUTION_UPDATE_COMPLETED") == 2);
      assertEquals(2, count(env, "WORKFLOW_EXECUTION_UPDATE_ADMITTED"));
      assertEquals(13, again.add(2));
      UpdatesTest.Ledger bare = reset(env, UpdatesTest.Ledger.class, ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_UPDATE);
      assertEquals(1, bare.add(1));
      bare.finish();
      assertEquals(List.of(1), WorkflowStub.fromTyped(bare).getResult(List.class));
    }
  }

  private static long count(Env env, String name) {
    return env.names("wf").stream().filter(name::equals).count();
  }

  @Test
  void aPointWithoutATaskIsRefused() {
    try (Env env = new Env("reset-refused")) {
      gathering(env);
      StatusRuntimeException refused =
          assertThrows(StatusRuntimeException.class, () -> reset(env, SignalsTest.Gather.class, 100));
      assertEquals(Status.Code.INVALID_ARGUMENT, refused.getStatus().getCode());
    }
  }
}
