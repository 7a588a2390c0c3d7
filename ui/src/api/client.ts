// Calls over HTTP: JSON in and out, and errors as people read them.

/** What klamm answered instead of what was asked for. `status` is 0 where nothing answered. */
export class ApiError extends Error {
  readonly status: number;
  /** The gRPC code. */
  readonly code: number;

  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }

  get isNotFound(): boolean {
    return this.status === 404 || this.code === 5;
  }

  get isUnimplemented(): boolean {
    return this.status === 501 || this.code === 12;
  }

  get isUnreachable(): boolean {
    return this.status === 0 || this.status === 502;
  }
}

type QueryValue = string | number | boolean | undefined;

export interface CallOptions {
  query?: Record<string, QueryValue>;
  body?: unknown;
  method?: 'GET' | 'POST' | 'DELETE';
  signal?: AbortSignal | undefined;
}

/** Payloads as `{metadata, data}`: the shorthand would hide their encodings. */
const JSON_TYPE = 'application/json+no-payload-shorthand';

export function address(path: string, query: Record<string, QueryValue> = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text ? `${path}?${text}` : path;
}

/** One call. Rejects with `ApiError`. */
export async function call<T>(path: string, options: CallOptions = {}): Promise<T> {
  const { body, signal } = options;
  const method = options.method ?? (body === undefined ? 'GET' : 'POST');
  let response: Response;
  try {
    response = await fetch(address(path, options.query), {
      method,
      headers: { accept: JSON_TYPE, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, 14, 'klamm does not answer.');
  }
  const text = await response.text();
  let answer: unknown;
  try {
    answer = text === '' ? {} : JSON.parse(text);
  } catch {
    throw new ApiError(response.status, 13, response.ok ? 'The answer is not JSON.' : text.trim() || response.statusText);
  }
  if (!response.ok) throw refusal(response.status, answer);
  return answer as T;
}

/** An error as Temporal's HTTP API writes it. */
export function refusal(status: number, answer: unknown): ApiError {
  const { code, message } = (typeof answer === 'object' && answer !== null ? answer : {}) as { code?: number; message?: string };
  return new ApiError(status, code ?? 2, message || `HTTP status ${status}`);
}

/** A path whose `{}` are filled in, each as one segment. */
export function path(template: string, ...parts: string[]): string {
  let next = 0;
  return template.replace(/\{\}/g, () => encodeURIComponent(parts[next++] ?? ''));
}
