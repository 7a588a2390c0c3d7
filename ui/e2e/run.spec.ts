import { expect, needsKlamm, NS, REFUSALS, start, test, unique } from './support';

test('a run has its input, its result, its timeline and its events', async ({ page }) => {
  await page.goto(`${NS}/workflows/order-1042`);
  await expect(page).toHaveURL(/order-1042\/[0-9a-f-]+\/history$/);
  await expect(page.getByLabel('Input', { exact: true }).first()).toContainText('Ada');
  await expect(page.getByLabel('Result', { exact: true }).first()).toContainText('Rotterdam');
  const timeline = page.getByRole('region', { name: 'Timeline', exact: true });
  await expect(timeline.getByRole('button', { name: /^ChargeCard.*completed.*attempt 3/ })).toBeVisible();
  await expect(timeline.getByRole('button', { name: /^Shipment/ })).toBeVisible();
  await expect(timeline.getByRole('button', { name: /^FindAddress/ })).toBeVisible();
  await timeline.getByRole('button', { name: /^ChargeCard/ }).click();
  await expect(page).toHaveURL(/event=\d+/);
  const events = page.getByRole('region', { name: 'Events', exact: true });
  await expect(events.getByText('ActivityTaskScheduled')).toBeVisible();
  await expect(events.getByText('attempt 2').first()).toBeVisible();
  await events.getByRole('button', { name: 'All' }).click();
  await expect(events.getByText('TimerStarted')).toBeVisible();
  await events.getByRole('searchbox').fill('add_note');
  await expect(events.getByText('TimerStarted')).toHaveCount(0);
  await expect(events.getByText('WorkflowExecutionSignaled')).toBeVisible();
  await events.getByRole('button', { name: 'JSON' }).click();
  await expect(events.getByText('"EVENT_TYPE_WORKFLOW_EXECUTION_STARTED"')).toBeVisible();
});

test('an event says where it stands on the topic', async ({ page, context }) => {
  needsKlamm();
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto(`${NS}/workflows/order-1042`);
  const events = page.getByRole('region', { name: 'Events', exact: true });
  await events.getByRole('button', { name: 'All' }).click();
  await events.getByRole('button', { name: /^1 WorkflowExecutionStarted/ }).click();
  await expect(events.getByText(/history, partition \d+, offset \d+/)).toBeVisible();
  await events.getByRole('button', { name: 'Copy the command' }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/klamm topics cat \S*history --partition \d+ --from \d+ --limit 1/);
});

test('a failure comes first, with the cause that it began with', async ({ page }) => {
  await page.goto(`${NS}/workflows/credit-ada`);
  const failure = page.getByRole('region', { name: 'Failure' });
  await expect(failure.getByRole('listitem').first()).toContainText('score 12 is below 300');
  await expect(failure.getByRole('listitem').nth(1)).toContainText('Ada gets no credit');
  await expect(failure.getByRole('listitem').last()).toContainText('CheckCredit');
  await failure.getByText('Stack trace').first().click();
  await expect(failure.getByText('Traceback').or(failure.getByText('world.py')).first()).toBeVisible();
});

test('pending activities tell their last failure and their next try', async ({ page }) => {
  await page.goto(`${NS}/workflows/restock-lamp`);
  await page.getByRole('link', { name: /Pending activities/ }).click();
  const activity = page.getByRole('region', { name: 'AskSupplier' });
  await expect(activity).toContainText('connection refused');
  await expect(activity).toContainText('the supplier of lamp does not answer');
  await expect(activity).toContainText(/Next try(in|now|a worker has it|waits for a worker)/);
});

test('queries are asked, and the stack trace', async ({ page }) => {
  await page.goto(`${NS}/workflows/restock-lamp`);
  await page.getByRole('link', { name: 'Queries' }).click();
  await expect(page.getByRole('button', { name: /progress/ })).toBeVisible();
  await page.getByRole('button', { name: 'Ask' }).click();
  await expect(page.getByLabel('Answer', { exact: true }).last()).toContainText('"waiting": true');
  await page.getByRole('link', { name: 'Stack trace' }).click();
  await expect(page.getByRole('group', { name: 'Stack trace' })).toContainText('File "');
});

