// What the tests of the pages share.
import { AxeBuilder } from '@axe-core/playwright';
import { type APIRequestContext, expect, type Page, test as base } from '@playwright/test';

export const NS = '/namespaces/default';

/** Every test fails when a page has an error that it did not expect. */
export const test = base.extend<{ allowed: RegExp[] }>({
  allowed: [[], { option: true }],
  page: async ({ page, allowed }, use) => {
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(`page: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(`console: ${message.text()} ${message.location().url}`);
    });
    await use(page);
    const known = WITHOUT_KLAMM ? [...allowed, WITHOUT_KLAMM] : allowed;
    expect(problems.filter((problem) => !known.some((pattern) => pattern.test(problem)))).toEqual([]);
  },
});

export { expect };

/** Errors that a page has where klamm's own part of the API is not there: Temporal's server, for instance. */
const WITHOUT_KLAMM = process.env.KLAMM_UI_WITHOUT_KLAMM === 'yes' ? /404.*\/api\/klamm\/v1\// : undefined;
export const needsKlamm = () => test.skip(WITHOUT_KLAMM !== undefined, "needs klamm's own part of the API");

/** Texts of queries and errors that a server answers with; browsers say so on their console. */
export const REFUSALS = /Failed to load resource: the server responded with a status of 4\d\d/;

/** Starts a workflow as a program would; its run id. */
export async function start(request: APIRequestContext, id: string, type: string, input: unknown[], queue = 'orders'): Promise<string> {
  const answer = await request.post(`/api/v1/namespaces/default/workflows/${encodeURIComponent(id)}`, {
    data: { workflowType: { name: type }, taskQueue: { name: queue }, input, requestId: id, identity: 'tests' },
  });
  expect(answer.ok(), await answer.text()).toBe(true);
  return ((await answer.json()) as { runId: string }).runId;
}

let last = 0;

/** An id that no other test has. */
export const unique = (name: string): string => `${name}-${process.pid}-${Date.now().toString(36)}-${(last += 1)}`;

/** What axe finds: nothing, in either theme. */
export async function expectAccessible(page: Page, where: string): Promise<void> {
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    // Colours on their way from one theme to the other have contrasts that nobody sees for long.
    await page.evaluate(async () => {
      const ending = document.getAnimations().filter((animation) => animation.effect?.getComputedTiming().iterations !== Infinity);
      await Promise.all(ending.map((animation) => animation.finished.catch(() => undefined)));
    });
    const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']).analyze();
    const found = violations.map((violation) => `${where}, ${theme}: ${violation.id}: ${violation.nodes.slice(0, 3).map((node) => `${node.html.slice(0, 200)} (${node.any.map((each) => each.message).join('; ').slice(0, 200)})`).join(' | ')}`);
    expect(found).toEqual([]);
  }
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
}

/** The row of the table that has this text. */
export const row = (page: Page, text: string) => page.getByRole('row').filter({ hasText: text });

/** Milliseconds for which the page's main thread was busy so far: its own time, whatever else the machine does. */
export async function mainThread(page: Page): Promise<() => Promise<number>> {
  const client = await page.context().newCDPSession(page);
  await client.send('Performance.enable', { timeDomain: 'threadTicks' });
  const look = async () => 1000 * (await client.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'TaskDuration')!.value;
  const before = await look();
  return async () => (await look()) - before;
}

/** Goes on to the next frame but one: what was done before it is painted. */
export const painted = (page: Page) => page.evaluate(() => new Promise<void>((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve()))));

/** The longest task of the page's main thread while the steps are taken, in milliseconds: for so long it answered nothing. The thread's own
 * time counts, whatever else the machine does. */
export async function longestTask(page: Page, steps: number, step: (index: number) => Promise<unknown>): Promise<number> {
  const browser = page.context().browser()!;
  // What was begun before the first step is not of it.
  await painted(page);
  await browser.startTracing(page, { categories: ['toplevel'] });
  for (let index = 0; index < steps; index += 1) {
    await step(index);
    await painted(page);
  }
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  const named = (name: string) => traceEvents.filter((event) => event.name === 'thread_name' && event.args?.name === name);
  const mains = named('CrRendererMain').map(({ pid, tid }) => `${pid} ${tid}`);
  const tasks = traceEvents.filter(({ name, pid, tid }) => name.endsWith('RunTask') && mains.includes(`${pid} ${tid}`));
  expect(tasks.length, 'tasks of the page are traced').toBeGreaterThan(steps);
  return Math.max(...tasks.map(({ tdur }) => tdur ?? 0)) / 1000;
}

/** One event of Chromium's traces. Times are microseconds; `tdur` is the thread's own. */
interface TraceEvent {
  name: string;
  pid: number;
  tid: number;
  dur?: number;
  tdur?: number;
  args?: { name?: string };
}
