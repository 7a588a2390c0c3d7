/**
 * The soak's TypeScript program: a worker and a client with default options in one process.
 *
 *     program.ts load ADDRESS QUEUE IN_FLIGHT     keeps so many workflows in flight until stdin ends
 *     program.ts query-loop ADDRESS QUEUE COUNT   queries so many workflows right after their start and their signals
 *
 * It prints one line of JSON per call; integration-tests/soak/calls.py reads them.
 */
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, Connection, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import type { SignalDefinition } from '@temporalio/common';
import { NativeConnection, Worker } from '@temporalio/worker';
import * as activities from './activities';
import { type Plan, finish, note, notes, soakWorkflow } from './workflows';

/** The length of the timer that every fourth workflow has. */
const PAUSE_MS = 250;

/** What each workflow of the query loop gets. */
const SIGNALS = 10;

/** A line of the output: one attempt of one call, or a whole workflow. `began` is of `performance.now()`. */
function tell(op: string, id: string, began: number, error?: unknown): void {
  const ms = performance.now() - began;
  const text = error === undefined ? null : messages(error);
  console.log(JSON.stringify({ op, id, at: (Date.now() - ms) / 1000, ms, error: text }));
}

/** An error with what caused it: the client wraps what the server said. */
function messages(error: unknown): string {
  const parts: string[] = [];
  for (let e = error; e instanceof Error && parts.length < 4; e = e.cause) parts.push(`${e.name}: ${e.message}`);
  return parts.join(' <- ') || String(error);
}

class Program {
  private next = 0;
  private ending = false;

  constructor(
    private readonly client: Client,
    private readonly queue: string,
  ) {}

  /** Make a call until it succeeds. Each attempt is told. */
  private async insist(op: string, id: string, attempt: (repeated: boolean) => Promise<unknown>): Promise<void> {
    for (let repeated = false; ; repeated = true) {
      const began = performance.now();
      try {
        await attempt(repeated);
        tell(op, id, began);
        return;
      } catch (error) {
        tell(op, id, began, error);
      }
      await pause(200);
    }
  }

  /** Keep so many workflows in flight until stdin ends, and then wait for the last of them. */
  async load(inFlight: number): Promise<void> {
    tell('ready', this.queue, performance.now());
    const drivers = Array.from({ length: inFlight }, async () => {
      while (!this.ending) await this.workflow(++this.next);
    });
    process.stdin.resume();
    await once(process.stdin, 'end');
    this.ending = true;
    await Promise.all(drivers);
    tell('end', this.queue, performance.now());
  }

  /** One from its start to its result, as its number says. */
  private async workflow(number: number): Promise<void> {
    const id = `${this.queue}-${number}`;
    let [plan, op]: [Plan, string] = [{ number }, 'workflow'];
    if (number % 4 === 2) [plan, op] = [{ number, signals: true }, 'workflow with signals'];
    if (number % 4 === 3) [plan, op] = [{ number, pauseMs: PAUSE_MS }, 'workflow with a timer'];
    const began = performance.now();
    const handle = this.client.workflow.getHandle<typeof soakWorkflow>(id);
    await this.insist('start', id, async (repeated) => {
      try {
        await this.client.workflow.start(soakWorkflow, { taskQueue: this.queue, workflowId: id, args: [plan] });
      } catch (error) {
        // When repeated: the answer to an earlier attempt was lost.
        if (!(repeated && error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      }
    });
    if (plan.signals) {
      await this.signal(id, note);
      await this.insist('query', id, () => this.notes(id, 1));
      await this.signal(id, finish);
    }
    await this.insist('result', id, async () => {
      const result = await handle.result();
      if (result !== number * number) throw new Error(`wrong result: ${result}`);
    });
    tell(op, id, began);
  }

  private async signal(id: string, signal: SignalDefinition): Promise<void> {
    await this.insist('signal', id, async (repeated) => {
      try {
        await this.client.workflow.getHandle(id).signal(signal);
      } catch (error) {
        // When repeated: an earlier attempt was taken, and the run has ended since.
        if (!(repeated && error instanceof WorkflowNotFoundError)) throw error;
      }
    });
  }

  /** Ask how many notes the workflow has: all that were acknowledged. */
  private async notes(id: string, least: number): Promise<void> {
    const found = await this.client.workflow.getHandle(id).query(notes);
    if (found < least) throw new Error(`stale answer: ${found} notes, ${least} were acknowledged`);
  }

  /** So many workflows, one after another: each is queried right after its start and after each of ten signals. */
  async queryLoop(count: number): Promise<void> {
    const args: [Plan] = [{ number: 0, signals: true }];
    for (let number = 0; number < count; number++) {
      const id = `${this.queue}-${number}`;
      await this.insist('start', id, () =>
        this.client.workflow.start(soakWorkflow, { taskQueue: this.queue, workflowId: id, args }),
      );
      await this.insist('query after start', id, () => this.notes(id, 0));
      for (let round = 1; round <= SIGNALS; round++) {
        await this.signal(id, note);
        await this.insist('query after signal', id, () => this.notes(id, round));
      }
      await this.signal(id, finish);
    }
    tell('end', this.queue, performance.now());
  }
}

async function main([mode, address, taskQueue, number]: string[]): Promise<void> {
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({ connection, taskQueue, activities, workflowsPath: require.resolve('./workflows') });
  const client = new Client({ connection: await Connection.connect({ address }) });
  const program = new Program(client, taskQueue);
  if (mode !== 'load' && mode !== 'query-loop') throw new Error(`no such mode: ${mode}`);
  await worker.runUntil(mode === 'load' ? program.load(Number(number)) : program.queryLoop(Number(number)));
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
