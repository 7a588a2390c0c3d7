// Temporal's filter language, as far as the pages change filters and help to type them. The server is who judges a filter.

export interface Token {
  kind: 'word' | 'text' | 'operator' | 'number' | 'bracket' | 'comma' | 'other';
  text: string;
  start: number;
  end: number;
}

const TOKEN = /\s*(?:('(?:[^'\\]|\\.|'')*'?|"(?:[^"\\]|\\.|"")*"?)|(`[^`]*`?|[A-Za-z_][\w.-]*)|(\d[\w.:+-]*)|(!=|<=|>=|=|<|>)|([()])|(,)|(\S))/y;

export function tokens(filter: string): Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(filter); match; match = TOKEN.exec(filter)) {
    const kinds: Token['kind'][] = ['text', 'word', 'number', 'operator', 'bracket', 'comma', 'other'];
    const index = match.slice(1).findIndex((group) => group !== undefined);
    const text = match[index + 1]!;
    const end = match.index + match[0].length;
    found.push({ kind: kinds[index]!, text, start: end - text.length, end });
  }
  return found;
}

const isWord = (token: Token | undefined, word: string) => token?.kind === 'word' && token.text.toLowerCase() === word;

/** The parts of a filter that AND joins at the top, as text. */
export function conditions(filter: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  let between = false;
  for (const token of tokens(filter)) {
    if (token.text === '(') depth += 1;
    else if (token.text === ')') depth -= 1;
    else if (isWord(token, 'between')) between = true;
    else if (isWord(token, 'or') && depth === 0) return filter.trim() === '' ? [] : [filter.trim()];
    else if (isWord(token, 'and') && between) between = false;
    else if (isWord(token, 'and') && depth === 0) {
      parts.push(filter.slice(from, token.start).trim());
      from = token.end;
    }
  }
  parts.push(filter.slice(from).trim());
  return parts.filter((part) => part !== '');
}

const joined = (parts: string[]) => {
  const bracketed = parts.length > 1 ? parts.map((part) => (hasOr(part) ? `(${part})` : part)) : parts;
  return bracketed.join(' AND ');
};

function hasOr(part: string): boolean {
  let depth = 0;
  for (const token of tokens(part)) {
    if (token.text === '(') depth += 1;
    else if (token.text === ')') depth -= 1;
    else if (depth === 0 && isWord(token, 'or')) return true;
  }
  return false;
}

export const quoted = (value: string): string => `'${value.replace(/\\/g, '\\\\').replace(/'/g, "\\'")}'`;

/** The value of a condition `name = 'value'` at the top of the filter. */
export function equalTo(filter: string, name: string): string | undefined {
  for (const part of conditions(filter)) {
    const [first, operator, value, more] = tokens(part);
    if (isWord(first, name.toLowerCase()) && operator?.text === '=' && value?.kind === 'text' && !more)
      return value.text.slice(1, -1).replace(/\\(.)/g, '$1');
  }
  return undefined;
}

/** The same filter with `name = 'value'`, or without any such condition. */
export function withEqual(filter: string, name: string, value: string | undefined): string {
  const rest = conditions(filter).filter((part) => {
    const [first, operator] = tokens(part);
    return !(isWord(first, name.toLowerCase()) && operator?.text === '=' && tokens(part).length === 3);
  });
  return joined(value === undefined ? rest : [...rest, `${name} = ${quoted(value)}`]);
}

export interface Suggestion {
  /** What is shown and inserted. */
  text: string;
  /** What kind of thing it is. */
  hint: string;
}

export interface Suggestions {
  /** Which part of the filter an accepted suggestion takes the place of. */
  start: number;
  end: number;
  list: Suggestion[];
}

export const STATUSES = ['Running', 'Completed', 'Failed', 'Canceled', 'Terminated', 'ContinuedAsNew', 'TimedOut', 'Paused'] as const;

/** The system's search attributes that people filter by, with their types. */
export const SYSTEM_ATTRIBUTES: Record<string, string> = {
  WorkflowId: 'Keyword',
  WorkflowType: 'Keyword',
  ExecutionStatus: 'Keyword',
  StartTime: 'Datetime',
  CloseTime: 'Datetime',
  ExecutionTime: 'Datetime',
  ExecutionDuration: 'Duration',
  RunId: 'Keyword',
  TaskQueue: 'Keyword',
  HistoryLength: 'Int',
  HistorySizeBytes: 'Int',
  StateTransitionCount: 'Int',
  ParentWorkflowId: 'Keyword',
  ParentRunId: 'Keyword',
  RootWorkflowId: 'Keyword',
  TemporalScheduledById: 'Keyword',
  TemporalScheduledStartTime: 'Datetime',
  TemporalSchedulePaused: 'Bool',
};

