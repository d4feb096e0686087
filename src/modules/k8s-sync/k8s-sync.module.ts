import { Module } from '@nestjs/common';
import { ClusterConfigService } from './cluster-config.service.js';
import { K8sSyncService } from './k8s-sync.service.js';

@Module({
  providers: [K8sSyncService, ClusterConfigService],
  exports: [K8sSyncService, ClusterConfigService],
})
export class K8sSyncModule {}
