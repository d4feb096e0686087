import { acceptedSchema, diffSchema, jobSchema, jobsSchema, resyncBodySchema } from './repair-schemas.js';
import { list, number, oneOf, type Schema, text } from './schema.js';
import { eventsSchema, statusSchema } from './status-schemas.js';

interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path' | 'header';
  readonly required?: true;
  readonly schema: Schema;
}

interface Operation {
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, object>>;
}

const json = (schema: Schema): object => ({ 'application/json': { schema } });
const answer = (description: string, schema: Schema): object => ({ description, content: json(schema) });
const query = (name: string, schema: Schema): Parameter => ({ name, in: 'query', schema });

const failure: Schema = {
  type: 'object',
  description: 'Why it was refused; more fields name what is wrong with a request',
  properties: { statusCode: number('HTTP status'), error: text("The status' name"), message: text() },
  required: ['statusCode', 'error', 'message'],
};
const failures = (codes: Readonly<Record<string, string>>): Record<string, object> =>
  Object.fromEntries(
    Object.entries({ 403: 'A foreign host or origin', ...codes }).map(([code, why]) => [
      code,
      answer(why, failure),
    ]),
  );

const paths: Readonly<Record<string, Readonly<Record<string, Operation>>>> = {
  '/status': {
    get: {
      summary: 'State of every stage and scope',
      responses: { 200: answer('The state', statusSchema), ...failures({}) },
    },
  },
  '/events': {
    get: {
      summary: 'What happened; a stream for who accepts text/event-stream',
      parameters: [
        query('after', text('Only events after the one of this id')),
        { name: 'Last-Event-ID', in: 'header', schema: text('The same, and wins') },
        query('status', oneOf(['true', 'false'], 'The stream has messages `status`, too')),
      ],
      responses: {
        200: {
          description: 'Events, oldest first',
          content: {
            ...json(eventsSchema),
            'text/event-stream': { schema: text('One event as JSON a message; `missed`: {"missed": N}') },
          },
        },
        ...failures({ 503: 'Too many streams' }),
      },
    },
  },
  '/diff': {
    get: {
      summary: 'What etcd holds beside what is wanted, now',
      parameters: [
        query('scope', list(text(), 'Only these; may be repeated')),
        query('cluster', text('Only the copies of this remote cluster')),
        query('limit', number('How many keys to name; default 100, at most 10,000')),
      ],
      responses: {
        200: answer('The differences', diffSchema),
        ...failures({ 400: 'A bad query', 429: 'Too many comparisons wait', 503: 'etcd does not answer' }),
      },
    },
  },
};

const resyncPaths: typeof paths = {
  '/resync': {
    get: { summary: 'The last resyncs', responses: { 200: answer('Jobs', jobsSchema), ...failures({}) } },
    post: {
      summary: 'List Kubernetes afresh, compare with etcd and repair',
      requestBody: { content: json(resyncBodySchema) },
      responses: {
        202: answer('Queued; Location leads to the job', acceptedSchema),
        ...failures({
          400: 'A bad body',
          413: 'A body over 16 KiB',
          415: 'A body that is not declared as JSON',
          429: 'Too many are queued',
        }),
      },
    },
  },
  '/resync/{id}': {
    get: {
      summary: 'One resync with its report',
      parameters: [{ name: 'id', in: 'path', required: true, schema: text('Of the job') }],
      responses: { 200: answer('The job', jobSchema), ...failures({ 404: 'No such job' }) },
    },
  },
};

/**
 * The admin API in OpenAPI 3.0. Written by hand over the types of the answers, which TypeScript holds it to: @nestjs/swagger takes
 * 0.4 s to load and would need every type a second time, as a class.
 * @param resync whether POST /resync is served
 */
export function openapiDocument(version: string, resync: boolean): object {
  return {
    openapi: '3.0.3',
    info: { title: 'Admin API of clustermesh-apiserver', version },
    paths: { ...paths, ...(resync ? resyncPaths : {}) },
  };
}
