// Batch operations: one thing that is done to many runs.
import { IDENTITY } from '../api/temporal';
import type { Payload, StartBatchOperationRequest } from '../api/messages';
import { words } from './words';

export type Operation = 'cancel' | 'terminate' | 'signal' | 'reset' | 'delete';

export interface Chosen {
  workflowId: string;
  runId: string;
}

/** Runs by name, or all that a filter lets through. */
export type Target = { kind: 'some'; runs: Chosen[] } | { kind: 'all'; query: string; count: number | undefined };

export interface Wish {
  operation: Operation;
  target: Target;
  reason: string;
  /** Of a signal. */
  signal: string;
  input: Payload[];
  /** Of a reset: to the first or to the last workflow task. */
  point: 'first' | 'last';
  /** Operations per second; undefined leaves it to the server. */
  rate: number | undefined;
}

/** Empty messages, which the types do not have. */
const POINTS: Record<Wish['point'], object> = { first: { firstWorkflowTask: {} }, last: { lastWorkflowTask: {} } };

/** A filter that lets every run through: an operation without one is refused. */
const EVERYTHING = "StartTime > '1970-01-01T00:00:00Z'";

export function requestOf({ operation, target, reason, signal, input, point, rate }: Wish): StartBatchOperationRequest {
  const identity = IDENTITY;
  return {
    reason,
    ...(target.kind === 'some' ? { executions: target.runs } : { visibilityQuery: target.query.trim() || EVERYTHING }),
    ...(rate === undefined ? {} : { maxOperationsPerSecond: rate }),
    ...(operation === 'cancel' && { cancellationOperation: { identity } }),
    ...(operation === 'terminate' && { terminationOperation: { identity } }),
    ...(operation === 'signal' && { signalOperation: { identity, signal, input: { payloads: input } } }),
    ...(operation === 'delete' && { deletionOperation: { identity } }),
    ...(operation === 'reset' && { resetOperation: { identity, options: POINTS[point] } }),
  };
}

/** `BATCH_OPERATION_TYPE_TERMINATE_WORKFLOW` → `Terminate`. */
export const operationWords = (type: string | undefined): string => words(type, 'BATCH_OPERATION_TYPE_').replace(/ (workflow|execution)$/, '');

/** How far it is: a share between 0 and 1, and undefined where no one knows of how many. */
export function shareOf(total: string | undefined, complete: string | undefined, failed: string | undefined): number | undefined {
  const all = Number(total ?? 0);
  if (all === 0) return undefined;
  return Math.min(1, (Number(complete ?? 0) + Number(failed ?? 0)) / all);
}
