package io.klamm.scenarios;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.temporal.activity.ActivityInterface;
import io.temporal.activity.ActivityOptions;
import io.temporal.api.enums.v1.WorkflowIdConflictPolicy;
import io.temporal.client.UpdateOptions;
import io.temporal.client.WithStartWorkflowOperation;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowNotFoundException;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.client.WorkflowUpdateException;
import io.temporal.client.WorkflowUpdateHandle;
import io.temporal.client.WorkflowUpdateStage;
import io.temporal.failure.ApplicationFailure;
import io.temporal.worker.WorkerFactory;
import io.temporal.workflow.QueryMethod;
import io.temporal.workflow.SignalMethod;
import io.temporal.workflow.UpdateMethod;
import io.temporal.workflow.UpdateValidatorMethod;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Updates: accepted, rejected without a trace, answered once, over workers that go and runs that close. */
class UpdatesTest {
  @ActivityInterface
  public interface Doubling {
    int twice(int number);
  }

  public static class DoublingImpl implements Doubling {
    @Override
    public int twice(int number) {
      return 2 * number;
    }
  }

  @WorkflowInterface
  public interface Ledger {
    @WorkflowMethod
    List<Integer> run();

    @UpdateMethod
    int add(int number);

    @UpdateValidatorMethod(updateName = "add")
    void checkAdd(int number);

    @UpdateMethod
    int addDoubled(int number);

    @UpdateMethod
    int addWhenReleased(int number);

    @UpdateMethod
    void fail(String text);

    @SignalMethod
    void release();

    @SignalMethod
    void goOn();

    @SignalMethod
    void finish();

    @QueryMethod
    int total();
  }

  /** Adds what updates bring, until it is told to finish or to go on as a new run. */
  public static class LedgerImpl implements Ledger {
    private final List<Integer> entries = new ArrayList<>();
    private boolean released;
    private boolean next;
    private boolean finished;
    private final Doubling doubling =
        Workflow.newActivityStub(
            Doubling.class, ActivityOptions.newBuilder().setStartToCloseTimeout(Duration.ofSeconds(10)).build());

    @Override
    public List<Integer> run() {
      Workflow.await(() -> next || finished && Workflow.isEveryHandlerFinished());
      return next ? Workflow.newContinueAsNewStub(Ledger.class).run() : entries;
    }

    @Override
    public int add(int number) {
      entries.add(number);
      return total();
    }

    @Override
    public void checkAdd(int number) {
      if (number < 0) {
        throw ApplicationFailure.newFailure("no negative numbers", "Negative");
      }
    }

    @Override
    public int addDoubled(int number) {
      return add(doubling.twice(number));
    }

    @Override
    public int addWhenReleased(int number) {
      Workflow.await(() -> released);
      return add(number);
    }

    @Override
    public void fail(String text) {
      throw ApplicationFailure.newFailure(text, "Wanted");
    }

    @Override
    public void release() {
      released = true;
    }

    @Override
    public void goOn() {
      next = true;
    }

    @Override
    public void finish() {
      finished = true;
    }

    @Override
    public int total() {
      return entries.stream().mapToInt(Integer::intValue).sum();
    }
  }

  private static WorkerFactory work(Env env) {
    return env.work(LedgerImpl.class, new DoublingImpl());
  }

  private static Ledger started(Env env) {
    Ledger ledger = env.stub(Ledger.class);
    WorkflowClient.start(ledger::run);
    return ledger;
  }

  private static List<?> finished(Ledger ledger) {
    ledger.finish();
    return WorkflowStub.fromTyped(ledger).getResult(List.class);
  }

  private static UpdateOptions<Integer> options(String name, String id, WorkflowUpdateStage stage) {
    return UpdateOptions.newBuilder(Integer.class).setUpdateName(name).setUpdateId(id).setWaitForStage(stage).build();
  }

  private static WorkflowUpdateHandle<Integer> accepted(Ledger ledger, String name, String id, int number) {
    return WorkflowStub.fromTyped(ledger).startUpdate(options(name, id, WorkflowUpdateStage.ACCEPTED), number);
  }

  private static ApplicationFailure cause(WorkflowUpdateException failed) {
    return assertInstanceOf(ApplicationFailure.class, failed.getCause());
  }

  private static long count(List<String> names, String name) {
    return names.stream().filter(name::equals).count();
  }

