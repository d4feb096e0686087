import type { IncomingMessage } from 'node:http';

export type ListenerName = 'health' | 'metrics' | 'admin' | 'api';

/** Why a request is not let in. */
export interface Refusal {
  readonly status: number;
  readonly error: string;
  readonly message: string;
}

/** One address that the program serves, and which part of the one express app can be reached through it. */
export interface ListenerSpec {
  readonly name: ListenerName;
  /** '' = all interfaces. */
  readonly host: string;
  /** 0 = the system chooses. */
  readonly port: number;
  /** A path that is not served is `404 page not found`, as of the original's servers. */
  readonly serves: (path: string) => boolean;
  /** JSON answer to what is not served, instead of that text. */
  readonly notFound?: (path: string) => string;
  /** Looks at the headers before anything else does; undefined lets the request in. */
  readonly refuse?: (request: IncomingMessage) => Refusal | undefined;
  /** Sent with every answer. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Message of the fatal line when the address cannot be had. */
  readonly failure: string;
  readonly subsys: string;
  /** Logged when the listener is open. */
  readonly opened: string;
}
