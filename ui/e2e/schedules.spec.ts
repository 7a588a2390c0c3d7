import { expect, needsKlamm, NS, REFUSALS, row, test, unique } from './support';

test('the list says when schedules fire next, and what came of the last times', async ({ page }) => {
  await page.goto(`${NS}/schedules`);
  await expect(row(page, 'every-ten-seconds')).toContainText('every 10 s');
  await expect(row(page, 'nightly-report')).toContainText('daily at 02:30');
  await expect(row(page, 'office-hours')).toContainText('Paused');
  await page.getByRole('button', { name: 'Paused' }).click();
  await expect(row(page, 'every-ten-seconds')).toHaveCount(0);
  await expect(row(page, 'office-hours')).toBeVisible();
});

test('a schedule tells what fired, what did not, and why', async ({ page }) => {
  needsKlamm();
  await page.goto(`${NS}/schedules/every-ten-seconds`);
  await expect(page.getByRole('region', { name: 'Next times' }).getByRole('row')).toHaveCount(11);
  const audit = page.getByRole('region', { name: 'What fired, what did not, and why' });
  await expect(audit.getByRole('table', { name: 'Decisions' })).toContainText('Fired');
  const cell = audit.getByRole('table', { name: 'Calendar' }).getByRole('button').last();
  await cell.click();
  await expect(cell).toHaveAttribute('aria-pressed', 'true');
  await expect(audit.getByText('one cell')).toBeVisible();
  await audit.getByRole('link').first().click();
  await expect(page.getByRole('heading', { name: /^every-ten-seconds-run-/ })).toBeVisible();
  await page.getByRole('link', { name: 'every-ten-seconds', exact: true }).click();
  await expect(page).toHaveURL(`${NS}/schedules/every-ten-seconds`);
});

test.describe('a schedule', () => {
  // What is wrong with a spec is an answer of the server.
  test.use({ allowed: [REFUSALS] });
  test('is created, paused, triggered, backfilled, changed and deleted', async ({ page }) => {
    const id = unique('made');
    await page.goto(`${NS}/schedules`);
    await page.getByRole('link', { name: 'Create a schedule' }).click();
    await page.getByLabel('Schedule id').fill(id);
    await page.getByRole('button', { name: 'Cron' }).click();
    const cron = page.getByLabel('Cron expressions');
    await cron.fill('99 * * * *');
    await expect(page.getByRole('region', { name: 'Next ten times' })).toContainText(/not (in range|within)/);
    await cron.fill('*/5 * * * *');
    const preview = page.getByRole('region', { name: 'Next ten times' });
    // Until klamm has answered, the times are those of what was typed before.
    await expect(preview.locator('[aria-busy="false"]')).toBeVisible();
    await expect(preview.getByRole('listitem')).toHaveCount(10);
    // Not the first: that time may come before the schedule does.
    const previewed = (await preview.getByRole('listitem').nth(2).textContent())!.slice(0, 19);
    await page.getByLabel('Workflow type').fill('Greeting');
    await page.getByLabel('Task queue').fill('orders');
    await page.getByLabel('Input').fill('"Ada"');
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await expect(page).toHaveURL(`${NS}/schedules/${id}`);
    await expect(page.getByRole('region', { name: 'Next times' })).toContainText(previewed);

    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('dialog').getByLabel('Note').fill('for a test');
    await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
    await expect(page.locator('header').getByText('Paused')).toBeVisible();
    await expect(page.getByText('for a test').first()).toBeVisible();
    await page.getByRole('button', { name: 'Unpause' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Unpause' }).click();
    await expect(page.locator('header').getByText('Active')).toBeVisible();

    await page.getByRole('button', { name: 'Trigger' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Trigger' }).click();
    await expect(page.getByRole('region', { name: 'Last runs' }).getByRole('link')).toHaveCount(1);

    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Backfill' }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog.getByText(/1[123] runs will be started/)).toBeVisible();
    await dialog.getByRole('button', { name: 'Backfill' }).click();
    await expect(page.getByRole('region', { name: 'Last runs' }).getByRole('link')).toHaveCount(10);
    if (process.env.KLAMM_UI_WITHOUT_KLAMM !== 'yes') await expect(page.getByRole('region', { name: 'What fired, what did not, and why' })).toContainText('by hand');

    await page.getByRole('link', { name: 'Edit' }).click();
    await expect(page.getByLabel('Workflow type')).toHaveValue('Greeting');
    await expect(page.getByLabel('Input')).toHaveValue('"Ada"');
    await page.getByRole('button', { name: 'Interval' }).click();
    await page.getByLabel('Every').fill('2h');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByText('every 2h')).toBeVisible();

    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await expect(page).toHaveURL(`${NS}/schedules`);
    await expect(row(page, id)).toHaveCount(0);
  });
});
