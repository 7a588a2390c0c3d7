/** A workflow that changes its own search attributes and memo. */
import {
  ApplicationFailure,
  condition,
  defineSignal,
  setHandler,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { SearchAttributeType, defineSearchAttributeKey } from '@temporalio/common';

export const CUSTOMER = defineSearchAttributeKey('KlammItCustomer', SearchAttributeType.KEYWORD);
export const AMOUNT = defineSearchAttributeKey('KlammItAmount', SearchAttributeType.INT);
export const URGENT = defineSearchAttributeKey('KlammItUrgent', SearchAttributeType.BOOL);

export const close = defineSignal('close');

/** Raises its own amount by one, then waits for `close`. */
export async function order(fail: boolean): Promise<void> {
  let closed = false;
  setHandler(close, () => void (closed = true));
  const amount = workflowInfo().typedSearchAttributes.get(AMOUNT) ?? 0;
  upsertSearchAttributes([
    { key: AMOUNT, value: amount + 1 },
    { key: URGENT, value: true },
  ]);
  upsertMemo({ state: 'open' });
  await condition(() => closed);
  if (fail) throw ApplicationFailure.create({ message: 'failed on purpose' });
}
