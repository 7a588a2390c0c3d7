package io.klamm.scenarios;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.temporal.api.enums.v1.ParentClosePolicy;
import io.temporal.api.enums.v1.WorkflowExecutionStatus;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowStub;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.CanceledFailure;
import io.temporal.failure.ChildWorkflowFailure;
import io.temporal.failure.TemporalFailure;
import io.temporal.failure.TerminatedFailure;
import io.temporal.failure.TimeoutFailure;
import io.temporal.workflow.Async;
import io.temporal.workflow.ChildWorkflowCancellationType;
import io.temporal.workflow.ChildWorkflowOptions;
import io.temporal.workflow.Promise;
import io.temporal.workflow.SignalMethod;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Children: how they end and what their parents are told; policies, cancellation, chains. */
class ChildrenTest {
  @WorkflowInterface
  public interface Ending {
    @WorkflowMethod
    String run(String how);

    @SignalMethod
    void say(String text);
  }

  /** Ends as it is told to. */
  public static class EndingImpl implements Ending {
    private String said;

    @Override
    public String run(String how) {
      switch (how) {
        case "fail":
          throw ApplicationFailure.newNonRetryableFailure("boom", "Boom", "details");
        case "wait":
          Workflow.sleep(Duration.ofHours(1));
          return "nobody came";
        case "signal":
          Workflow.await(() -> said != null);
          return said;
        default:
          return how;
      }
    }

    @Override
    public void say(String text) {
      said = text;
    }
  }

  /** The id of the only child of most parents here. */
  private static ChildWorkflowOptions.Builder child() {
    return ChildWorkflowOptions.newBuilder().setWorkflowId(Workflow.getInfo().getWorkflowId() + "-child");
  }

  @WorkflowInterface
  public interface Parent {
    @WorkflowMethod
    String run(String how, ChildWorkflowCancellationType cancellation);
  }

  /** Tells how its child has ended. */
  public static class ParentImpl implements Parent {
    @Override
    public String run(String how, ChildWorkflowCancellationType cancellation) {
      ChildWorkflowOptions.Builder options = child().setCancellationType(cancellation);
      if (how.equals("time out")) {
        options.setWorkflowRunTimeout(Duration.ofSeconds(1));
      }
      Ending ending = Workflow.newChildWorkflowStub(Ending.class, options.build());
      Promise<String> result = Async.function(ending::run, how.equals("time out") ? "wait" : how);
      if (how.equals("signal")) {
        Workflow.getWorkflowExecution(ending).get();
        ending.say("hello");
      }
      try {
        return "completed: " + result.get();
      } catch (ChildWorkflowFailure failure) {
        return ended(failure);
      }
    }
  }

  private static String ended(TemporalFailure failure) {
    Throwable cause = failure.getCause();
    if (cause instanceof ApplicationFailure failed) {
      return "failed: " + failed.getType();
    }
    return cause.getClass().getSimpleName();
  }

  private static final ChildWorkflowCancellationType COMPLETED = ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED;

  private static Parent started(Env env, String how, ChildWorkflowCancellationType cancellation) {
    Parent parent = env.stub(Parent.class);
    WorkflowClient.start(parent::run, how, cancellation);
    return parent;
  }

  private static String result(Parent parent) {
    return WorkflowStub.fromTyped(parent).getResult(String.class);
  }

  private static WorkflowStub child(Env env) {
    return env.client.newUntypedWorkflowStub(env.id("wf-child"));
  }

  private static void awaitChild(Env env) throws InterruptedException {
    Env.until("the child has started", () -> env.names("wf").contains("CHILD_WORKFLOW_EXECUTION_STARTED"));
  }

  private static long count(Env env, String suffix, String name) {
    return env.names(suffix).stream().filter(name::equals).count();
  }

  @Test
  void aParentIsToldOfAResult() {
    try (Env env = new Env("child")) {
      env.work(ParentImpl.class, EndingImpl.class);
      assertEquals("completed: fine", env.stub(Parent.class).run("fine", COMPLETED));
      var started = env.history("wf-child").get(0).getWorkflowExecutionStartedEventAttributes();
      assertEquals(env.id("wf"), started.getParentWorkflowExecution().getWorkflowId());
      assertEquals(env.id("wf"), started.getRootWorkflowExecution().getWorkflowId());
    }
  }

