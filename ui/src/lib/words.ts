// Temporal's enum values in words.

/** `WORKFLOW_EXECUTION_STATUS_TIMED_OUT` with its prefix → `Timed out`. */
export function words(value: string | undefined, prefix = ''): string {
  const text = (value ?? '').replace(prefix, '').replace(/_/g, ' ').trim().toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `EVENT_TYPE_ACTIVITY_TASK_SCHEDULED` → `ActivityTaskScheduled`. */
export const eventName = (type: string | undefined): string =>
  (type ?? '')
    .replace('EVENT_TYPE_', '')
    .toLowerCase()
    .replace(/(^|_)([a-z0-9])/g, (_, __, letter: string) => letter.toUpperCase());

/** `scheduleToCloseTimeout` → `Schedule to close timeout`. */
export function fieldName(name: string): string {
  const text = name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export const plural = (count: number, one: string, many = `${one}s`): string => `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
