// What operators do to a run and to its activities.
import type { Page } from '@playwright/test';
import { expect, needsKlamm, NS, REFUSALS, start, test, unique } from './support';

const timeline = (page: Page) => page.getByRole('region', { name: 'Timeline', exact: true });
const events = (page: Page) => page.getByRole('region', { name: 'Events', exact: true });
const header = (page: Page) => page.locator('main header');

async function more(page: Page, entry: string) {
  await page.getByRole('button', { name: 'More actions', exact: true }).click();
  await page.getByRole('menuitem', { name: entry }).click();
  return page.getByRole('dialog');
}

async function restock(page: Page, request: Parameters<typeof start>[0]): Promise<string> {
  const id = unique('operated');
  await start(request, id, 'Restock', ['lamp']);
  await page.goto(`${NS}/workflows/${id}`);
  await expect(timeline(page).getByRole('button', { name: /^AskSupplier/ })).toBeVisible();
  return id;
}

test('updates are sent, and seen as they are accepted, completed and refused', async ({ page, request }) => {
  await restock(page, request);
  const dialog = await more(page, 'Send an update');
  await dialog.getByLabel('Update').fill('set_limit');
  await dialog.getByLabel('Arguments').fill('-1');
  await dialog.getByRole('button', { name: 'Send' }).click();
  await expect(dialog.getByRole('alert')).toContainText('The workflow refuses it: a limit is not negative');
  await dialog.getByLabel('Arguments').fill('70');
  await dialog.getByRole('button', { name: 'Send' }).click();
  await expect(dialog).toHaveCount(0);
  await expect(timeline(page).getByRole('button', { name: /^set_limit.*70.*completed/ })).toBeVisible();
  await timeline(page).getByRole('button', { name: /^set_limit/ }).click();
  await expect(events(page).getByText('WorkflowExecutionUpdateAccepted')).toBeVisible();
  await expect(events(page).getByText('WorkflowExecutionUpdateCompleted')).toBeVisible();
  await expect(events(page).getByText('10 → 70').first()).toBeVisible();
  await more(page, 'Send an update');
  await dialog.getByLabel('Update').fill('set_limit');
  await dialog.getByLabel('Arguments').fill('900');
  await dialog.getByRole('button', { name: 'Send' }).click();
  await expect(timeline(page).getByRole('button', { name: /^set_limit.*nobody has 900.*failed/ })).toBeVisible();
});

test('a run is paused and goes on', async ({ page, request }) => {
  await restock(page, request);
  let dialog = await more(page, 'Pause');
  await dialog.getByLabel('Reason').fill('look at it first');
  await dialog.getByRole('button', { name: 'Pause' }).click();
  await expect(header(page).getByText('Paused', { exact: true })).toBeVisible();
  await expect(page.getByText('Paused by klamm-ui')).toBeVisible();
  await expect(page.getByText('look at it first').first()).toBeVisible();
  await expect(timeline(page).getByRole('button', { name: /^Paused.*look at it first/ })).toBeVisible();
  await page.getByRole('button', { name: 'Unpause' }).click();
  dialog = page.getByRole('dialog');
  await dialog.getByLabel('Reason').fill('all is well');
  await dialog.getByRole('button', { name: 'Unpause' }).click();
  await expect(header(page).getByText('Running')).toBeVisible();
  await expect(page.getByText('Paused by klamm-ui')).toHaveCount(0);
  await timeline(page).getByRole('button', { name: /^Paused/ }).click();
  await expect(events(page).getByText('WorkflowExecutionUnpaused')).toBeVisible();
});