test('a signal changes a run under one\'s eyes', async ({ page, request }) => {
  const id = unique('signalled');
  await start(request, id, 'Restock', ['lamp']);
  await page.goto(`${NS}/workflows/${id}`);
  await page.getByRole('button', { name: 'Signal', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Signal').fill('approve');
  await dialog.getByLabel('Arguments').fill('"Grace"');
  await dialog.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByText('Completed').first()).toBeVisible();
  await expect(page.getByLabel('Result', { exact: true }).first()).toContainText('approved by Grace');
});

test('a run is cancelled, terminated, reset and started again', async ({ page, request }) => {
  const id = unique('ended');
  await start(request, id, 'Restock', ['sofa']);
  await page.goto(`${NS}/workflows/${id}`);
  await page.getByRole('button', { name: 'Cancel', exact: true }).click();
  await page.getByRole('dialog').getByLabel('Reason').fill('too dear');
  await page.getByRole('dialog').getByRole('button', { name: 'Request cancellation' }).click();
  await expect(page.locator('header').getByText('Canceled')).toBeVisible();

  await page.getByRole('button', { name: 'Start again' }).click();
  await expect(page.getByRole('dialog').getByLabel('Input')).toHaveValue('"sofa"');
  await page.getByRole('dialog').getByRole('button', { name: 'Start' }).click();
  await expect(page.locator('header').getByText('Running')).toBeVisible();
  await expect(page.getByRole('region', { name: 'Timeline', exact: true }).getByRole('button', { name: /AskSupplier/ })).toBeVisible();

  const first = page.url();
  await page.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: 'Reset' }).click();
  await page.getByRole('dialog').getByLabel('Reason').fill('anew');
  await page.getByRole('dialog').getByRole('button', { name: 'Reset' }).click();
  await expect(page).not.toHaveURL(first);
  await expect(page.locator('header').getByText('Running')).toBeVisible();

  await page.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: 'Terminate' }).click();
  await page.getByRole('dialog').getByLabel('Reason').fill('no more sofas');
  await page.getByRole('dialog').getByRole('button', { name: 'Terminate' }).click();
  await expect(page.locator('header').getByText('Terminated')).toBeVisible();
  await expect(page.getByText('no more sofas').first()).toBeVisible();
});

test('details and payloads are text, whatever is in them', async ({ page }) => {
  let alerted = false;
  page.on('dialog', (dialog) => {
    alerted = true;
    void dialog.dismiss();
  });
  await page.goto(`${NS}/workflows/${encodeURIComponent('greeting <i>markup</i>')}`);
  await expect(page.getByRole('heading', { name: 'greeting <i>markup</i>' })).toBeVisible();
  await expect(page.getByLabel('Input', { exact: true }).first()).toContainText('<img src=x onerror=alert(1)><b>bold</b>');
  expect(await page.locator('main img, main b').count()).toBe(0);
  expect(alerted).toBe(false);
  await page.goto(`${NS}/workflows/order-1042`);
  await page.getByRole('link', { name: 'Details' }).click();
  await expect(page.getByLabel('Memo channel', { exact: true })).toContainText('"web"');
});

test.describe('what is not there', () => {
  test.use({ allowed: [REFUSALS] });
  test('is said in words', async ({ page }) => {
    await page.goto(`${NS}/workflows/no-such-workflow`);
    await expect(page.getByRole('alert')).toContainText('not found');
    await page.goto('/no/such/page');
    await expect(page.getByText('There is no such page')).toBeVisible();
    await page.goto(`${NS}/schedules/no-such-schedule`);
    await expect(page.getByRole('alert')).toContainText('not found');
  });
});

test.describe('a server that goes away', () => {
  test.use({ allowed: [/./] });
  test('is missed, and welcomed back', async ({ page }) => {
    await page.goto(`${NS}/workflows/restock-lamp`);
    await expect(page.locator('header').getByText('Running')).toBeVisible();
    await page.route('**/api/**', (route) => route.abort());
    await expect(page.getByText('klamm does not answer').first()).toBeVisible();
    await page.unroute('**/api/**');
    await expect(page.getByText('klamm does not answer')).toHaveCount(0);
  });
});

test('a history grows under one\'s eyes', async ({ page, request }) => {
  const id = unique('long');
  await start(request, id, 'Counter', [1500]);
  await page.goto(`${NS}/workflows/${id}`);
  await expect(page.locator('header').getByText('Completed')).toBeVisible({ timeout: 30_000 });
  const events = page.getByRole('region', { name: 'Events', exact: true });
  await expect(events.getByRole('heading').locator('..')).toContainText(/3,\d\d\d/);
  expect(await events.getByRole('listitem').count()).toBeLessThan(60);
});

test("addresses of Temporal's UI lead here", async ({ page }) => {
  await page.goto(`${NS}/workflows/order-1042`);
  await page.waitForURL(/history$/);
  const run = page.url().split('/').at(-2);
  for (const [from, to] of [
    [`${NS}/workflows/order-1042/${run}`, /history$/],
    [`${NS}/workflows/order-1042/${run}/timeline`, /timeline$/],
    [`${NS}/workflows/order-1042/${run}/history/events/1`, /event=1/],
    [`${NS}/workers`, /workers$/],
    [`${NS}/workflows/start-workflow`, /start=yes/],
  ] as const) {
    await page.goto(from);
    await expect(page).toHaveURL(to);
  }
});
