import { expect, needsKlamm, NS, REFUSALS, row, start, test, unique } from './support';

test('the list shows runs, and an address leads to the same list', async ({ page }) => {
  await page.goto('/');
  await expect(page).toHaveURL(`${NS}/workflows`);
  const filter = page.getByRole('combobox', { name: 'Filter' });
  await filter.fill("WorkflowType = 'CreditCheck'");
  await filter.press('Enter');
  await expect(page).toHaveURL(/query=WorkflowType/);
  await expect(row(page, 'credit-ada')).toContainText('Failed');
  await expect(row(page, 'credit-ada')).toContainText('CreditCheck');
  await page.reload();
  await expect(filter).toHaveValue("WorkflowType = 'CreditCheck'");
  await expect(page.getByRole('status').filter({ hasText: /^4 workflows$/ })).toBeAttached();
});

test('statuses are counted, and chosen by a click', async ({ page }) => {
  await page.goto(`${NS}/workflows?query=${encodeURIComponent("WorkflowType = 'CreditCheck' OR WorkflowType = 'Order'")}`);
  const failed = page.getByRole('group', { name: 'By status' }).getByRole('button', { name: 'Failed 4' });
  await failed.click();
  await expect(failed).toHaveAttribute('aria-pressed', 'true');
  await expect(page).toHaveURL(/ExecutionStatus/);
  await expect(row(page, 'order-1042')).toHaveCount(0);
  await expect(row(page, 'credit-ada')).toBeVisible();
  await failed.click();
  await expect(row(page, 'order-1042')).toBeVisible();
});

test('the filter language is helped along by keyboard', async ({ page }) => {
  await page.goto(`${NS}/workflows`);
  await page.getByRole('heading', { name: 'Workflows' }).waitFor();
  await page.keyboard.press('/');
  const filter = page.getByRole('combobox', { name: 'Filter' });
  await expect(filter).toBeFocused();
  await page.keyboard.type('executionst');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.keyboard.type('= ');
  await page.keyboard.type("'term");
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(filter).toHaveValue("ExecutionStatus = 'Terminated' ");
  await page.keyboard.press('Enter');
  await expect(row(page, 'restock-bed')).toBeVisible();
  await expect(row(page, 'credit-ada')).toHaveCount(0);
});

test('a text that is no filter looks for ids and types', async ({ page }) => {
  await page.goto(`${NS}/workflows`);
  const filter = page.getByRole('combobox', { name: 'Filter' });
  await filter.fill('restock-');
  await filter.press('Enter');
  await expect(row(page, 'restock-lamp')).toBeVisible();
  await expect(row(page, 'order-1042')).toHaveCount(0);
});

test.describe('a broken filter', () => {
  test.use({ allowed: [REFUSALS] });
  test('is explained, and what was typed stays', async ({ page }) => {
    await page.goto(`${NS}/workflows`);
    const filter = page.getByRole('combobox', { name: 'Filter' });
    await filter.fill("WorkflowType = = 'x'");
    await filter.press('Enter');
    await expect(page.getByRole('alert')).toContainText('does not understand this filter');
    await expect(filter).toHaveValue("WorkflowType = = 'x'");
    await page.getByRole('button', { name: 'Clear the filter' }).click();
    await expect(row(page, 'order-1042').or(row(page, 'import-')).first()).toBeVisible();
  });
});

