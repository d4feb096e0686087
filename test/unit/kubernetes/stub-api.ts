import {
  type KubeApi,
  KubeError,
  type KubeRequestOptions,
} from '../../../src/modules/kubernetes/kube-api.js';

type Answer = KubeError | object | string | ((options: KubeRequestOptions) => Promise<unknown>);

/** Answers GETs from a table of paths; what is not in it is 404. */
export class StubApi implements Pick<KubeApi, 'request'> {
  readonly requests: string[] = [];
  readonly answers = new Map<string, Answer>();

  async request<T>(_method: string, path: string, options: KubeRequestOptions = {}): Promise<T> {
    this.requests.push(path);
    const answer = this.answers.get(path) ?? new KubeError('not found', 404, 'NotFound');
    if (answer instanceof KubeError) throw answer;
    return (typeof answer === 'function' ? await answer(options) : answer) as T;
  }
}
