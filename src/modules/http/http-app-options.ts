/**
 * For NestFactory.create(). Nest must not parse bodies: JsonBodyMiddleware does, with errors that say where, and nobody else
 * takes a body.
 */
export const HTTP_APP_OPTIONS = { bodyParser: false } as const;