  @Test
  void anUpdateIsAcceptedAndAnswered() {
    try (Env env = new Env("updates")) {
      work(env);
      Ledger ledger = started(env);
      assertEquals(3, ledger.add(3));
      assertEquals(7, ledger.add(4));
      assertEquals(21, ledger.addDoubled(7));
      assertEquals(List.of(3, 4, 14), finished(ledger));
      List<String> names = env.names("wf");
      assertEquals(3, count(names, "WORKFLOW_EXECUTION_UPDATE_ACCEPTED"));
      assertEquals(3, count(names, "WORKFLOW_EXECUTION_UPDATE_COMPLETED"));
    }
  }

  @Test
  void aRejectedUpdateLeavesNoTrace() {
    try (Env env = new Env("update-rejected")) {
      work(env);
      Ledger ledger = started(env);
      assertEquals(1, ledger.add(1));
      List<String> before = env.names("wf");
      for (int time = 0; time < 3; time++) {
        ApplicationFailure cause = cause(assertThrows(WorkflowUpdateException.class, () -> ledger.add(-1)));
        // Of what a validator throws, this SDK keeps the message only.
        assertEquals("no negative numbers", cause.getOriginalMessage());
      }
      assertEquals(before, env.names("wf"));
      assertEquals(1, ledger.total());
      assertEquals(3, ledger.add(2));
      assertEquals(List.of(1, 2), finished(ledger));
    }
  }

  @Test
  void anUpdateMayFailAfterItWasAccepted() {
    try (Env env = new Env("update-fails")) {
      work(env);
      Ledger ledger = started(env);
      ApplicationFailure cause = cause(assertThrows(WorkflowUpdateException.class, () -> ledger.fail("as wanted")));
      assertEquals("Wanted", cause.getType());
      assertEquals("as wanted", cause.getOriginalMessage());
      assertEquals(List.of(), finished(ledger));
      assertEquals(1, count(env.names("wf"), "WORKFLOW_EXECUTION_UPDATE_COMPLETED"));
    }
  }

  @Test
  void anUpdateThatTheWorkflowDoesNotHaveIsRejected() {
    try (Env env = new Env("update-unknown")) {
      work(env);
      Ledger ledger = started(env);
      WorkflowStub stub = WorkflowStub.fromTyped(ledger);
      assertThrows(WorkflowUpdateException.class, () -> stub.update("noSuchUpdate", Integer.class, 1));
      assertEquals(0, count(env.names("wf"), "WORKFLOW_EXECUTION_UPDATE_ACCEPTED"));
      assertEquals(List.of(), finished(ledger));
    }
  }

  @Test
  void aHandleOfAnAcceptedUpdateTellsTheOutcome() {
    try (Env env = new Env("update-handle")) {
      work(env);
      Ledger ledger = started(env);
      WorkflowStub stub = WorkflowStub.fromTyped(ledger);
      WorkflowUpdateHandle<Integer> handle = accepted(ledger, "addWhenReleased", "u1", 5);
      assertEquals("u1", handle.getId());
      assertEquals(stub.getExecution().getRunId(), handle.getExecution().getRunId());
      CompletableFuture<Integer> waiting = handle.getResultAsync();
      assertEquals(1, ledger.add(1));
      ledger.release();
      assertEquals(6, waiting.join());
      assertEquals(6, stub.getUpdateHandle("u1", Integer.class).getResult());
      assertEquals(List.of(1, 5), finished(ledger));
      assertEquals(6, stub.getUpdateHandle("u1", Integer.class).getResult(), "also when the run has closed");
    }
  }

  @Test
  void theSameIdIsTheSameUpdate() {
    try (Env env = new Env("update-once")) {
      work(env);
      Ledger ledger = started(env);
      for (int time = 0; time < 3; time++) {
        assertEquals(3, accepted(ledger, "add", "once", 3 + time).getResult());
      }
      assertEquals(List.of(3), finished(ledger));
    }
  }

  @Test
  void manyUpdatesAtOnceAreEachAppliedOnce() throws ExecutionException, InterruptedException {
    try (Env env = new Env("update-many")) {
      work(env);
      Ledger ledger = started(env);
      List<CompletableFuture<Integer>> sums =
          IntStream.rangeClosed(1, 8).mapToObj(n -> CompletableFuture.supplyAsync(() -> ledger.add(n))).toList();
      int most = 0;
      for (CompletableFuture<Integer> sum : sums) {
        most = Math.max(most, sum.get());
      }
      assertEquals(36, most);
      assertEquals(8, finished(ledger).size());
    }
  }

