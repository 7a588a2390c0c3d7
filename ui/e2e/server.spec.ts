import { expect, needsKlamm, NS, row, start, test, unique } from './support';

test('task queues tell who waits and who polls', async ({ page }) => {
  needsKlamm();
  await page.goto(`${NS}/task-queues`);
  await expect(row(page, 'imports').first()).toContainText('no worker');
  await row(page, 'orders').getByRole('link').first().click();
  await expect(page.getByText('world@tests').first()).toBeVisible();
  await page.goto(`${NS}/task-queues/imports`);
  await expect(page.getByText('No worker polls this queue')).toBeVisible();
  await page.getByRole('link', { name: 'Its workflows' }).click();
  await expect(row(page, 'import-').first()).toBeVisible();
});

test('records come in while one looks, and are looked up by key and offset', async ({ page, request }) => {
  needsKlamm();
  await page.goto('/topics');
  await page.getByRole('link', { name: /history$/ }).click();
  await expect(page.getByRole('status').filter({ hasText: /^Live$/ })).toBeVisible();
  await expect(page.getByRole('list', { name: 'Records' }).getByRole('listitem').first()).toBeVisible();
  const id = unique('record');
  await page.getByLabel('Key contains').fill(id);
  await page.getByRole('button', { name: 'Show' }).click();
  await expect(page.getByText(`No record whose key contains “${id}”`)).toBeVisible();
  await start(request, id, 'Greeting', ['Ada']);
  const records = page.getByRole('list', { name: 'Records' }).getByRole('listitem');
  await expect(records.filter({ hasText: id }).first()).toBeVisible();
  await records.first().getByRole('button').click();
  await expect(page.getByLabel('Value', { exact: true })).toContainText('"');
  await page.getByLabel('Key contains').fill('');
  await page.getByLabel('From offset').fill('0');
  await page.getByRole('button', { name: 'Show' }).click();
  await expect(page).toHaveURL(/offset=0/);
  await expect(records.first()).toContainText('0/0');
});

test('partitions have owners', async ({ page }) => {
  needsKlamm();
  await page.goto('/partitions');
  const table = page.getByRole('table', { name: 'Partitions' });
  await expect(table.getByRole('row')).toHaveCount(9);
  await expect(table.getByRole('row').nth(1)).toContainText('works');
  await expect(page.getByRole('table', { name: 'Members' })).toContainText('this process');
  await table.getByRole('button', { name: 'Partition' }).click();
  await table.getByRole('button', { name: 'Partition' }).click();
  await expect(table.getByRole('row').nth(1).getByRole('cell').first()).toHaveText('7');
});

test('namespaces are made and changed', async ({ page }) => {
  const name = unique('space');
  await page.goto('/namespaces');
  await page.getByRole('button', { name: 'Create a namespace' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill(name);
  await dialog.getByLabel('Retention').fill('soon');
  await dialog.getByRole('button', { name: 'Create' }).click();
  await expect(dialog.getByRole('alert')).toContainText('no duration');
  await dialog.getByLabel('Retention').fill('48h');
  await dialog.getByRole('button', { name: 'Create' }).click();
  await expect(page.getByRole('heading', { name })).toBeVisible();
  await expect(page.getByText('2d', { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Edit' }).click();
  await dialog.getByLabel('Description').fill('for a test');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('for a test')).toBeVisible();
  await expect(page.getByRole('cell', { name: 'ExecutionStatus' })).toBeVisible();
});

test('search attributes are added and removed', async ({ page, request }) => {
  needsKlamm();
  const name = unique('attributes');
  const made = await request.post('/api/v1/namespaces', { data: { namespace: name, workflowExecutionRetentionPeriod: '86400s' } });
  expect(made.ok(), await made.text()).toBe(true);
  await page.goto(`/namespaces/${name}`);
  const section = page.getByRole('region', { name: 'Search attributes' });
  await expect(section).toContainText("There are only the system's own");
  await section.getByRole('button', { name: 'Add' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('Customer');
  await dialog.getByRole('button', { name: /Type/ }).click();
  await page.getByRole('option', { name: /^Text/ }).click();
  await dialog.getByRole('button', { name: 'Add' }).click();
  await expect(row(page, 'Customer')).toContainText('Textcustom');
  // The filter box knows it.
  await page.goto(`/namespaces/${name}/workflows`);
  await page.getByRole('combobox', { name: 'Filter' }).pressSequentially('Cust');
  await expect(page.getByRole('option', { name: /Customer/ })).toBeVisible();
  await page.goto(`/namespaces/${name}`);
  await section.getByRole('button', { name: 'Remove Customer' }).click();
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await expect(row(page, 'Customer')).toHaveCount(0);
});

test('a namespace is deleted by who types its name', async ({ page, request }) => {
  needsKlamm();
  const name = unique('gone');
  const made = await request.post('/api/v1/namespaces', { data: { namespace: name, workflowExecutionRetentionPeriod: '86400s' } });
  expect(made.ok(), await made.text()).toBe(true);
  await page.goto(`/namespaces/${name}`);
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(`Type ${name} to delete it`).fill('default');
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await expect(dialog.getByRole('alert')).toContainText(`Type the name of the namespace, ${name}`);
  await dialog.getByLabel(`Type ${name} to delete it`).fill(name);
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await expect(page).toHaveURL(/namespaces$/);
  await expect(row(page, name).filter({ hasText: 'Registered' })).toHaveCount(0);
});

test('workers tell of themselves', async ({ page }) => {
  await page.goto(`${NS}/workers`);
  await expect(row(page, 'world@tests')).toContainText('orders');
  await expect(row(page, 'world@tests')).toContainText('Running');
  await expect(row(page, 'world@tests')).toContainText('temporal-python');
  const filter = page.getByRole('combobox', { name: 'Filter' });
  await filter.fill('keeper');
  await filter.press('Enter');
  await expect(page).toHaveURL(/query=WorkerIdentity/);
  await expect(row(page, 'keeper@tests')).toBeVisible();
  await expect(row(page, 'world@tests')).toHaveCount(0);
  await expect(page.getByRole('heading', { level: 1 }).locator('..')).toContainText('1');
  await page.getByRole('link', { name: 'keeper@tests' }).click();
  await expect(page.getByRole('heading', { name: 'keeper@tests' })).toBeVisible();
  await expect(page.getByRole('region', { name: 'Tasks' })).toContainText('Workflow tasks');
  await page.getByRole('link', { name: 'secrets' }).click();
  await expect(page.getByText('keeper@tests').first()).toBeVisible();
});

test('the overview tells how the server is', async ({ page }) => {
  needsKlamm();
  await page.goto('/overview');
  await expect(page.getByText('embedded')).toBeVisible();
  await expect(page.getByRole('figure', { name: /^Commands per second: \d/ })).toBeVisible();
  await expect(page.getByRole('figure', { name: /^Memory: \d+ MB/ })).toBeVisible();
});

test('settings hold: theme, zone, times', async ({ page }) => {
  await page.goto(`${NS}/workflows/order-1042`);
  await page.getByRole('button', { name: 'Local time' }).click();
  await page.getByRole('button', { name: /Theme/ }).click();
  await page.getByRole('option', { name: 'Dark' }).click();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  const local = await page.locator('main time').first().textContent();
  await page.getByRole('button', { name: /Time zone/ }).click();
  await page.getByRole('option', { name: 'UTC', exact: true }).click();
  await expect(page.locator('main time').first()).not.toHaveText(local!);
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await expect(page.getByRole('button', { name: 'UTC' })).toBeVisible();
});
