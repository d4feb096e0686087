import type { LogFields } from '../../common/log.js';

/** Something that is not ours to change stands in the way of a registration. */
export class Refused extends Error {
  constructor(
    message: string,
    readonly fields: LogFields,
  ) {
    super(message);
    this.name = 'Refused';
  }
}