const OPERATORS: Record<string, [string, string][]> = {
  Keyword: [['=', 'is'], ['!=', 'is not'], ['STARTS_WITH', 'begins with'], ['IN (', 'one of'], ['IS NULL', 'is not set'], ['IS NOT NULL', 'is set']],
  Text: [['=', 'has the word'], ['!=', 'has not the word'], ['IS NULL', 'is not set'], ['IS NOT NULL', 'is set']],
  Bool: [['=', 'is'], ['IS NULL', 'is not set']],
};
const COMPARED: [string, string][] = [
  ['=', 'is'], ['!=', 'is not'], ['>', 'more, later'], ['<', 'less, earlier'], ['>=', 'at least'], ['<=', 'at most'], ['BETWEEN', 'from … to'],
  ['IS NULL', 'is not set'],
];

/** What could come at the cursor. `attributes`: names with their types. */
export function suggest(filter: string, cursor: number, attributes: Record<string, string>, now: Date): Suggestions {
  const before = tokens(filter.slice(0, cursor));
  const last = before.at(-1);
  const typing = last && last.end === cursor && (last.kind === 'word' || last.kind === 'text') ? last : undefined;
  const done = typing ? before.slice(0, -1) : before;
  const start = typing?.start ?? cursor;
  const typed = typing?.text ?? '';
  const offer = (list: Suggestion[]): Suggestions => {
    const wanted = typed.replace(/^['"`]/, '').toLowerCase();
    const fitting = list.filter(({ text }) => text.toLowerCase().replace(/^'/, '').includes(wanted) && text !== typed);
    const first = (text: string) => (text.toLowerCase().replace(/^'/, '').startsWith(wanted) ? 0 : 1);
    return { start, end: cursor, list: fitting.sort((a, b) => first(a.text) - first(b.text)).slice(0, 12) };
  };
  const previous = done.at(-1);
  const typeOf = (token: Token | undefined) =>
    token?.kind === 'word' ? attributes[Object.keys(attributes).find((name) => name === token.text.replace(/`/g, '')) ?? ''] : undefined;
  const isStart = !previous || isWord(previous, 'and') || isWord(previous, 'or') || previous.text === '(';
  if (isStart && !(previous?.text === '(' && isWord(done.at(-2), 'in')))
    return offer(Object.entries(attributes).map(([text, hint]) => ({ text, hint })));
  const type = typeOf(previous);
  if (type) return offer((OPERATORS[type] ?? COMPARED).map(([text, hint]) => ({ text, hint })));
  const isValue = previous.kind === 'operator' || isWord(previous, 'starts_with') || isWord(previous, 'between') || previous.text === '(' || previous.kind === 'comma';
  if (isValue) {
    const attribute = [...done].reverse().find((token) => typeOf(token) !== undefined);
    if (attribute?.text === 'ExecutionStatus') return offer(STATUSES.map((status) => ({ text: quoted(status), hint: 'status' })));
    if (typeOf(attribute) === 'Bool') return offer(['true', 'false'].map((text) => ({ text, hint: 'Bool' })));
    if (typeOf(attribute) === 'Datetime') return offer(times(now));
    return offer([]);
  }
  if (previous.kind === 'text' || previous.kind === 'number' || previous.text === ')' || isWord(previous, 'null') || isWord(previous, 'true') || isWord(previous, 'false'))
    return offer(['AND', 'OR'].map((text) => ({ text, hint: 'and another condition' })));
  return offer([]);
}

function times(now: Date): Suggestion[] {
  const ago: [string, number][] = [['15 minutes ago', 15], ['an hour ago', 60], ['a day ago', 1440], ['a week ago', 10_080]];
  return ago.map(([hint, minutes]) => ({ text: quoted(new Date(now.getTime() - minutes * 60_000).toISOString().slice(0, 19) + 'Z'), hint }));
}

/** Whether a text has an operator: nothing else tells filters from ids. */
const isFilter = (text: string): boolean => tokens(text).some((token, index) => index > 0 && (token.kind === 'operator' || /^(in|between|is|starts_with)$/i.test(token.text)));

/** What was typed in the search box: a filter, or else the id or the type of a workflow. */
export function toFilter(typed: string): string {
  const text = typed.trim();
  if (text === '' || isFilter(text)) return text;
  return `WorkflowId STARTS_WITH ${quoted(text)} OR WorkflowType = ${quoted(text)} OR RunId = ${quoted(text)}`;
}

/** What workers are filtered by, with its types. */
export const WORKER_ATTRIBUTES: Record<string, string> = {
  WorkerIdentity: 'Keyword',
  TaskQueue: 'Keyword',
  Status: 'Keyword',
  HostName: 'Keyword',
  DeploymentName: 'Keyword',
  BuildId: 'Keyword',
  SdkName: 'Keyword',
  SdkVersion: 'Keyword',
  StartTime: 'Datetime',
  HeartbeatTime: 'Datetime',
  WorkerInstanceKey: 'Keyword',
};

/** As `toFilter`, of workers. */
export function toWorkerFilter(typed: string): string {
  const text = typed.trim();
  if (text === '' || isFilter(text)) return text;
  return `WorkerIdentity STARTS_WITH ${quoted(text)} OR HostName STARTS_WITH ${quoted(text)} OR TaskQueue = ${quoted(text)}`;
}