  @Test
  void aParentIsToldOfAFailure() {
    try (Env env = new Env("child-fails")) {
      env.work(ParentImpl.class, EndingImpl.class);
      assertEquals("failed: Boom", env.stub(Parent.class).run("fail", COMPLETED));
      assertEquals(1, count(env, "wf", "CHILD_WORKFLOW_EXECUTION_FAILED"));
    }
  }

  @Test
  void aParentIsToldOfATimeout() {
    try (Env env = new Env("child-times-out")) {
      env.work(ParentImpl.class, EndingImpl.class);
      assertEquals(TimeoutFailure.class.getSimpleName(), env.stub(Parent.class).run("time out", COMPLETED));
      assertEquals(1, count(env, "wf", "CHILD_WORKFLOW_EXECUTION_TIMED_OUT"));
    }
  }

  @Test
  void aParentSignalsItsChild() {
    try (Env env = new Env("child-signal")) {
      env.work(ParentImpl.class, EndingImpl.class);
      assertEquals("completed: hello", env.stub(Parent.class).run("signal", COMPLETED));
      assertEquals(1, count(env, "wf", "EXTERNAL_WORKFLOW_EXECUTION_SIGNALED"));
    }
  }

  @Test
  void aParentIsToldThatItsChildWasTerminatedOrCancelled() throws InterruptedException {
    try (Env env = new Env("child-terminated")) {
      env.work(ParentImpl.class, EndingImpl.class);
      Parent parent = started(env, "wait", COMPLETED);
      awaitChild(env);
      child(env).terminate("enough");
      assertEquals(TerminatedFailure.class.getSimpleName(), result(parent));
    }
    try (Env env = new Env("child-cancelled")) {
      env.work(ParentImpl.class, EndingImpl.class);
      Parent parent = started(env, "wait", COMPLETED);
      awaitChild(env);
      child(env).cancel();
      assertEquals(CanceledFailure.class.getSimpleName(), result(parent));
      assertEquals(1, count(env, "wf", "CHILD_WORKFLOW_EXECUTION_CANCELED"));
    }
  }

  @ParameterizedTest
  @EnumSource
  void aCancelledParentTreatsItsChildByTheCancellationType(ChildWorkflowCancellationType type) throws InterruptedException {
    try (Env env = new Env("child-" + type.name().toLowerCase().replace('_', '-'))) {
      env.work(ParentImpl.class, EndingImpl.class);
      Parent parent = started(env, "wait", type);
      awaitChild(env);
      WorkflowStub.fromTyped(parent).cancel();
      assertInstanceOf(CanceledFailure.class, failure(WorkflowStub.fromTyped(parent)));
      boolean abandoned = type == ChildWorkflowCancellationType.ABANDON;
      boolean requested = type == ChildWorkflowCancellationType.WAIT_CANCELLATION_REQUESTED;
      boolean completed = type == ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED;
      assertEquals(abandoned ? 0 : 1, count(env, "wf", "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED"));
      assertEquals(completed || requested ? 1 : 0, count(env, "wf", "EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED"));
      if (!requested) { // Then the child may end before its parent, or after it.
        assertEquals(completed ? 1 : 0, count(env, "wf", "CHILD_WORKFLOW_EXECUTION_CANCELED"));
      }
      // A child that still runs when its parent closes is terminated, because that is its parent's policy.
      Throwable end = failure(child(env));
      assertTrue(end instanceof TerminatedFailure || end instanceof CanceledFailure && !abandoned, () -> "the child ended by " + end);
    }
  }

  @Test
  void aChildWhoseIdIsTakenDoesNotStart() {
    try (Env env = new Env("child-taken")) {
      env.work(ParentImpl.class, EndingImpl.class);
      Ending taken = env.stub(Ending.class, "wf-child");
      WorkflowClient.start(taken::run, "signal");
      assertEquals("WorkflowExecutionAlreadyStarted", env.stub(Parent.class).run("fine", COMPLETED));
      assertEquals(1, count(env, "wf", "START_CHILD_WORKFLOW_EXECUTION_FAILED"));
      taken.say("done");
      assertEquals("done", WorkflowStub.fromTyped(taken).getResult(String.class));
    }
  }

