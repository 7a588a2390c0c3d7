// Triggers: how they are doing, and what people do to them.
import { expect, needsKlamm, REFUSALS, test, unique } from './support';

test.use({ allowed: [REFUSALS] });

const facts = /^What came of its records/;

test('a trigger says what came of its records, and which ones it could not use', async ({ page }) => {
  needsKlamm();
  await page.goto('/triggers');
  await page.getByRole('link', { name: 'payments', exact: true }).click();
  await expect(page).toHaveURL(/\/triggers\/payments$/);
  const letters = page.getByRole('list', { name: 'Dead letters' }).getByRole('listitem');
  await expect(letters).toHaveCount(2);
  await expect(letters.filter({ hasText: 'no json' })).toContainText('decode');
  await expect(letters.filter({ hasText: '"kind"' })).toContainText('No such key: id');
  const status = page.getByRole('region', { name: facts });
  for (const [name, value] of [
    ['Suppressed', '2'],
    ['Filtered', '1'],
    ['Lag', '0'],
  ] as const)
    await expect(status.getByRole('term').filter({ hasText: name }).locator('xpath=following-sibling::dd[1]')).toHaveText(value);
  await expect(page.getByText('klamm dlq replay payments')).toBeVisible();
});

test('a trigger is paused for a reason, resumed, and read anew', async ({ page, request }) => {
  needsKlamm();
  const name = unique('anew');
  const text = `trigger: ${name}\nnamespace: default\nsource: {topic: shop.payments, format: json}\nrules:\n  - when: "false"\n    signal: {id: a, name: b}\n`;
  const declared = await request.post('/api/klamm/v1/triggers', { data: { declarations: [text] } });
  expect(declared.ok(), await declared.text()).toBe(true);
  await page.goto(`/triggers/${name}`);
  await page.getByRole('button', { name: 'Pause' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Reason').fill('holidays');
  await dialog.getByRole('button', { name: 'Pause' }).click();
  await expect(dialog).toHaveCount(0);
  await expect(page.getByText('holidays')).toBeVisible();
  await page.getByRole('button', { name: 'Read anew' }).click();
  await dialog.getByRole('button', { name: 'Beginning with' }).click();
  await page.getByRole('option', { name: 'a time' }).click();
  await dialog.getByRole('textbox', { name: 'Time' }).fill('noon');
  await dialog.getByRole('button', { name: 'Read anew' }).click();
  await expect(dialog.getByRole('alert')).toContainText('is no place to begin');
  await dialog.getByRole('textbox', { name: 'Time' }).fill('2026-11-01T00:00Z');
  await dialog.getByRole('button', { name: 'Read anew' }).click();
  await expect(dialog).toHaveCount(0);
  await expect(page.getByText('2026-11-01T00:00:00.000Z')).toBeVisible();
  await page.getByRole('button', { name: 'Resume' }).click();
  await dialog.getByRole('button', { name: 'Resume' }).click();
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible();
  expect((await request.delete(`/api/klamm/v1/triggers/${name}`)).ok()).toBe(true);
});
