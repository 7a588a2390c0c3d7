/** All activities of the suite. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure, Context, heartbeat } from '@temporalio/activity';

export async function composeGreeting(name: string): Promise<string> {
  return `Hello, ${name}!`;
}

/** Fails until attempt `wanted`, which returns its own number. */
export async function succeedOnAttempt(wanted: number): Promise<number> {
  const { attempt } = Context.current().info;
  if (attempt < wanted) throw ApplicationFailure.create({ message: `attempt ${attempt} is too early`, type: 'TooEarly' });
  return attempt;
}

export async function failWithType(type: string): Promise<void> {
  throw ApplicationFailure.create({ message: 'on purpose', type, details: [{ why: 'test' }] });
}

/** Three steps in attempt 1, then it goes silent; attempt 2 reports what it was handed. */
export async function climb(): Promise<{ attempt: number; resumedFrom: unknown }> {
  const { attempt, heartbeatDetails } = Context.current().info;
  if (attempt > 1) return { attempt, resumedFrom: heartbeatDetails };
  for (const step of [1, 2, 3]) {
    heartbeat(['step', step]);
    await sleep(100);
  }
  return Context.current().cancelled;
}

/** Heartbeats until it is cancelled. */
export async function runUntilCancelled(): Promise<void> {
  for (;;) {
    heartbeat('alive');
    await Context.current().sleep(50);
  }
}

export async function cleanUp(): Promise<string> {
  return 'cleaned up';
}

export async function square(number: number): Promise<number> {
  return number * number;
}

/** The step with the process that did it. */
export async function note(step: string): Promise<string> {
  return `${step} by ${process.pid}`;
}
