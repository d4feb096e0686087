import { describe, expect, it } from 'vitest';
import { NestLogger } from '../../../src/modules/logging/nest-logger.js';
import { createLog } from '../../../src/modules/logging/process-log.js';

function setUp(debug: boolean): { sut: NestLogger; lines: string[] } {
  const lines: string[] = [];
  const log = createLog(
    { format: 'logfmt', debug },
    { write: (line) => void lines.push(line.slice(28, -1)) },
    () => 0,
  );
  return { sut: new NestLogger(log), lines };
}

describe('NestLogger', () => {
  it('keeps the lines about wiring quiet', () => {
    const { sut, lines } = setUp(false);

    sut.log('HealthModule dependencies initialized', 'InstanceLoader');

    expect(lines).toEqual([]);
  });

  it('shows them in debug, with the part of Nest that speaks', () => {
    const { sut, lines } = setUp(true);

    sut.log('Mapped {/readyz, GET} route', 'RouterExplorer');

    expect(lines).toEqual(['level=debug msg="Mapped {/readyz, GET} route" context=RouterExplorer']);
  });

  it('leaves a failed start to main, which says it once', () => {
    const { sut, lines } = setUp(false);

    sut.error(new Error('no etcd'), 'ExceptionHandler');

    expect(lines).toEqual([]);
  });

  it('passes warnings and errors on', () => {
    const { sut, lines } = setUp(false);

    sut.warn('careful', 'Scheduler');
    sut.error('broken', 'Error: broken\n    at x.js:1:1', 'Scheduler');
    sut.error(new Error('outer', { cause: new Error('inner') }));

    expect(lines).toEqual([
      'level=warning msg=careful context=Scheduler',
      'level=error msg=broken context=Scheduler stack="Error: broken\\n    at x.js:1:1"',
      'level=error msg=outer error="outer: inner"',
    ]);
  });
});