  @Test
  void anUpdateWaitsForAWorkerAndAnotherWorkerGoesOnWithIt() throws InterruptedException {
    try (Env env = new Env("update-workers")) {
      Ledger ledger = started(env);
      CompletableFuture<Integer> waiting = CompletableFuture.supplyAsync(() -> ledger.add(1));
      WorkerFactory first = work(env);
      assertEquals(1, waiting.join());
      WorkflowUpdateHandle<Integer> handle = accepted(ledger, "addWhenReleased", "u1", 5);
      Env.stop(first);
      work(env);
      ledger.release();
      assertEquals(6, handle.getResult());
      assertEquals(List.of(1, 5), finished(ledger));
    }
  }

  @Test
  void aClosedRunTakesNoUpdate() {
    try (Env env = new Env("update-late")) {
      work(env);
      Ledger ledger = started(env);
      finished(ledger);
      assertThrows(WorkflowNotFoundException.class, () -> ledger.add(1));
      WorkflowStub nobody = env.client.newUntypedWorkflowStub(env.id("nobody"));
      assertThrows(WorkflowNotFoundException.class, () -> nobody.update("add", Integer.class, 1));
    }
  }

  @Test
  void anAcceptedUpdateFailsWhenItsRunCloses() {
    try (Env env = new Env("update-closed")) {
      work(env);
      Ledger ledger = started(env);
      WorkflowUpdateHandle<Integer> handle = accepted(ledger, "addWhenReleased", "u1", 5);
      WorkflowStub.fromTyped(ledger).terminate("enough");
      WorkflowUpdateException failed = assertThrows(WorkflowUpdateException.class, handle::getResult);
      assertEquals("AcceptedUpdateCompletedWorkflow", cause(failed).getType());
    }
  }

  @Test
  void anUpdateDuringAContinueAsNewIsTakenByOneOfTheRuns() {
    try (Env env = new Env("update-continued")) {
      work(env);
      Ledger first = started(env);
      Ledger newest = env.client.newWorkflowStub(Ledger.class, env.id("wf"));
      for (int time = 0; time < 3; time++) {
        newest.goOn();
        assertEquals(1, newest.add(1));
      }
      newest.finish();
      WorkflowStub.fromTyped(first).getResult(List.class);
    }
  }

  @Test
  void anUpdateWithStartStartsOnceAndUpdatesEachTime() {
    try (Env env = new Env("update-with-start")) {
      work(env);
      WorkflowOptions useExisting =
          WorkflowOptions.newBuilder(env.options("wf"))
              .setWorkflowIdConflictPolicy(WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING)
              .build();
      Ledger[] ledgers = new Ledger[2];
      WorkflowUpdateHandle<?>[] handles = new WorkflowUpdateHandle<?>[2];
      for (int time = 0; time < 2; time++) {
        Ledger ledger = env.client.newWorkflowStub(Ledger.class, useExisting);
        ledgers[time] = ledger;
        handles[time] =
            WorkflowClient.startUpdateWithStart(
                ledger::add, 2 + time, options("add", "u" + time, WorkflowUpdateStage.COMPLETED), new WithStartWorkflowOperation<>(ledger::run));
      }
      assertEquals(2, handles[0].getResult());
      assertEquals(5, handles[1].getResult());
      assertEquals(handles[0].getExecution(), handles[1].getExecution());
      assertEquals(List.of(2, 3), finished(ledgers[1]));
    }
  }

  @Test
  void aRejectedUpdateWithStartStartsNevertheless() {
    try (Env env = new Env("update-with-start-rejected")) {
      work(env);
      WorkflowOptions fail =
          WorkflowOptions.newBuilder(env.options("wf"))
              .setWorkflowIdConflictPolicy(WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_FAIL)
              .build();
      Ledger ledger = env.client.newWorkflowStub(Ledger.class, fail);
      WorkflowUpdateException failed =
          assertThrows(
              WorkflowUpdateException.class,
              () ->
                  WorkflowClient.executeUpdateWithStart(
                      ledger::add, -1, options("add", "u", WorkflowUpdateStage.COMPLETED), new WithStartWorkflowOperation<>(ledger::run)));
      assertEquals("no negative numbers", cause(failed).getOriginalMessage());
      assertEquals(1, ledger.add(1));
      assertEquals(List.of(1), finished(ledger));
    }
  }
}
