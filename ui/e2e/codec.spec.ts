// Payloads that a codec has encoded, and the codec server that makes them readable.
import type { Page } from '@playwright/test';
import { type CodecServer, codecServer } from './codec-server';
import { expect, NS, test as base } from './support';

const test = base.extend<{ codec: CodecServer }>({
  codec: async ({}, use) => {
    const codec = await codecServer();
    await use(codec);
    await codec.close();
  },
});

const input = (page: Page) => page.getByLabel('Input', { exact: true }).first();

async function settings(page: Page) {
  await page.getByRole('button', { name: 'Local time' }).click();
  await page.getByRole('dialog', { name: 'Settings' }).getByRole('button', { name: /None|http/ }).click();
  return page.getByRole('dialog', { name: 'Codec server' });
}

async function use(page: Page, url: string, token?: string): Promise<void> {
  const dialog = await settings(page);
  await dialog.getByLabel('Address').fill(url);
  if (token !== undefined) {
    await dialog.getByText('Pass an access token').click();
    await dialog.locator('input[type=password]').fill(token);
  }
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toHaveCount(0);
}

test('payloads are sent to the codec server, and only those that need it', async ({ page, codec }) => {
  await page.goto(`${NS}/workflows/secret-greeting`);
  await expect(page.getByText('encrypted, as base64').first()).toBeVisible();
  await expect(page.getByText('A codec server makes it readable').first()).toBeVisible();
  await use(page, `${codec.url}/of/{namespace}`);
  await expect(input(page)).toContainText('Ada of the secret service');
  await expect(page.getByText('Decoded by the codec server').first()).toBeVisible();
  await expect(page.getByLabel('Result', { exact: true }).first()).toContainText('Hello, Ada of the secret service!');
  await expect(page.getByText('A secret summary').first()).toBeVisible();
  expect(codec.asked.length).toBeGreaterThan(0);
  for (const { path, namespace, authorization, encodings } of codec.asked) {
    expect([path, namespace, authorization]).toEqual(['/of/default/decode', 'default', undefined]);
    expect(new Set(encodings)).toEqual(new Set(['binary/encrypted']));
  }
  const before = codec.asked.length;
  await page.goto(`${NS}/workflows/order-1042`);
  await expect(input(page)).toContainText('Ada');
  await page.getByRole('link', { name: 'Details' }).click();
  await expect(page.getByLabel('Memo channel', { exact: true })).toContainText('"web"');
  expect(codec.asked.length).toBe(before);
});

test('failures and memos are readable, too', async ({ page, codec }) => {
  await page.goto(`${NS}/workflows/secret-credit`);
  const failure = page.getByRole('region', { name: 'Failure' });
  await expect(failure.getByText('Encoded failure').first()).toBeVisible();
  await use(page, codec.url);
  await expect(failure.getByText('Bond gets no credit').first()).toBeVisible();
  await failure.getByText('Stack trace').first().click();
  await expect(failure.getByText('world.py').first()).toBeVisible();
  await page.getByRole('link', { name: 'Details' }).click();
  await expect(page.getByLabel('Memo channel', { exact: true })).toContainText('"the back door"');
});

test('what is started again keeps its encoded input', async ({ page }) => {
  await page.goto(`${NS}/workflows/secret-greeting`);
  await page.getByRole('button', { name: 'Start again' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText('The input is encoded by a codec')).toBeVisible();
  await dialog.getByLabel('Workflow id').fill('secret-again');
  const sent = page.waitForRequest((request) => request.method() === 'POST' && request.url().includes('secret-again'));
  await dialog.getByRole('button', { name: 'Start' }).click();
  const [payload] = (JSON.parse((await sent).postData()!) as { input: { payloads: { metadata: Record<string, string> }[] } }).input.payloads;
  expect(Buffer.from(payload!.metadata.encoding!, 'base64').toString()).toBe('binary/encrypted');
  await expect(page.getByRole('heading', { name: 'secret-again' })).toBeVisible();
  await expect(page.locator('header').getByText('Completed')).toBeVisible();
});

test.describe('a codec server that does not do it', () => {
  test.use({ allowed: [/Failed to load resource: (the server responded with a status of (401|500)|net::ERR_)/] });

  test('says so in words, and is asked again', async ({ page, codec }) => {
    codec.failure = { status: 500, text: 'the key is gone' };
    await page.goto(`${NS}/workflows/secret-greeting`);
    await use(page, codec.url);
    const alert = page.getByRole('alert').first();
    await expect(alert).toContainText('The codec server answered 500: the key is gone.');
    await expect(page.getByText('encrypted, as base64').first()).toBeVisible();
    codec.failure = undefined;
    await alert.getByRole('button', { name: 'Ask it again' }).click();
    await expect(page.getByText('Ada of the secret service').first()).toBeVisible();
  });

  test('and one that is not there', async ({ page, codec }) => {
    await codec.close();
    await page.goto(`${NS}/workflows/secret-greeting`);
    await use(page, codec.url);
    await expect(page.getByRole('alert').first()).toContainText(`The codec server at ${codec.url} does not answer`);
  });

  test('gets a token where that is asked for, over https or within the machine', async ({ page, codec }) => {
    codec.token = 'open sesame';
    await page.goto(`${NS}/workflows/secret-greeting`);
    await use(page, codec.url);
    await expect(page.getByRole('alert').first()).toContainText('answered 401: who are you?. The access token is missing');
    const dialog = await settings(page);
    await dialog.getByText('Pass an access token').click();
    await dialog.getByLabel('Address').fill('http://codec.example');
    await dialog.locator('input[type=password]').fill('open sesame');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await expect(dialog.getByRole('alert')).toContainText('over https only');
    await dialog.getByLabel('Address').fill(codec.url);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await expect(input(page)).toContainText('Ada of the secret service');
    expect(codec.asked.at(-1)!.authorization).toBe('Bearer open sesame');
    // The token is in this tab alone.
    expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain('sesame');
  });
});
