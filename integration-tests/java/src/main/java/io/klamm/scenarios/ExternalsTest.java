package io.klamm.scenarios;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.temporal.api.common.v1.WorkflowExecution;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowStub;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.CanceledFailure;
import io.temporal.workflow.CancelExternalWorkflowException;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Workflows that signal and cancel others. */
class ExternalsTest {
  @WorkflowInterface
  public interface Forward {
    @WorkflowMethod
    void run(String target, List<String> texts);
  }

  /** Signals another workflow with each text in turn, then tells it to finish. */
  public static class ForwardImpl implements Forward {
    @Override
    public void run(String target, List<String> texts) {
      SignalsTest.Gather gather = Workflow.newExternalWorkflowStub(SignalsTest.Gather.class, target);
      texts.forEach(gather::add);
      gather.finish();
    }
  }

  @WorkflowInterface
  public interface Cancelling {
    @WorkflowMethod
    void run(String target, String run);
  }

  /** Cancels another workflow. */
  public static class CancellingImpl implements Cancelling {
    @Override
    public void run(String target, String run) {
      WorkflowExecution execution = WorkflowExecution.newBuilder().setWorkflowId(target).setRunId(run).build();
      Workflow.newUntypedExternalWorkflowStub(execution).cancel();
    }
  }

  @WorkflowInterface
  public interface Missing {
    @WorkflowMethod
    List<String> run(String target);
  }

  /** Signals and cancels a workflow that is not there, and tells what came of it. */
  public static class MissingImpl implements Missing {
    @Override
    public List<String> run(String target) {
      var stub = Workflow.newUntypedExternalWorkflowStub(target);
      return List.of(failure(() -> stub.signal("add", "x")), failure(stub::cancel));
    }

    /** What the SDK makes of a target that is not there: a failure with the cause as type for a signal, an exception of its own for a cancel. */
    private static String failure(Runnable call) {
      try {
        call.run();
        return "none";
      } catch (ApplicationFailure failure) {
        return failure.getType();
      } catch (CancelExternalWorkflowException failure) {
        return failure.getClass().getSimpleName();
      }
    }
  }

  @Test
  void aWorkflowSignalsAnother() {
    try (Env env = new Env("external-signal")) {
      env.work(SignalsTest.GatherImpl.class, ForwardImpl.class);
      SignalsTest.Gather target = env.stub(SignalsTest.Gather.class, "target");
      WorkflowClient.start(target::run, List.<String>of());
      env.stub(Forward.class).run(env.id("target"), List.of("a", "b"));
      assertEquals(List.of("a", "b"), WorkflowStub.fromTyped(target).getResult(List.class));
      var signals = env.history("target").stream().filter(event -> event.hasWorkflowExecutionSignaledEventAttributes()).toList();
      var source = signals.get(0).getWorkflowExecutionSignaledEventAttributes().getExternalWorkflowExecution();
      assertEquals(env.id("wf"), source.getWorkflowId());
    }
  }

  @Test
  void aWorkflowCancelsAnother() {
    try (Env env = new Env("external-cancel")) {
      env.work(EndsTest.WaitingImpl.class, CancellingImpl.class, new EndsTest.CleaningImpl());
      EndsTest.Waiting target = env.stub(EndsTest.Waiting.class, "target");
      String run = WorkflowClient.start(target::run).getRunId();
      env.stub(Cancelling.class).run(env.id("target"), run);
      WorkflowStub stub = WorkflowStub.fromTyped(target);
      WorkflowFailedException failed = assertThrows(WorkflowFailedException.class, () -> stub.getResult(String.class));
      assertInstanceOf(CanceledFailure.class, failed.getCause());
    }
  }

  @Test
  void aWorkflowThatIsNotThereIsNotFound() {
    try (Env env = new Env("external-missing")) {
      env.work(MissingImpl.class);
      assertEquals(
          List.of(
              "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND",
              CancelExternalWorkflowException.class.getSimpleName()),
          env.stub(Missing.class).run(env.id("nobody")));
    }
  }
}
