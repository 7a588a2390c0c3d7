package io.klamm.scenarios;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.temporal.api.common.v1.WorkflowExecution;
import io.temporal.api.history.v1.History;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.api.history.v1.WorkflowExecutionStartedEventAttributes;
import io.temporal.api.workflowservice.v1.DescribeWorkflowExecutionRequest;
import io.temporal.client.WorkflowClient;
import io.temporal.internal.common.WorkflowExecutionHistory;
import io.temporal.testing.WorkflowReplayer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Checks that the SDK replays the histories which a test has produced. */
final class Replays {
  private final WorkflowClient client;
  private final ArrayDeque<WorkflowExecution> left = new ArrayDeque<>();
  private final Set<WorkflowExecution> seen = new HashSet<>();
  private final List<WorkflowExecutionHistory> histories = new ArrayList<>();

  private Replays(WorkflowClient client) {
    this.client = client;
  }

  /** Replay all runs of these workflows, and those of their children. An id that no workflow has is passed over. */
  static void check(WorkflowClient client, Collection<String> ids, Collection<Class<?>> workflows) {
    Replays replays = new Replays(client);
    ids.forEach(replays::addNewestRun);
    while (!replays.left.isEmpty()) {
      replays.read(replays.left.pop());
    }
    if (replays.histories.isEmpty()) {
      return;
    }
    try {
      WorkflowReplayer.replayWorkflowExecutions(replays.histories, true, workflows.toArray(Class<?>[]::new));
    } catch (Exception refused) {
      throw new AssertionError("the SDK does not replay a history of this test", refused);
    }
  }

  private void addNewestRun(String id) {
    WorkflowExecution execution = WorkflowExecution.newBuilder().setWorkflowId(id).build();
    var request = DescribeWorkflowExecutionRequest.newBuilder().setNamespace(client.getOptions().getNamespace()).setExecution(execution);
    try {
      var described = Env.SERVICE.blockingStub().describeWorkflowExecution(request.build());
      add(id, described.getWorkflowExecutionInfo().getExecution().getRunId());
    } catch (StatusRuntimeException error) {
      if (error.getStatus().getCode() != Status.Code.NOT_FOUND) {
        throw error;
      }
    }
  }

  private void add(String id, String runId) {
    WorkflowExecution run = WorkflowExecution.newBuilder().setWorkflowId(id).setRunId(runId).build();
    if (!runId.isEmpty() && seen.add(run)) {
      left.push(run);
    }
  }

  /** Keep the run's history, and add the runs that it names. */
  private void read(WorkflowExecution run) {
    WorkflowExecutionHistory history = client.fetchHistory(run.getWorkflowId(), run.getRunId());
    String id = run.getWorkflowId();
    for (HistoryEvent event : history.getEvents()) {
      WorkflowExecutionStartedEventAttributes started = event.getWorkflowExecutionStartedEventAttributes();
      add(id, started.getFirstExecutionRunId());
      add(id, started.getContinuedExecutionRunId());
      add(id, event.getWorkflowTaskFailedEventAttributes().getBaseRunId());
      add(id, event.getWorkflowExecutionCompletedEventAttributes().getNewExecutionRunId());
      add(id, event.getWorkflowExecutionFailedEventAttributes().getNewExecutionRunId());
      add(id, event.getWorkflowExecutionTimedOutEventAttributes().getNewExecutionRunId());
      add(id, event.getWorkflowExecutionContinuedAsNewEventAttributes().getNewExecutionRunId());
      WorkflowExecution child = event.getChildWorkflowExecutionStartedEventAttributes().getWorkflowExecution();
      add(child.getWorkflowId(), child.getRunId());
    }
    // A run without a task has nothing to replay. No worker ever sees a termination, so this SDK's replayer does not know the event.
    List<HistoryEvent> events = history.getEvents().stream().filter(event -> !event.hasWorkflowExecutionTerminatedEventAttributes()).toList();
    if (events.stream().anyMatch(HistoryEvent::hasWorkflowTaskStartedEventAttributes)) {
      histories.add(new WorkflowExecutionHistory(History.newBuilder().addAllEvents(events).build(), id));
    }
  }
}
