// Writes src/api/messages.ts: Temporal's messages that the pages use, as types of proto3 JSON.
//
//   npm run types -- http://127.0.0.1:8233/openapi.json
//
// The argument is an OpenAPI 3 document: a file, or the address of a running klamm. Every message that is named in ROOTS is written, and
// every message that one of them refers to.
import { readFile, writeFile } from 'node:fs/promises';

const ROOTS = [
  'ListWorkflowExecutionsResponse', 'CountWorkflowExecutionsResponse', 'DescribeWorkflowExecutionResponse',
  'GetWorkflowExecutionHistoryResponse', 'QueryWorkflowResponse', 'StartWorkflowExecutionResponse', 'ResetWorkflowExecutionResponse',
  'ListSchedulesResponse', 'DescribeScheduleResponse', 'ListScheduleMatchingTimesResponse', 'CreateScheduleRequest',
  'PatchScheduleRequest', 'UpdateScheduleRequest', 'DescribeTaskQueueResponse', 'ListNamespacesResponse', 'DescribeNamespaceResponse',
  'RegisterNamespaceRequest', 'UpdateNamespaceRequest', 'ListSearchAttributesResponse',
  'GetSystemInfoResponse', 'GetClusterInfoResponse', 'StartWorkflowExecutionRequest', 'SignalWorkflowExecutionRequest',
  'RequestCancelWorkflowExecutionRequest', 'TerminateWorkflowExecutionRequest', 'ResetWorkflowExecutionRequest',
  'StartBatchOperationRequest', 'DescribeBatchOperationResponse', 'ListBatchOperationsResponse', 'ListWorkersResponse',
  'CountWorkersResponse', 'DescribeWorkerResponse', 'UpdateActivityExecutionOptionsResponse', 'UpdateWorkflowExecutionResponse',
];

const source = process.argv[2];
if (!source) throw new Error('which document? a file or an address');
const text = source.startsWith('http') ? await (await fetch(source)).text() : await readFile(source, 'utf8');
const { schemas } = JSON.parse(text).components;

const wanted = new Set();
const nameOf = (reference) => reference.slice(reference.lastIndexOf('/') + 1);
const refersTo = (schema) =>
  typeof schema !== 'object' || schema === null
    ? []
    : Object.entries(schema).flatMap(([key, value]) => (key === '$ref' ? [nameOf(value)] : refersTo(value)));
const visit = (name) => {
  if (wanted.has(name)) return;
  if (!schemas[name]) throw new Error(`${source} has no ${name}`);
  wanted.add(name);
  for (const other of refersTo(schemas[name])) visit(other);
};
ROOTS.forEach(visit);

function type(schema) {
  if (schema.$ref) return nameOf(schema.$ref);
  if (schema.allOf?.length === 1) return type(schema.allOf[0]);
  if (schema.enum) return schema.enum.map((value) => `'${value}'`).join(' | ');
  if (schema.type === 'array') return `${wrap(type(schema.items))}[]`;
  if (schema.type === 'string') return 'string';
  if (schema.type === 'boolean') return 'boolean';
  if (schema.type === 'integer' || schema.type === 'number') return 'number';
  if (schema.type === 'object' && schema.additionalProperties)
    return schema.additionalProperties === true ? 'Record<string, unknown>' : `Record<string, ${type(schema.additionalProperties)}>`;
  if (schema.type === 'object' && schema.properties)
    return `{ ${Object.entries(schema.properties).map(([name, field]) => `${key(name)}?: ${type(field)}`).join('; ')} }`;
  return 'unknown';
}
const wrap = (text) => (text.includes('|') ? `(${text})` : text);
const key = (name) => (/^[A-Za-z_]\w*$/.test(name) ? name : `'${name}'`);

const messages = [...wanted].sort().map((name) => {
  const schema = schemas[name];
  // Payload's JSON is `{metadata, data}` where the shorthand is off, as it is in all requests of the pages.
  if (name === 'Payload') return 'export type Payload = { metadata?: Record<string, string>; data?: string };';
  if (!schema.properties) return `export type ${name} = ${type(schema)};`;
  const fields = Object.entries(schema.properties).map(([field, of]) => `  ${key(field)}?: ${type(of)};`);
  return `export interface ${name} {\n${fields.join('\n')}\n}`;
});
await writeFile('src/api/messages.ts', `// Made by scripts/types.mjs. Do not edit.\n\n${messages.join('\n\n')}\n`);
