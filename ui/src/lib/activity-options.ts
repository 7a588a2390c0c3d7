// The options of an activity that goes on, as they are typed, and which of them were changed.
import type { ActivityOptions } from '../api/messages';
import { parseProtoDuration, parseTypedDuration, toProtoDuration, typedDuration } from './duration';

export interface OptionsForm {
  taskQueue: string;
  startToClose: string;
  scheduleToClose: string;
  scheduleToStart: string;
  heartbeat: string;
  firstInterval: string;
  backoff: string;
  longestInterval: string;
  attempts: string;
}

const typed = (proto: string | undefined) => typedDuration(parseProtoDuration(proto) ?? 0);

export function optionsForm(options: ActivityOptions = {}): OptionsForm {
  const retry = options.retryPolicy ?? {};
  return {
    taskQueue: options.taskQueue?.name ?? '',
    startToClose: typed(options.startToCloseTimeout),
    scheduleToClose: typed(options.scheduleToCloseTimeout),
    scheduleToStart: typed(options.scheduleToStartTimeout),
    heartbeat: typed(options.heartbeatTimeout),
    firstInterval: typed(retry.initialInterval),
    backoff: retry.backoffCoefficient ? String(retry.backoffCoefficient) : '',
    longestInterval: typed(retry.maximumInterval),
    attempts: retry.maximumAttempts ? String(retry.maximumAttempts) : '',
  };
}

/** The options that differ, and the mask that names them. Throws what is wrong with what was typed. */
export function changedOptions(before: OptionsForm, after: OptionsForm): { options: ActivityOptions; mask: string } {
  const options: ActivityOptions = {};
  const mask: string[] = [];
  const isChanged = (name: keyof OptionsForm) => before[name].trim() !== after[name].trim();
  const length = (name: keyof OptionsForm, what: string): string => {
    const text = after[name].trim();
    if (text === '') return '0s';
    const found = parseTypedDuration(text);
    if (found === undefined) throw new Error(`${what}: “${text}” is no duration. Write 90s, 1h30m or 2d.`);
    return toProtoDuration(found);
  };
  const number = (name: keyof OptionsForm, what: string, isRight: (value: number) => boolean): number => {
    const value = Number(after[name].trim() || 0);
    if (!isRight(value)) throw new Error(`${what}: “${after[name]}” does not fit.`);
    return value;
  };
  if (isChanged('taskQueue')) {
    options.taskQueue = { name: after.taskQueue.trim() };
    mask.push('taskQueue.name');
  }
  for (const [name, field, what] of TIMEOUTS) {
    if (!isChanged(name)) continue;
    options[field] = length(name, what);
    mask.push(field);
  }
  const retry: NonNullable<ActivityOptions['retryPolicy']> = {};
  if (isChanged('firstInterval')) {
    retry.initialInterval = length('firstInterval', 'First interval');
    mask.push('retryPolicy.initialInterval');
  }
  if (isChanged('backoff')) {
    retry.backoffCoefficient = number('backoff', 'Growth', (value) => value >= 1);
    mask.push('retryPolicy.backoffCoefficient');
  }
  if (isChanged('longestInterval')) {
    retry.maximumInterval = length('longestInterval', 'Longest interval');
    mask.push('retryPolicy.maximumInterval');
  }
  if (isChanged('attempts')) {
    retry.maximumAttempts = number('attempts', 'Attempts', (value) => Number.isInteger(value) && value >= 0);
    mask.push('retryPolicy.maximumAttempts');
  }
  if (Object.keys(retry).length > 0) options.retryPolicy = retry;
  return { options, mask: mask.join(',') };
}

const TIMEOUTS: [keyof OptionsForm, 'startToCloseTimeout' | 'scheduleToCloseTimeout' | 'scheduleToStartTimeout' | 'heartbeatTimeout', string][] = [
  ['startToClose', 'startToCloseTimeout', 'Longest attempt'],
  ['scheduleToClose', 'scheduleToCloseTimeout', 'Longest with all attempts'],
  ['scheduleToStart', 'scheduleToStartTimeout', 'Longest wait for a worker'],
  ['heartbeat', 'heartbeatTimeout', 'Longest between heartbeats'],
];
