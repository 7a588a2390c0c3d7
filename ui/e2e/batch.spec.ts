// What is done to many runs at once. One operation of a namespace goes on at a time, so these tests come one after the other.
import type { APIRequestContext, Page } from '@playwright/test';
import { expect, NS, row, start, test, unique } from './support';

test.describe.configure({ mode: 'serial' });

/** The list with these runs alone. */
async function listOf(page: Page, prefix: string, count: number): Promise<void> {
  await page.goto(`${NS}/workflows?query=${encodeURIComponent(`WorkflowId STARTS_WITH '${prefix}'`)}`);
  await expect(page.getByRole('status').filter({ hasText: new RegExp(`^${count} workflows?$`) })).toBeAttached();
}

async function startMany(request: APIRequestContext, prefix: string, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, index) => start(request, `${prefix}-${index}`, 'Restock', ['lamp'])));
}

/** No operation goes on any more, as the server sees it when another one is started. */
async function free(page: Page): Promise<void> {
  await page.goto(`${NS}/batch-operations`);
  await expect(page.getByRole('row').nth(1)).toBeVisible();
  await expect(page.getByRole('cell', { name: 'Running' })).toHaveCount(0);
}

const bar = (page: Page) => page.getByRole('group', { name: 'Chosen workflows' });
const progress = (page: Page) => page.getByRole('progressbar', { name: 'Progress' });

