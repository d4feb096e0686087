import { type Browser, chromium, type Page } from 'playwright-core';
import { DevApiServer } from '../../dev/api-server/dev-api-server.js';
import { ClusterGenerator, type ClusterShape, largeCluster } from '../../dev/cluster-generator.js';
import { eventually } from './eventually.js';
import { startEtcd, type TestEtcd } from './etcd.js';
import { type ServerOptions, type ServerProcess, startServer } from './server-process.js';

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** A sandbox needs rights that root in a container has not; the rest keeps the browser from talking to anybody but us. */
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const smallCluster: ClusterShape = {
  ...largeCluster,
  nodes: 3,
  identities: 20,
  endpoints: 30,
  services: 5,
};

/** The program as it ships over the development API server and a real etcd, looked at with a real browser. */
export class PageLab {
  readonly kube = new DevApiServer();
  private server: ServerProcess | undefined;
  /** What the browser complained about: errors of scripts, and what the content security policy forbade. */
  readonly complaints: string[] = [];

  private constructor(
    readonly browser: Browser,
    readonly etcd: TestEtcd,
  ) {}

  static async start(shape: ClusterShape = smallCluster): Promise<PageLab> {
    const [browser, etcd] = await Promise.all([chromium.launch({ executablePath, args }), startEtcd()]);
    const lab = new PageLab(browser, etcd);
    await lab.kube.listen();
    for (const object of new ClusterGenerator(shape).objects()) lab.kube.apply(object);
    return lab;
  }

  get program(): ServerProcess {
    if (!this.server) throw new Error('the program was not launched');
    return this.server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.program.adminPort}`;
  }

  /** The program, not ready yet but there to be asked; a second one replaces the first on other ports. */
  async launch(options: ServerOptions = {}): Promise<ServerProcess> {
    const kube = `--k8s-api-server=${this.kube.url}`;
    const flags = options.command === 'kvstoremesh' ? [] : [kube, '--enable-external-workloads=false'];
    this.server = await startServer({
      etcd: this.etcd.endpoint,
      ...options,
      args: [...flags, ...(options.args ?? [])],
    });
    await eventually(async () => (await fetch(this.url)).ok, {
      timeoutMs: 20_000,
      what: 'the admin listener',
    });
    return this.server;
  }

  async open(options: Parameters<Browser['newPage']>[0] = {}): Promise<Page> {
    const page = await this.browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (message) => {
      // A server that is gone is what some tests are about.
      if (
        message.type() === 'error' &&
        !/Failed to load resource|ERR_CONNECTION|ERR_INCOMPLETE/.test(message.text())
      )
        this.complaints.push(message.text());
    });
    await page.goto(this.url);
    return page;
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await this.server?.kill();
    await this.kube.close();
    await this.etcd.stop();
  }
}
