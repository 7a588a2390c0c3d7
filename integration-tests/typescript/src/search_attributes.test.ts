/** Search attributes and the filters of List and Count. The index follows behind, so each answer is awaited. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { TypedSearchAttributes } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { Env, awaitUntil } from './harness';
import { AMOUNT, CUSTOMER, URGENT, close, order } from './workflows';

const { IndexedValueType } = temporal.api.enums.v1;
const TYPES = {
  [CUSTOMER.name]: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  [AMOUNT.name]: IndexedValueType.INDEXED_VALUE_TYPE_INT,
  [URGENT.name]: IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
};

before(async () => {
  const { operatorService } = (await Env.new('operator')).client.connection;
  try {
    await operatorService.addSearchAttributes({ namespace: 'default', searchAttributes: TYPES });
  } catch (error) {
    // Another suite on the same server may have been first.
    if (!/already exist/.test((error as { details?: string }).details ?? '')) throw error;
  }
  await awaitUntil(async () => {
    const { customAttributes } = await operatorService.listSearchAttributes({ namespace: 'default' });
    return Object.entries(TYPES).every(([name, type]) => customAttributes[name] === type);
  }, 'the custom search attributes are listed');
});

test('filters find runs by custom and system attributes, and describe shows what the workflow changed', async () => {
  const env = await Env.new('orders');
  const { workflow } = env.client;
  await env.withWorker(async () => {
    const amounts = [10, 20, 30, 40];
    for (const amount of amounts) {
      const handle = await workflow.start(order, {
        ...env.options([amount === 20], String(amount)),
        typedSearchAttributes: new TypedSearchAttributes([
          { key: CUSTOMER, value: env.taskQueue },
          { key: AMOUNT, value: amount },
        ]),
      });
      if (amount <= 20) await handle.signal(close);
    }
    const expected: [string, number[]][] = [
      [`${URGENT.name} = true`, amounts],
      [`${AMOUNT.name} = 31`, [30]],
      [`${AMOUNT.name} BETWEEN 21 AND 31`, [20, 30]],
      [`NOT (${AMOUNT.name} < 31)`, [30, 40]],
      [`ExecutionStatus = 'Failed'`, [20]],
      [`ExecutionStatus IN ('Running', 'Completed')`, [10, 30, 40]],
      [`CloseTime IS NULL`, [30, 40]],
      [`WorkflowType = 'order' AND WorkflowId = '${env.id('40')}'`, [40]],
    ];
    for (const [filter, found] of expected) {
      const query = `${CUSTOMER.name} = '${env.taskQueue}' AND ${filter}`;
      await awaitUntil(async () => {
        const ids: string[] = [];
        for await (const run of workflow.list({ query })) ids.push(run.workflowId);
        assert.deepEqual(ids.sort(), found.map((amount) => env.id(String(amount))), filter);
        assert.equal((await workflow.count(query)).count, found.length, filter);
        return true;
      }, filter);
    }
    const description = await workflow.getHandle(env.id('40')).describe();
    assert.equal(description.typedSearchAttributes.get(AMOUNT), 41);
    assert.equal(description.typedSearchAttributes.get(URGENT), true);
    assert.deepEqual(description.memo, { state: 'open' });
  });
});