  @WorkflowInterface
  public interface Policies {
    @WorkflowMethod
    void run(List<String> policies);

    @SignalMethod
    void finish();
  }

  /** Starts a child of each policy and closes when it is told to. */
  public static class PoliciesImpl implements Policies {
    private boolean finished;

    @Override
    public void run(List<String> policies) {
      for (String policy : policies) {
        ChildWorkflowOptions options =
            ChildWorkflowOptions.newBuilder()
                .setWorkflowId(Workflow.getInfo().getWorkflowId() + "-" + policy)
                .setParentClosePolicy(ParentClosePolicy.valueOf(policy))
                .build();
        Ending ending = Workflow.newChildWorkflowStub(Ending.class, options);
        Async.function(ending::run, "wait");
        Workflow.getWorkflowExecution(ending).get();
      }
      Workflow.await(() -> finished);
    }

    @Override
    public void finish() {
      finished = true;
    }
  }

  @Test
  void childrenOfAClosedParentEndByTheirPolicies() {
    try (Env env = new Env("child-policies")) {
      env.work(PoliciesImpl.class, EndingImpl.class);
      Policies parent = env.stub(Policies.class);
      List<ParentClosePolicy> policies =
          List.of(
              ParentClosePolicy.PARENT_CLOSE_POLICY_TERMINATE,
              ParentClosePolicy.PARENT_CLOSE_POLICY_REQUEST_CANCEL,
              ParentClosePolicy.PARENT_CLOSE_POLICY_ABANDON);
      WorkflowClient.start(parent::run, policies.stream().map(Enum::name).toList());
      parent.finish();
      WorkflowStub.fromTyped(parent).getResult(Void.class);
      List<WorkflowStub> children = policies.stream().map(policy -> env.client.newUntypedWorkflowStub(env.id("wf-" + policy))).toList();
      assertInstanceOf(TerminatedFailure.class, failure(children.get(0)));
      assertInstanceOf(CanceledFailure.class, failure(children.get(1)));
      assertEquals(WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING, children.get(2).describe().getStatus());
      children.get(2).terminate("enough");
    }
  }

  private static Throwable failure(WorkflowStub stub) {
    return assertThrows(WorkflowFailedException.class, () -> stub.getResult(String.class)).getCause();
  }

  @WorkflowInterface
  public interface Following {
    @WorkflowMethod
    String run(String what);
  }

  /** Has a child whose chain has several runs: they continue as new, or fail at first. */
  public static class FollowingImpl implements Following {
    @Override
    public String run(String what) {
      return what.equals("countdown")
          ? Workflow.newChildWorkflowStub(ContinueAsNewTest.Countdown.class, child().build()).run(2, "")
          : Workflow.newChildWorkflowStub(ChainsTest.Unlucky.class, child().setRetryOptions(ChainsTest.quickly()).build()).run(3);
    }
  }

  @Test
  void aChildsChainOfRunsHasOneEnd() {
    try (Env env = new Env("child-chain")) {
      env.work(FollowingImpl.class, ContinueAsNewTest.CountdownImpl.class);
      assertEquals("2 1 0", env.stub(Following.class).run("countdown"));
      assertEquals(1, count(env, "wf", "CHILD_WORKFLOW_EXECUTION_STARTED"));
      assertEquals(1, count(env, "wf", "CHILD_WORKFLOW_EXECUTION_COMPLETED"));
    }
  }

  @Test
  void aChildIsRetriedBehindItsParentsBack() {
    try (Env env = new Env("child-retry")) {
      env.work(FollowingImpl.class, ChainsTest.UnluckyImpl.class);
      assertEquals("attempt 2", env.stub(Following.class).run("unlucky"));
      assertFalse(env.names("wf").contains("CHILD_WORKFLOW_EXECUTION_FAILED"));
    }
  }
}
