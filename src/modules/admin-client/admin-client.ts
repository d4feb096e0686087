/** The admin API could not be asked, or refused; its message says all that a user needs. */
export class AdminClientError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AdminClientError';
  }
}

const answerMs = 60_000;

/** Asks the admin API of a running server. Every method rejects with AdminClientError. */
export class AdminClient {
  /** @param address host:port */
  constructor(private readonly address: string) {}

  /** The JSON answer, as the server's types describe it. */
  async get<Answer>(path: string): Promise<Answer> {
    return (await this.ask(path, {})) as Answer;
  }

  async post<Answer>(path: string, body: unknown): Promise<Answer> {
    const headers = { 'content-type': 'application/json' };
    return (await this.ask(path, { method: 'POST', headers, body: JSON.stringify(body) })) as Answer;
  }

  /** The data of each message of a stream of server-sent events, but of those that have a name of their own. */
  async *stream(path: string, signal?: AbortSignal): AsyncGenerator<string> {
    const headers = { accept: 'text/event-stream' };
    const { body } = await this.fetch(path, { headers, ...(signal ? { signal } : {}) });
    if (!body) return;
    let text = '';
    try {
      for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
        const messages = (text + chunk).split('\n\n');
        text = messages.pop() ?? '';
        for (const message of messages) yield* dataOf(message);
      }
    } catch (error) {
      if (signal?.aborted) return;
      throw this.unreachable(error);
    }
  }

  private async ask(path: string, request: RequestInit): Promise<unknown> {
    const response = await this.fetch(path, { ...request, signal: AbortSignal.timeout(answerMs) });
    try {
      return await response.json();
    } catch (error) {
      throw new AdminClientError(`what answers on ${this.address} is no admin API: ${String(error)}`, {
        cause: error,
      });
    }
  }

  private async fetch(path: string, request: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(`http://${this.address}${path}`, request);
    } catch (error) {
      throw this.unreachable(error);
    }
    if (response.ok) return response;
    throw new AdminClientError(`${this.address} answers ${response.status}: ${await messageOf(response)}`);
  }

  private unreachable(error: unknown): AdminClientError {
    const { message, cause } = error as Error;
    const why = cause instanceof Error ? cause.message : message;
    return new AdminClientError(
      `the admin API does not answer on ${this.address}: ${why}. Does the server run there, with --admin-serve-addr?`,
      { cause: error },
    );
  }
}

async function messageOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return typeof message === 'string' ? message : text;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return text.trim();
  }
}

function dataOf(message: string): string[] {
  const lines = message.split('\n');
  if (lines.some((line) => line.startsWith('event:'))) return [];
  const data = lines
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice('data:'.length).trim());
  return data.length === 0 ? [] : [data.join('\n')];
}