test('a run is reset to a point of its history, for a reason', async ({ page, request }) => {
  const id = unique('reset');
  await start(request, id, 'Order', [{ order_id: '7', customer: 'Ada', items: ['lamp'], amount: 1 }]);
  await page.goto(`${NS}/workflows/${id}`);
  await expect(header(page).getByText('Completed')).toBeVisible({ timeout: 30_000 });
  const first = page.url();
  await page.getByRole('button', { name: 'Show workflow tasks' }).click();
  await events(page).getByRole('button', { name: 'All' }).click();
  await events(page).getByRole('button', { name: /^4 WorkflowTaskCompleted/ }).click();
  await events(page).getByRole('button', { name: 'Reset to here' }).click();
  await expect(page).toHaveURL(/reset=4/);
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('button', { name: /Back to/ })).toContainText('Event 4: workflow task completed');
  await dialog.getByRole('button', { name: /Back to/ }).click();
  await expect(page.getByRole('option').first()).toContainText('workflow task completed');
  expect(await page.getByRole('option').count()).toBeGreaterThan(3);
  await page.getByRole('option', { name: /^Event 4:/ }).click();
  await dialog.getByText('Send signals again').click();
  await dialog.getByLabel('Reason').fill('charged twice');
  await dialog.getByRole('button', { name: 'Reset' }).click();
  await expect(page).not.toHaveURL(first);
  await expect(page).not.toHaveURL(/reset=/);
  await expect(events(page).getByText('WorkflowTaskFailed').or(timeline(page).getByRole('button', { name: /^Workflow task.*charged twice/ })).first()).toBeVisible();
  await expect(header(page).getByText('Completed')).toBeVisible({ timeout: 30_000 });
});

test('an activity is paused, changed, reset and goes on', async ({ page, request }) => {
  await restock(page, request);
  await page.getByRole('link', { name: /Pending activities/ }).click();
  const activity = page.getByRole('region', { name: 'AskSupplier' });
  const dialog = page.getByRole('dialog');
  await activity.getByRole('button', { name: 'Pause' }).click();
  await dialog.getByLabel('Reason').fill('the supplier is on holiday');
  await dialog.getByRole('button', { name: 'Pause' }).click();
  await expect(activity).toContainText('Paused by klamm-ui');
  await expect(activity).toContainText('the supplier is on holiday');

  const menu = activity.getByRole('button', { name: /^More actions of activity/ });
  await menu.click();
  await page.getByRole('menuitem', { name: 'Options' }).click();
  await expect(dialog.getByLabel('Longest attempt')).toHaveValue('20s');
  await dialog.getByLabel('Longest attempt').fill('soon');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog.getByRole('alert')).toContainText('“soon” is no duration');
  await dialog.getByLabel('Longest attempt').fill('45s');
  await dialog.getByLabel('Attempts at most').fill('77');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toHaveCount(0);
  await expect(activity).toContainText('of 77');
  await menu.click();
  await page.getByRole('menuitem', { name: 'Options' }).click();
  await expect(dialog.getByLabel('Longest attempt')).toHaveValue('45s');
  await dialog.getByRole('button', { name: 'Close' }).last().click();

  await menu.click();
  await page.getByRole('menuitem', { name: 'Reset' }).click();
  await expect(dialog.getByLabel('It stays paused')).toBeChecked();
  await dialog.getByRole('button', { name: 'Reset' }).click();
  await expect(dialog).toHaveCount(0);
  await expect(activity).toContainText('1 of 77');
  await activity.getByRole('button', { name: 'Unpause' }).click();
  await dialog.getByRole('button', { name: 'Unpause' }).click();
  await expect(activity).not.toContainText('Paused by');
  await expect(activity).toContainText('the supplier of lamp does not answer');
});

test('what a run does to others is seen, and leads to them', async ({ page }) => {
  await page.goto(`${NS}/workflows/caller`);
  await expect(timeline(page).getByRole('button', { name: /^Signal approve.*restock-of-caller.*completed/ })).toBeVisible();
  await expect(timeline(page).getByRole('button', { name: /^Signal approve.*nobody-there.*failed/ })).toBeVisible();
  await timeline(page).getByRole('button', { name: /restock-of-caller/ }).click();
  await expect(events(page).getByText('ExternalWorkflowExecutionSignaled')).toBeVisible();
  await events(page).getByRole('link', { name: 'restock-of-caller' }).first().click();
  await expect(page.getByRole('heading', { name: 'restock-of-caller' })).toBeVisible();
  await expect(header(page).getByText('Completed')).toBeVisible();
});

test.describe('a run', () => {
  // Until the page has gone, it may ask for what is no more.
  test.use({ allowed: [REFUSALS] });
  test('is deleted', async ({ page, request }) => {
    needsKlamm();
    const id = await restock(page, request);
    const dialog = await more(page, 'Delete');
    await expect(dialog).toContainText('terminated first');
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await expect(page).toHaveURL(`${NS}/workflows`);
    await page.goto(`${NS}/workflows?query=${encodeURIComponent(`WorkflowId = '${id}'`)}`);
    await expect(page.getByText('No workflow fits this filter')).toBeVisible();
  });
});
