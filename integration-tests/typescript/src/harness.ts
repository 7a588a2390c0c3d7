/** One test's own corner of a shared server: a task queue and workflow ids that no other test uses, and workers. */
import { randomUUID } from 'node:crypto';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection, WorkflowNotFoundError, type WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { temporal } from '@temporalio/proto';
import * as activities from './activities';

export type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** Where the server under test listens for gRPC. */
export const ADDRESS = process.env.TEMPORAL_ADDRESS ?? '127.0.0.1:7233';

Runtime.install({
  // What workers say of failures that the scenarios cause on purpose is of no interest.
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { forward: {}, filter: 'error' } },
});

const connection = Connection.connect({ address: ADDRESS });
const workerConnection = NativeConnection.connect({ address: ADDRESS });

after(async () => {
  await (await connection).close();
  await (await workerConnection).close();
});

export class Env {
  /** The workflow ids that the test has asked for. */
  private readonly ids = new Set<string>();

  private constructor(
    readonly client: Client,
    readonly taskQueue: string,
  ) {}

  /** `name` is for people who read the server's data; uniqueness comes from a random suffix. */
  static async new(name: string): Promise<Env> {
    return new Env(new Client({ connection: await connection }), `ts-${name}-${randomUUID().slice(0, 8)}`);
  }

  /** A workflow id of this test. */
  id(suffix = 'wf'): string {
    const id = `${this.taskQueue}-${suffix}`;
    this.ids.add(id);
    return id;
  }

  /** What every start of this test has in common. */
  options<const A extends readonly unknown[]>(args: A, suffix = 'wf') {
    return { taskQueue: this.taskQueue, workflowId: this.id(suffix), workflowExecutionTimeout: '3 minutes', args } as const;
  }

  /** Run a worker while `body` runs; the body's result. Then the SDK replays what has happened in this test so far. */
  async withWorker<T>(body: () => Promise<T>, options: Partial<WorkerOptions> = {}): Promise<T> {
    const result = await (await newWorker(this.taskQueue, options)).runUntil(body);
    await replay(this.client, this.ids);
    return result;
  }
}

/** Check that the SDK replays all runs of these workflows, and those of their children. An id that no workflow has is passed over. */
async function replay(client: Client, ids: Iterable<string>): Promise<void> {
  const results = Worker.runReplayHistories(programs(), histories(client, ids));
  for await (const { workflowId, runId, error } of results) {
    if (error) throw new Error(`the SDK does not replay ${workflowId}, run ${runId}`, { cause: error });
  }
}

/** The histories of the newest runs of these ids and of all runs that they name. A run whose tasks never began has nothing to replay. */
async function* histories(client: Client, ids: Iterable<string>) {
  const left: [string, string][] = [];
  for (const id of ids) {
    const runId = await newestRun(client, id);
    if (runId) left.push([id, runId]);
  }
  const seen = new Set<string>();
  for (let run = left.pop(); run; run = left.pop()) {
    const [workflowId, runId] = run;
    if (seen.has(runId)) continue;
    seen.add(runId);
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    left.push(...history.events!.flatMap((event) => namedRuns(workflowId, event)));
    if (history.events!.some((event) => event.workflowTaskStartedEventAttributes)) yield { workflowId, history };
  }
}

async function newestRun(client: Client, id: string): Promise<string | undefined> {
  try {
    return (await client.workflow.getHandle(id).describe()).runId;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** The runs that an event names: those before and after its own run, and children. */
function namedRuns(id: string, event: HistoryEvent): [string, string][] {
  const started = event.workflowExecutionStartedEventAttributes;
  const runs = [
    started?.firstExecutionRunId,
    started?.continuedExecutionRunId,
    event.workflowTaskFailedEventAttributes?.baseRunId,
    event.workflowExecutionCompletedEventAttributes?.newExecutionRunId,
    event.workflowExecutionFailedEventAttributes?.newExecutionRunId,
    event.workflowExecutionTimedOutEventAttributes?.newExecutionRunId,
    event.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId,
  ];
  const child = event.childWorkflowExecutionStartedEventAttributes?.workflowExecution;
  const named: [string, string][] = runs.flatMap((run) => (run ? [[id, run] as [string, string]] : []));
  return child ? [...named, [child.workflowId!, child.runId!]] : named;
}

/** Bundled once for all test files, see bundle.ts. */
function programs() {
  const codePath = process.env.WORKFLOW_BUNDLE;
  return codePath ? { workflowBundle: { codePath } } : { workflowsPath: require.resolve('./workflows') };
}

/** A worker with all programs of the suite. Heartbeats are hardly throttled, so that scenarios need no long timeouts. */
export async function newWorker(taskQueue: string, options: Partial<WorkerOptions> = {}): Promise<Worker> {
  return Worker.create({
    connection: await workerConnection,
    taskQueue,
    activities,
    ...programs(),
    maxHeartbeatThrottleInterval: 50,
    shutdownGraceTime: '2 seconds',
    ...options,
  });
}

/** Call `probe` until it returns something true, and return that; an assertion that fails in it means "not yet". */
export async function awaitUntil<T>(probe: () => Promise<T>, what: string, deadlineMs = 15_000): Promise<T> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    let last: unknown;
    try {
      const value = await probe();
      if (value) return value;
      last = value;
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_ASSERTION') throw error;
      last = error;
    }
    if (Date.now() > end) throw new Error(`not within ${deadlineMs} ms: ${what}; last seen: ${last}`, { cause: last });
    await sleep(50);
  }
}

/** The events of the handle's run, whose ids have no gap. */
export async function events(handle: WorkflowHandle): Promise<HistoryEvent[]> {
  const found = (await handle.fetchHistory()).events ?? [];
  found.forEach((event, position) => {
    if (Number(event.eventId) !== position + 1) throw new Error(`event ${position + 1} has id ${event.eventId}`);
  });
  return found;
}

/** The history of the handle's run as event type names, e.g. `WORKFLOW_EXECUTION_STARTED`. */
export async function eventNames(handle: WorkflowHandle): Promise<string[]> {
  return (await events(handle)).map((event) =>
    temporal.api.enums.v1.EventType[event.eventType!].replace('EVENT_TYPE_', ''),
  );
}

/** The attributes of all events of one kind, e.g. `timerStartedEventAttributes`, in order. */
export async function attributes<K extends keyof HistoryEvent>(handle: WorkflowHandle, kind: K) {
  return (await events(handle)).flatMap((event) => (event[kind] ? [event[kind]!] : []));
}
