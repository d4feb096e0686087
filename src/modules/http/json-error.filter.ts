import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Inject } from '@nestjs/common';
import { type ServerResponse, STATUS_CODES } from 'node:http';
import { type Log, LOG } from '../../common/log.js';
import { JSON_TYPE, send } from './send.js';

/** Every failed request is answered by JSON `{statusCode, error, message, …}`. A bug is logged and told as such, without a stack. */
@Catch()
export class JsonErrorFilter implements ExceptionFilter {
  constructor(@Inject(LOG) private readonly log: Log) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<ServerResponse>();
    const { statusCode, ...rest } = this.describe(exception);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const error = STATUS_CODES[statusCode] ?? 'Error';
    send(response, statusCode, JSON_TYPE, JSON.stringify({ statusCode, error, ...rest }));
  }

  private describe(exception: unknown): { statusCode: number; message: string } {
    if (exception instanceof HttpException) {
      const body = exception.getResponse();
      const extra = typeof body === 'object' ? body : {};
      return { ...extra, statusCode: exception.getStatus(), message: exception.message };
    }
    this.log.error('A request failed: this is a bug', { error: exception });
    return { statusCode: 500, message: 'This is a bug of the program; its log says more.' };
  }
}
