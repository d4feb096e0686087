import { type DynamicModule, Global, Module } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { BuildInfo } from '../../common/build-info.js';
import { CLOCK, type Clock } from '../../common/clock.js';
import { LOG, type Log } from '../../common/log.js';
import { WRITE_FENCE } from '../../common/write-fence.js';
import type { LeaderElectionOptions } from '../config/leader-election-options.js';
import { directTransport } from '../kubernetes/direct-transport.js';
import { LeaderElection } from './leader-election.js';
import { Leadership } from './leadership.js';

/** Only with --leader-election. It talks to Kubernetes by connections of its own, so that no list delays a renewal. */
@Global()
@Module({})
export class LeaderElectionModule {
  static register(options: LeaderElectionOptions, build: Pick<BuildInfo, 'version'>): DynamicModule {
    const { namespace, leaseName, apiServer } = options;
    return {
      module: LeaderElectionModule,
      providers: [
        {
          provide: Leadership,
          inject: [CLOCK, LOG],
          useFactory: async (clock: Clock, log: Log) => {
            const api = await directTransport(apiServer, build.version, clock);
            const election = new LeaderElection({
              api,
              namespace,
              leaseName,
              identity: `${hostname()}_${randomUUID()}`,
              clock,
              log: log.child('leader-election'),
              random: Math.random,
            });
            return new Leadership(election, () => api.closeAll());
          },
        },
        { provide: WRITE_FENCE, useExisting: Leadership },
      ],
      exports: [Leadership, WRITE_FENCE],
    };
  }
}