test('runs are chosen and terminated', async ({ page, request }) => {
  const prefix = unique('batch-end');
  await startMany(request, prefix, 3);
  await listOf(page, prefix, 3);
  await page.getByRole('checkbox', { name: `Choose ${prefix}-0` }).check();
  await page.getByRole('checkbox', { name: `Choose ${prefix}-2` }).check();
  await expect(bar(page).getByRole('status')).toHaveText('2 chosen');
  await bar(page).getByRole('button', { name: 'Terminate' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('heading')).toHaveText('Terminate: 2 workflows');
  await dialog.getByLabel('Reason').fill('no longer sold');
  await dialog.getByRole('button', { name: 'Terminate' }).click();
  await expect(page).toHaveURL(/batch-operations\/[0-9a-f-]+$/);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Terminate');
  await expect(progress(page)).toHaveAttribute('aria-valuetext', '2 of 2 workflows done');
  await expect(page.getByText('Completed').first()).toBeVisible();
  await expect(page.getByText('no longer sold')).toBeVisible();
  await expect(page.getByRole('link', { name: `${prefix}-2` })).toBeVisible();
  await listOf(page, prefix, 3);
  await expect(row(page, `${prefix}-0`)).toContainText('Terminated');
  await expect(row(page, `${prefix}-1`)).toContainText('Running');
  await expect(row(page, `${prefix}-2`)).toContainText('Terminated');
});

test('all that match get a signal', async ({ page, request }) => {
  await free(page);
  const prefix = unique('batch-signal');
  await startMany(request, prefix, 3);
  await listOf(page, prefix, 3);
  await page.getByRole('checkbox', { name: 'Choose all rows' }).check();
  await expect(bar(page).getByRole('status')).toHaveText('3 chosen');
  await bar(page).getByRole('button', { name: 'Choose all 3 that match' }).click();
  await expect(bar(page).getByRole('status')).toHaveText('All 3 workflows that match');
  await expect(page.getByRole('checkbox', { name: `Choose ${prefix}-1` })).toBeChecked();
  await bar(page).getByRole('button', { name: 'Signal' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText(`WorkflowId STARTS_WITH '${prefix}'`)).toBeVisible();
  await dialog.getByLabel('Signal').fill('approve');
  await dialog.getByLabel('Arguments').fill('Grace');
  await dialog.getByLabel('Reason').fill('sold again');
  await dialog.getByRole('button', { name: 'Send the signal' }).click();
  await expect(dialog.getByRole('alert')).toContainText('not JSON');
  await dialog.getByLabel('Arguments').fill('"Grace"');
  await dialog.getByRole('button', { name: 'Send the signal' }).click();
  await expect(progress(page)).toHaveAttribute('aria-valuetext', '3 of 3 workflows done');
  await page.getByRole('link', { name: 'Those that match now' }).click();
  await expect(page).toHaveURL(/query=/);
  await listOf(page, prefix, 3);
  for (const index of [0, 1, 2]) await expect(row(page, `${prefix}-${index}`)).toContainText('Completed');
});

test('runs are cancelled, reset and deleted', async ({ page, request }) => {
  const prefix = unique('batch-more');
  await startMany(request, prefix, 2);
  // A run is reset to a workflow task that has been done.
  await page.goto(`${NS}/workflows/${prefix}-1`);
  await expect(page.getByRole('button', { name: /^AskSupplier/ }).first()).toBeVisible();
  await page.goto(`${NS}/workflows/${prefix}-0`);
  await expect(page.getByRole('button', { name: /^AskSupplier/ }).first()).toBeVisible();
  const doTo = async (button: string, verb: string, count: number) => {
    await free(page);
    await listOf(page, prefix, count);
    await page.getByRole('checkbox', { name: 'Choose all rows' }).check();
    await bar(page).getByRole('button', { name: button }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Reason').fill(`${button} for a test`);
    await dialog.getByRole('button', { name: verb }).click();
    await expect(progress(page)).toHaveAttribute('aria-valuetext', `${count} of ${count} workflows done`);
  };
  await doTo('Reset', 'Reset', 2);
  // Each has a run that was terminated, and the one after it.
  await listOf(page, prefix, 4);
  await expect(row(page, `${prefix}-0`).filter({ hasText: 'Running' })).toHaveCount(1);
  await expect(row(page, `${prefix}-0`).filter({ hasText: 'Terminated' })).toHaveCount(1);
  await free(page);
  await page.goto(`${NS}/workflows?query=${encodeURIComponent(`WorkflowId STARTS_WITH '${prefix}' AND ExecutionStatus = 'Running'`)}`);
  await page.getByRole('checkbox', { name: `Choose ${prefix}-0` }).check();
  await page.getByRole('checkbox', { name: `Choose ${prefix}-1` }).check();
  await bar(page).getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('dialog').getByLabel('Reason').fill('too dear');
  await page.getByRole('dialog').getByRole('button', { name: 'Request cancellation' }).click();
  await expect(progress(page)).toHaveAttribute('aria-valuetext', '2 of 2 workflows done');
  await listOf(page, prefix, 4);
  await expect(page.getByRole('row').filter({ hasText: 'Canceled' })).toHaveCount(2);
  await doTo('Delete', 'Delete', 4);
  await page.goto(`${NS}/workflows?query=${encodeURIComponent(`WorkflowId STARTS_WITH '${prefix}'`)}`);
  await expect(page.getByText('No workflow fits this filter')).toBeVisible();
});

test('an operation is slow when it is to be, is seen in the list, and is stopped', async ({ page, request }) => {
  await free(page);
  const prefix = unique('batch-slow');
  await startMany(request, prefix, 12);
  await listOf(page, prefix, 12);
  await page.getByRole('checkbox', { name: 'Choose all rows' }).check();
  await bar(page).getByRole('button', { name: 'Terminate' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Reason').fill('slowly');
  await dialog.getByText('More', { exact: true }).click();
  await dialog.getByLabel('Id of the operation').fill(prefix);
  await dialog.getByLabel('Operations per second').fill('many');
  await dialog.getByRole('button', { name: 'Terminate' }).click();
  await expect(dialog.getByRole('alert')).toContainText('no number');
  await dialog.getByLabel('Operations per second').fill('0.2');
  await dialog.getByRole('button', { name: 'Terminate' }).click();
  await expect(page).toHaveURL(`${NS}/batch-operations/${prefix}`);
  await page.goto(`${NS}/batch-operations`);
  await expect(row(page, prefix)).toContainText('Running');
  await expect(row(page, prefix)).toContainText('Terminate');
  await page.getByRole('link', { name: prefix }).click();
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByRole('dialog').getByLabel('Reason').fill('enough');
  await page.getByRole('dialog').getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByText('What had been done until then stays done')).toBeVisible();
  await listOf(page, prefix, 12);
  await expect(page.getByRole('group', { name: 'By status' }).getByRole('button', { name: /^Running/ })).toBeVisible();
});

test('a namespace without operations says how one is started', async ({ page, request }) => {
  const name = unique('quiet');
  const made = await request.post('/api/v1/namespaces', { data: { namespace: name, workflowExecutionRetentionPeriod: '86400s' } });
  expect(made.ok(), await made.text()).toBe(true);
  await page.goto(`/namespaces/${name}/batch-operations`);
  await expect(page.getByText(`No batch operation has been started in ${name}`)).toBeVisible();
  await page.goto(`/namespaces/${name}/workers`);
  await expect(page.getByText(`No worker of ${name} sends heartbeats`)).toBeVisible();
});