test('filters are saved, and columns chosen', async ({ page }) => {
  await page.goto(`${NS}/workflows?query=${encodeURIComponent("WorkflowType = 'Restock'")}`);
  await page.getByRole('button', { name: 'Filters', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Save this filter' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('Restocking');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.goto(`${NS}/workflows`);
  await page.getByRole('button', { name: 'Filters', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Restocking' }).click();
  await expect(page).toHaveURL(/Restock/);
  await page.getByRole('button', { name: 'Columns' }).click();
  await page.getByRole('menuitemcheckbox', { name: 'Task queue' }).click();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('columnheader', { name: 'Task queue' })).toBeVisible();
  await expect(row(page, 'restock-lamp')).toContainText('orders');
});

test('a workflow is started, and stands in the list by itself', async ({ page }) => {
  const id = unique('started');
  await page.goto(`${NS}/workflows?query=${encodeURIComponent(`WorkflowId = '${id}'`)}`);
  await expect(page.getByText('No workflow fits this filter')).toBeVisible();
  await page.getByRole('button', { name: 'Start a workflow' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Type').fill('Greeting');
  await dialog.getByLabel('Task queue').fill('orders');
  await dialog.getByLabel('Workflow id').fill(id);
  await dialog.getByLabel('Input').fill('Ada');
  await dialog.getByRole('button', { name: 'Start' }).click();
  await expect(dialog.getByRole('alert')).toContainText('not JSON');
  await dialog.getByLabel('Input').fill('"Ada"');
  await dialog.getByRole('button', { name: 'Start' }).click();
  await expect(page.getByRole('heading', { name: id })).toBeVisible();
  await expect(page.getByLabel('Result', { exact: true }).first()).toContainText('Hello, Ada!');
  await page.goto(`${NS}/workflows?query=${encodeURIComponent(`WorkflowId = '${id}'`)}`);
  await expect(row(page, id)).toContainText('Completed');
});

test('the list changes while a worker runs', async ({ page, request }) => {
  const id = unique('live');
  await page.goto(`${NS}/workflows?query=${encodeURIComponent(`WorkflowId = '${id}'`)}`);
  await expect(page.getByText('No workflow fits this filter')).toBeVisible();
  await start(request, id, 'Restock', ['lamp']);
  await expect(row(page, id)).toContainText('Running');
});

test('counts and events come by streams', async ({ page, request }) => {
  needsKlamm();
  const prefix = unique('streamed');
  const asked: string[] = [];
  page.on('request', (each) => asked.push(new URL(each.url()).pathname));
  const askedFor = (end: string) => asked.filter((path) => path.endsWith(end)).length;
  const count = (text: string) => page.getByRole('status').filter({ hasText: new RegExp(`^${text}$`) });
  await page.goto(`${NS}/workflows?query=${encodeURIComponent(`WorkflowId STARTS_WITH '${prefix}'`)}`);
  await expect(page.getByText('No workflow fits this filter')).toBeVisible();
  await start(request, `${prefix}-1`, 'Restock', ['lamp']);
  await expect(count('1 workflow')).toBeAttached();
  expect(askedFor('/workflow-count/live')).toBe(1);
  const before = askedFor('/workflow-count');
  await start(request, `${prefix}-2`, 'Restock', ['lamp']);
  await expect(count('2 workflows')).toBeAttached();
  expect(askedFor('/workflow-count')).toBe(before);

  await page.goto(`${NS}/workflows/${prefix}-1`);
  await expect(page.getByRole('button', { name: /^AskSupplier/ }).first()).toBeVisible();
  await expect.poll(() => askedFor('/history/live')).toBe(1);
  const read = askedFor('/history');
  const signalled = await request.post(`/api/v1/namespaces/default/workflows/${prefix}-1/signal/approve`, { data: { input: ['Grace'] } });
  expect(signalled.ok(), await signalled.text()).toBe(true);
  await expect(page.locator('main header').getByText('Completed')).toBeVisible();
  await expect(page.getByLabel('Result', { exact: true }).first()).toContainText('approved by Grace');
  expect(askedFor('/history')).toBe(read);
});

test('a namespace without runs says how to start one', async ({ page, request }) => {
  const name = unique('empty');
  const made = await request.post('/api/v1/namespaces', { data: { namespace: name, workflowExecutionRetentionPeriod: '86400s' } });
  expect(made.ok(), await made.text()).toBe(true);
  await page.goto(`/namespaces/${name}/workflows`);
  await expect(page.getByText(`No workflow has been started in ${name}`)).toBeVisible();
  await expect(page.getByText('temporal workflow start')).toBeVisible();
  await page.goto(`/namespaces/${name}/schedules`);
  await expect(page.getByText(`There is no schedule in ${name}`)).toBeVisible();
});
