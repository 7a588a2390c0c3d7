package io.klamm.scenarios;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.grpc.StatusRuntimeException;
import io.temporal.api.enums.v1.IndexedValueType;
import io.temporal.api.operatorservice.v1.AddSearchAttributesRequest;
import io.temporal.api.operatorservice.v1.ListSearchAttributesRequest;
import io.temporal.api.operatorservice.v1.OperatorServiceGrpc;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowExecutionMetadata;
import io.temporal.client.WorkflowOptions;
import io.temporal.common.SearchAttributeKey;
import io.temporal.common.SearchAttributes;
import io.temporal.failure.ApplicationFailure;
import io.temporal.workflow.SignalMethod;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Search attributes and the filters of List and Count. The index follows behind, so each answer is awaited. */
class SearchAttributesTest {
  private static final SearchAttributeKey<String> CUSTOMER = SearchAttributeKey.forKeyword("KlammItCustomer");
  private static final SearchAttributeKey<Long> AMOUNT = SearchAttributeKey.forLong("KlammItAmount");
  private static final SearchAttributeKey<Boolean> URGENT = SearchAttributeKey.forBoolean("KlammItUrgent");

  @WorkflowInterface
  public interface Order {
    @WorkflowMethod
    void run(boolean fail);

    @SignalMethod
    void close();
  }

  /** Raises its own amount by one, then waits for {@code close}. */
  public static class OrderImpl implements Order {
    private boolean closed;

    @Override
    public void run(boolean fail) {
      long amount = Workflow.getTypedSearchAttributes().get(AMOUNT);
      Workflow.upsertTypedSearchAttributes(AMOUNT.valueSet(amount + 1), URGENT.valueSet(true));
      Workflow.upsertMemo(Map.of("state", "open"));
      Workflow.await(() -> closed);
      if (fail) {
        throw ApplicationFailure.newFailure("failed on purpose", "Test");
      }
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  @BeforeAll
  static void addAttributes() throws InterruptedException {
    var operator = OperatorServiceGrpc.newBlockingStub(Env.SERVICE.getRawChannel());
    var types =
        Map.of(
            CUSTOMER.getName(), IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
            AMOUNT.getName(), IndexedValueType.INDEXED_VALUE_TYPE_INT,
            URGENT.getName(), IndexedValueType.INDEXED_VALUE_TYPE_BOOL);
    try {
      operator.addSearchAttributes(
          AddSearchAttributesRequest.newBuilder().setNamespace("default").putAllSearchAttributes(types).build());
    } catch (StatusRuntimeException error) {
      // Another suite on the same server may have been first.
      if (!String.valueOf(error.getMessage()).contains("already exist")) {
        throw error;
      }
    }
    var list = ListSearchAttributesRequest.newBuilder().setNamespace("default").build();
    Env.until(
        "the custom search attributes are listed",
        () -> operator.listSearchAttributes(list).getCustomAttributesMap().keySet().containsAll(types.keySet()));
  }

  @Test
  void filtersFindRunsByCustomAndSystemAttributes() throws InterruptedException {
    try (Env env = new Env("orders")) {
      env.work(OrderImpl.class);
      for (long amount : List.of(10L, 20L, 30L, 40L)) {
        SearchAttributes attributes =
            SearchAttributes.newBuilder().set(CUSTOMER, env.queue).set(AMOUNT, amount).build();
        WorkflowOptions options =
            WorkflowOptions.newBuilder(env.options(String.valueOf(amount))).setTypedSearchAttributes(attributes).build();
        Order order = env.client.newWorkflowStub(Order.class, options);
        WorkflowClient.start(order::run, amount == 20);
        if (amount <= 20) {
          order.close();
        }
      }
      Map<String, List<Integer>> expected = new LinkedHashMap<>();
      expected.put("KlammItUrgent = true", List.of(10, 20, 30, 40));
      expected.put("KlammItAmount = 31", List.of(30));
      expected.put("KlammItAmount BETWEEN 21 AND 31", List.of(20, 30));
      expected.put("NOT (KlammItAmount < 31)", List.of(30, 40));
      expected.put("ExecutionStatus = 'Failed'", List.of(20));
      expected.put("ExecutionStatus IN ('Running', 'Completed')", List.of(10, 30, 40));
      expected.put("CloseTime IS NULL", List.of(30, 40));
      expected.put("WorkflowType = 'Order' AND WorkflowId = '" + env.id("40") + "'", List.of(40));
      for (var entry : expected.entrySet()) {
        String query = "KlammItCustomer = '" + env.queue + "' AND " + entry.getKey();
        List<String> ids = entry.getValue().stream().map(amount -> env.id(String.valueOf(amount))).toList();
        Env.until(entry.getKey(), () -> listed(env.client, query).equals(ids));
        assertEquals(ids.size(), env.client.countWorkflows(query).getCount(), query);
      }
      WorkflowExecutionMetadata description = env.client.newUntypedWorkflowStub(env.id("40")).describe();
      assertEquals(41, description.getTypedSearchAttributes().get(AMOUNT));
      assertEquals("open", description.getMemo("state", String.class));
    }
  }

  private static List<String> listed(WorkflowClient client, String query) {
    return client.listExecutions(query).map(run -> run.getExecution().getWorkflowId()).sorted().toList();
  }
}
