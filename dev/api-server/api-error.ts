export interface ApiErrorExtra {
  readonly details?: Readonly<Record<string, unknown>>;
  /** Sent as the header Retry-After too. */
  readonly retryAfterSeconds?: number;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A refusal with the Status object that a real API server would answer. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
    message: string,
    readonly extra: ApiErrorExtra = {},
  ) {
    super(message);
    this.name = 'ApiError';
  }

  /** The body of the answer, or the object of an ERROR event. */
  toStatus(): Record<string, unknown> {
    const { details, retryAfterSeconds, metadata } = this.extra;
    const extended =
      retryAfterSeconds === undefined ? details : { ...details, retryAfterSeconds: retryAfterSeconds };
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: metadata ?? {},
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      ...(extended ? { details: extended } : {}),
      code: this.status,
    };
  }
}

/** How messages name a resource: `services`, `ciliumnodes.cilium.io`. */
export interface QualifiedResource {
  readonly group: string;
  readonly plural: string;
}

function qualified({ group, plural }: QualifiedResource): string {
  return group === '' ? plural : `${plural}.${group}`;
}

function details({ group, plural }: QualifiedResource, name: string): Record<string, unknown> {
  return { name, ...(group === '' ? {} : { group }), kind: plural };
}

export function notFound(resource: QualifiedResource, name: string): ApiError {
  const message = `${qualified(resource)} "${name}" not found`;
  return new ApiError(404, 'NotFound', message, { details: details(resource, name) });
}

export function alreadyExists(resource: QualifiedResource, name: string): ApiError {
  const message = `${qualified(resource)} "${name}" already exists`;
  return new ApiError(409, 'AlreadyExists', message, { details: details(resource, name) });
}

export function conflict(resource: QualifiedResource, name: string, why: string): ApiError {
  const message = `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`;
  return new ApiError(409, 'Conflict', message, { details: details(resource, name) });
}

export function invalid(resource: QualifiedResource, name: string, why: string): ApiError {
  const message = `${qualified(resource)} "${name}" is invalid: ${why}`;
  return new ApiError(422, 'Invalid', message, { details: details(resource, name) });
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, 'BadRequest', message);
}

export function expired(message: string, metadata?: Readonly<Record<string, unknown>>): ApiError {
  return new ApiError(410, 'Expired', message, metadata ? { metadata } : {});
}

export function methodNotAllowed(): ApiError {
  return new ApiError(
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
  );
}
