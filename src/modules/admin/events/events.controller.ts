import { Controller, Get, Header, Headers, Query, Res, ServiceUnavailableException } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { JSON_TYPE, send } from '../../http/send.js';
import { EventLog } from './event-log.js';
import { EventStreams } from './event-streams.js';

/** `GET /events`: a stream for who accepts `text/event-stream`, else the ring as JSON. */
@Controller('events')
export class EventsController {
  constructor(
    private readonly events: EventLog,
    private readonly streams: EventStreams,
  ) {}

  /**
   * `after` (or the header Last-Event-ID, which wins): only later events. `status`: the stream carries the status, too.
   * 503 when too many listen.
   */
  @Get()
  @Header('Vary', 'Accept')
  list(
    @Headers('accept') accept: string | undefined,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Query() { after = '', status }: { after?: string; status?: string },
    @Res() response: ServerResponse,
  ): void {
    const from = lastEventId ?? after;
    if (!/\btext\/event-stream\b/i.test(accept ?? '')) {
      response.setHeader('Cache-Control', 'no-store');
      send(response, 200, JSON_TYPE, JSON.stringify(this.events.ring.after(from)));
      return;
    }
    if (!this.streams.open(response, { after: from, status: status !== undefined && status !== 'false' }))
      throw new ServiceUnavailableException('Too many listen to the events already; end one and try again.');
  }
}
