import { DEFAULT_RULES } from '../../../lambdas/contract/registry';
import type { ServiceDefinition } from '../../../lib/service-definition';

const watcher: ServiceDefinition = {
  methods: [],
  namespaces: { watcher: { ...DEFAULT_RULES, historySize: 10 } },
  observes: ['poll.tell'],
};

export default watcher;
