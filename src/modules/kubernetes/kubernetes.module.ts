import { type DynamicModule, Global, Module, type Provider } from '@nestjs/common';
import type { BuildInfo } from '../../common/build-info.js';
import { CLOCK, type Clock } from '../../common/clock.js';
import { LOG, type Log } from '../../common/log.js';
import { TokenBucket } from '../../common/token-bucket.js';
import { CLUSTERMESH_OPTIONS, type ClustermeshOptions } from '../config/clustermesh-options.js';
import { ControllerMetrics } from '../metrics/controller-metrics.js';
import { KUBE_API } from './kube-api.js';
import { type KubeEnvironment, loadKubeCredentials } from './kube-credentials.js';
import { KubeTransport } from './kube-transport.js';
import { KubernetesConnection } from './kubernetes-connection.js';

export interface KubernetesModuleOptions {
  /** Where a pod finds its API server; `process.env` of whoever may read it. */
  readonly environment: KubeEnvironment;
  readonly build: Pick<BuildInfo, 'version'>;
}

/** client-go's limits where the options say 0: requests a second, and at once. */
const defaultQps = 5;
const defaultBurst = 10;

/** Makes KUBE_API and KubernetesConnection injectable everywhere. Creating it reads credentials and connects to nothing. */
@Global()
@Module({})
export class KubernetesModule {
  static register(options: KubernetesModuleOptions): DynamicModule {
    return {
      module: KubernetesModule,
      providers: [
        transportProvider(options),
        connectionProvider,
        { provide: KUBE_API, useExisting: KubeTransport },
      ],
      exports: [KUBE_API, KubernetesConnection],
    };
  }
}

function transportProvider({ environment, build }: KubernetesModuleOptions): Provider {
  return {
    provide: KubeTransport,
    inject: [CLUSTERMESH_OPTIONS, CLOCK],
    useFactory: async ({ kubernetes: settings }: ClustermeshOptions, clock: Clock) => {
      const rate = settings.clientQps > 0 ? settings.clientQps : defaultQps;
      const burst = settings.clientBurst > 0 ? settings.clientBurst : defaultBurst;
      return new KubeTransport({
        credentials: await loadKubeCredentials(settings, environment),
        clock,
        limit: new TokenBucket({ rate, burst, clock }),
        userAgent: `clustermesh-apiserver/${build.version}`,
        connectionTimeoutMs: settings.connectionTimeoutMs,
        connectionKeepAliveMs: settings.connectionKeepAliveMs,
      });
    },
  };
}

const connectionProvider: Provider = {
  provide: KubernetesConnection,
  inject: [KubeTransport, CLUSTERMESH_OPTIONS, CLOCK, LOG, ControllerMetrics],
  useFactory: (
    transport: KubeTransport,
    { kubernetes: settings }: ClustermeshOptions,
    clock: Clock,
    log: Log,
    controllers: ControllerMetrics,
  ) =>
    new KubernetesConnection({
      transport,
      settings,
      clock,
      log,
      random: Math.random,
      onBeat: (failed) => controllers.run('k8s-heartbeat', failed ? 'failure' : 'success'),
    }),
};
